"""Kills a server that leaves its bytes with the operating system, with and without a power cut.

A power cut may take confirmed blobs. It may not make the server answer other bytes than were pushed,
nor keep a blob from being pushed again. The kernel's boot id is a setting here: a new one stands for
the start after a power cut.
"""

import re
import threading
import time

from power import make_volume
from pushes import KIB, SAVE_SECONDS, Book, content, push_blob, push_manifest, render_manifest, start_upload
from registry import Down, Registry, Unexpected, digest_of

PUSHERS = 6
# The mark moves every five seconds; each round lasts longer, so that some blobs are covered.
ROUND_SECONDS = 7
REPOSITORIES = [f"admin/lazy{index}" for index in range(3)]
MARK_SECONDS = 12
# How each round ends: at a point or by a kill from outside, with or without a power cut.
ROUNDS = [(None, True), (None, False), ("mark.sync.before", True), ("mark.sync.after", True), ("mark.sync.after", False), (None, True)]


class Pushers:
    """Threads that push blobs until the server dies; what they pushed can be pushed again."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.book = Book()
        self.pushed = {}
        self.over = threading.Event()
        self.faults = []
        self.threads = [threading.Thread(target=self.push, args=(index,)) for index in range(PUSHERS)]
        for thread in self.threads:
            thread.start()

    def push(self, index):
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                self.push_image(f"{self.name} {index} {number}", number, REPOSITORIES[index % len(REPOSITORIES)])
            except Down:
                return
            except Unexpected as error:
                self.faults.append(str(error))
                return

    def push_image(self, name, number, repository):
        way = ["single", "whole", "patch", "stream"][number % 4]
        layer = content(f"{name} layer", [3, 70, 150, 900][number // 4 % 4] * KIB)
        # Each is pushed by several threads into several repositories.
        shared = content(f"{self.name} shared {number % 10}", 90 * KIB)
        config = content(f"{name} config", KIB)
        for data, how in [(layer, way), (shared, "whole"), (config, "single")]:
            digest = push_blob(self.client, self.book, repository, data, how)
            self.pushed[digest] = data
        push_manifest(self.client, self.book, repository, render_manifest(config, [layer, shared], name), name.replace(" ", "-"))

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Rounds:
    """One server; what is lost in a round is pushed again in it."""

    def __init__(self, root, folder, verdicts):
        base = folder / "server-lazy"
        self.verdicts = verdicts
        self.volume = make_volume(base)
        self.registry = Registry(root, base, self.volume.blobs, {"SLIPWAY__STORAGE__SYNC": "os"})
        self.boot = 1
        self.book = Book()
        self.lost = 0

    def start(self, point=None):
        return self.registry.start(point, SLIPWAY__DEBUG__BOOT_ID=f"boot {self.boot}")

    def run(self):
        self.start()
        client = self.registry.first_account()
        for number, (point, cuts_power) in enumerate(ROUNDS, 1):
            title = f"lazy round {number}: {point or 'killed'}, {'power cut' if cuts_power else 'the kernel lives on'}"
            try:
                faults, told = self.round(client, number, point, cuts_power)
            except (Down, Unexpected) as error:
                self.verdicts.say(title, [str(error)])
                break
            self.verdicts.say(f"{title}, {told}", faults)
        self.verdicts.say(f"power cuts took {self.lost} confirmed blobs, which was the point", [] if self.lost else ["none"])
        self.clean_stop(client)

    def round(self, client, number, point, cuts_power):
        if point:
            # After a clean stop the start has nothing to sync, and the point is met under pushes.
            self.registry.process.terminate()
            self.registry.process.wait(30)
            self.start(point)
        pushers = Pushers(client, f"round{number}")
        upload = start_upload(client, REPOSITORIES[0], content(f"upload {number}", 900 * KIB))
        upload.patch(client, 400 * KIB)
        upload.patch(client, 200 * KIB)
        time.sleep(SAVE_SECONDS)
        if point:
            if not self.registry.wait_for_death(MARK_SECONDS):
                raise Unexpected(f"the point was not hit: {self.registry.process.poll()}")
        else:
            time.sleep(ROUND_SECONDS)
            self.registry.kill()
        pushers.stop()
        if cuts_power:
            self.volume.lose_power(self.registry.journal)
            self.boot += 1
        if not self.start():
            raise Unexpected("the server ends at its start")
        absent, faults = self.sort_out(client, pushers.book)
        if absent and not cuts_power:
            faults.append(f"{len(absent)} blobs are absent though the kernel lived on")
        self.lost += len(absent)
        faults += self.push_again(client, pushers, absent)
        faults += self.go_on(client, upload)
        self.book.entries.update(pushers.book.entries)
        faults += pushers.faults + self.book.wrong(client) + self.registry.leftovers(lost_seconds=20)
        return faults, f"{len(pushers.book.entries)} confirmed, {len(absent)} absent"

    def sort_out(self, client, book):
        """Which blobs of the book are absent, and what may not be."""
        absent, faults = [], []
        for fault, (repository, path) in [(book.wrong(client, {key: digest}), key) for key, digest in book.entries.items()]:
            if not fault:
                continue
            status, _, _ = client.call("HEAD", path, repository=repository)
            if "/blobs/" in path and re.search(": 404 .*BLOB_UNKNOWN", fault[0]) and status == 404:
                absent.append((repository, path))
            else:
                faults += fault
        return absent, faults

    def push_again(self, client, pushers, absent):
        """Pushes each absent digest once; every repository that had it has it again."""
        for digest in {path.rsplit("/", 1)[1] for _, path in absent}:
            repository = next(repository for repository, path in absent if path.endswith(digest))
            push_blob(client, Book(), repository, pushers.pushed[digest], "whole")
        return pushers.book.wrong(client, {key: pushers.book.entries[key] for key in absent})

    def go_on(self, client, upload):
        status, headers, body = client.call("GET", upload.location, repository=upload.repository)
        if status != 204:
            return [f"{upload.location}: {status} {body[:200]!r}"]
        upload.sent_bytes = int(headers["Range"].split("-")[1]) + 1
        if upload.sent_bytes != 600 * KIB:
            return [f"the saved upload goes on at {upload.sent_bytes}"]
        upload.finish(client)
        digest = digest_of(upload.data)
        self.book.note(upload.repository, f"/v2/{upload.repository}/blobs/{digest}", digest)
        return []

    def clean_stop(self, client):
        """After a goodbye even a power cut takes nothing."""
        pushers = Pushers(client, "goodbye")
        time.sleep(2)
        pushers.stop()
        # Lost ones that never were confirmed stay what they are.
        doubtful = "SELECT count(*) FROM blob WHERE state >= 3"
        before = self.registry.query(doubtful)
        self.registry.process.terminate()
        self.registry.process.wait(30)
        self.volume.lose_power(self.registry.journal)
        self.boot += 1
        self.start()
        self.book.entries.update(pushers.book.entries)
        after = self.registry.query(doubtful)
        faults = [] if after == before else [f"{before} doubtful blobs became {after}"]
        self.verdicts.say("a clean stop leaves nothing to a power cut", faults + pushers.faults + self.book.wrong(client))
        self.registry.stop()


def run(root, folder, verdicts):
    Rounds(root, folder, verdicts).run()
