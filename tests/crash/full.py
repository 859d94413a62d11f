"""Fills the disk under the blobs: clear answers, no half state, and recovery without a restart."""

import concurrent.futures
import json
import os
import time

from power import SmallDisk
from pushes import KIB, Book, content, push_blob, push_manifest, render_manifest, start_upload
from registry import Down, Registry, Unexpected, digest_of

MIB = 1024 * KIB
DISK_BYTES = 40 * MIB
REPOSITORY = "admin/full"
REFUSALS = (507, 503)


def judge(answer, faults):
    """Whether it was stored; any other answer than a proper refusal is a fault."""
    status, _, body = answer
    if status in (201, 202):
        return True
    if status not in REFUSALS:
        faults.append(f"answered {status} {body[:200]!r}")
        return False
    try:
        json.loads(body)["errors"][0]["code"]
    except (ValueError, LookupError):
        faults.append(f"{status} without an error in JSON: {body[:200]!r}")
    return False


class FullDisk:
    """One server whose blobs lie on a small disk."""

    def __init__(self, root, folder, verdicts, name, reserve_bytes):
        self.name, self.verdicts = name, verdicts
        base = folder / f"server-full-{name.replace(' ', '-')}"
        self.disk = SmallDisk(base, DISK_BYTES)
        settings = {"SLIPWAY__STORAGE__RESERVE": str(reserve_bytes)}
        self.registry = Registry(root, base, self.disk.blobs, settings)
        self.registry.must_start()
        self.client = self.registry.first_account()
        self.book = Book()
        self.layers = [content(f"{name} {index}", MIB) for index in range(16)]
        self.reserve_bytes = reserve_bytes

    def say(self, text, faults):
        self.verdicts.say(f"disk full, {self.name}: {text}", faults)

    def push_whole(self, layer, faults):
        upload = start_upload(self.client, REPOSITORY, layer)
        stored = judge(upload.finish(self.client, wanted=None), faults)
        if stored:
            self.note(layer)
        return stored

    def note(self, layer):
        digest = digest_of(layer)
        self.book.note(REPOSITORY, f"/v2/{REPOSITORY}/blobs/{digest}", digest)

    def run(self):
        push_blob(self.client, self.book, REPOSITORY, self.layers[0])
        half = start_upload(self.client, REPOSITORY, content(f"{self.name} half", 6 * MIB))
        half.patch(self.client, 64 * KIB)
        self.disk.fill(leave_bytes=self.reserve_bytes + 3 * MIB + 300 * KIB)
        faults = []
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            stored = list(pool.map(lambda layer: self.push_whole(layer, faults), self.layers[1:]))
        if all(stored):
            faults.append("the disk was never full")
        self.say(f"{stored.count(True)} of {len(stored)} pushes are stored, the others refused clearly", faults)
        self.say("a chunk is refused and its upload stays", self.refuse_chunk(half))
        self.say("reads and small pushes go on", self.look_while_full())
        self.say("the upload and the same pushes go on once there is room", self.go_on(half))
        self.registry.stop()

    def refuse_chunk(self, half):
        faults = []
        if judge(half.patch(self.client, 5 * MIB, wanted=None), faults):
            faults.append("5 MiB were stored on a full disk")
        status, headers, body = self.client.call("GET", half.location, repository=REPOSITORY)
        if status != 204:
            return [*faults, f"its status is {status} {body[:200]!r}"]
        half.sent_bytes = int(headers["Range"].split("-")[1]) + 1
        if half.sent_bytes < 64 * KIB:
            faults.append(f"it goes on at {half.sent_bytes}")
        return faults

    def look_while_full(self):
        faults = self.book.wrong(self.client)
        config = content(f"{self.name} config", 2 * KIB)
        try:
            push_blob(self.client, self.book, REPOSITORY, config, "single")
            push_manifest(self.client, self.book, REPOSITORY, render_manifest(config, self.layers[:1]), "while-full")
        except Unexpected as error:
            faults.append(str(error))
        return faults

    def go_on(self, half):
        self.disk.free()
        faults = []
        if self.reserve_bytes:
            # The free space is asked once a second.
            time.sleep(1.1)
        if not judge(half.finish(self.client, wanted=None), faults):
            faults.append("the upload cannot be finished")
        else:
            self.note(half.data)
        for layer in self.layers:
            if not self.push_whole(layer, faults):
                faults.append("a push is still refused")
        return faults + self.book.wrong(self.client) + self.registry.leftovers()


def run(root, folder, verdicts):
    if os.geteuid() != 0:
        verdicts.tell("skipped: a full disk needs root to mount a small one")
        return
    for name, reserve_bytes in [("no reserve", 0), ("4 MiB reserve", 4 * MIB)]:
        try:
            FullDisk(root, folder, verdicts, name, reserve_bytes).run()
        except (Down, Unexpected, OSError) as error:
            verdicts.say(f"disk full, {name}", [str(error)])
