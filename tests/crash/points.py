"""Kills the server at every named point, with and without a power cut, and looks what is left."""

import os
import re
import threading
import time

from power import Folder, make_volume
from pushes import KIB, SAVE_SECONDS, Workload, push_blob
from registry import Down, Registry, Unexpected

SOURCES = ["crates/storage/src/settings.rs", "actors/src/deps.rs"]
# These are passed at each start, when the batches of the killed server before are taken over.
AT_START = ("batch.",)
DEATH_SECONDS = 8


def list_points(root):
    """The names as the sources list them, so that a new one cannot be forgotten here."""
    names = []
    for source in SOURCES:
        listed = re.search(r"CRASH_POINTS: &\[&str\] = &\[(.*?)\];", (root / source).read_text(), re.S)
        names += re.findall(r'"([^"]+)"', listed.group(1))
    return names


class Lane:
    """One server that is killed again and again; its data stays from one kill to the next."""

    def __init__(self, root, folder, verdicts, hits, name, order):
        self.verdicts, self.hits, self.name, self.order = verdicts, hits, name, order
        self.has_power_cuts = name == "power cut"
        base = folder / f"server-{name.replace(' ', '-')}"
        self.volume = make_volume(base) if self.has_power_cuts else Folder(base)
        self.registry = Registry(root, base, self.volume.blobs)
        self.registry.must_start()
        self.client = self.registry.first_account()
        self.books = []

    def run_points(self, points):
        for point in points:
            self.attempt(point, self.at_start if point.startswith(AT_START) else self.in_push)
        for point, scene in [
            ("segment.delete", self.cancel_of_a_resumed_upload),
            ("segment.delete", self.loser_that_was_resumed),
            ("segment.delete", self.sweep),
            ("segment.delete", self.expiry),
        ]:
            self.attempt(point, scene)
        faults = []
        for book in self.books:
            faults += book.wrong(self.client)
        self.verdicts.say(f"all that was confirmed is there after all kills ({self.name})", faults)
        self.registry.stop()

    def attempt(self, point, scene):
        # The server of the attempt before goes on as it was: a start of its own is part of each.
        title = f"{point} ({scene.__name__.replace('_', ' ')}, {self.name})"
        seed = re.sub("[^a-z]+", "-", title)
        workload = Workload(self.client, "admin/crash", seed, self.order)
        self.books.append(workload.book)
        faults = []
        try:
            self.registry.kill()
            scene(point, workload)
            self.hits[point] = self.hits.get(point, 0) + 1
            faults = self.recover(workload)
        except (Down, Unexpected) as error:
            faults = [str(error)]
        if faults and self.registry.process.poll() is not None:
            self.registry.start()
        self.verdicts.say(f"killed at {title}", faults)

    def expect_death(self):
        if not self.registry.wait_for_death(DEATH_SECONDS):
            raise Unexpected(f"the point was not hit: {self.registry.process.poll()}")

    def cut_power(self):
        if self.has_power_cuts:
            self.volume.lose_power(self.registry.journal)

    def in_push(self, point, workload):
        self.registry.start(point)
        self.push_until_death(workload)

    def push_until_death(self, workload):
        try:
            workload.run()
        except Down:
            pass
        self.expect_death()

    def at_start(self, point, workload):
        """Leaves batches of a killed server behind; the next one dies while it takes them over."""
        self.registry.must_start()
        workload.run()
        workload.begin("nowhere", 400 * KIB).patch(self.client, 300 * KIB)
        self.registry.kill()
        self.registry.start(point)
        self.expect_death()

    def sweep(self, point, workload):
        self.at_start(point, workload)

    def leave_a_saved_upload(self, workload):
        """An upload whose bytes are in a batch that is closed and swept already."""
        self.registry.must_start()
        upload = workload.begin("early", 400 * KIB)
        upload.patch(self.client, 200 * KIB)
        upload.patch(self.client, 100 * KIB)
        time.sleep(SAVE_SECONDS)
        self.registry.kill()
        self.registry.must_start()
        unswept = "SELECT count(*) FROM segment_batch WHERE closed_at IS NOT NULL AND swept_at IS NULL"
        deadline = time.monotonic() + 10
        while self.registry.query(unswept) != [["0"]]:
            if time.monotonic() > deadline:
                raise Unexpected("the batches of dead servers are not swept")
            time.sleep(0.1)
        return upload

    def cancel_of_a_resumed_upload(self, point, workload):
        upload = self.leave_a_saved_upload(workload)
        self.registry.kill()
        self.registry.start(point)
        self.until_death(lambda: upload.cancel(self.client))

    def loser_that_was_resumed(self, point, workload):
        upload = self.leave_a_saved_upload(workload)
        push_blob(self.client, workload.book, workload.repository, upload.data)
        self.registry.kill()
        self.registry.start(point)
        self.until_death(lambda: upload.finish(self.client))

    def expiry(self, point, workload):
        self.leave_a_saved_upload(workload)
        self.registry.kill()
        # The sweep at the start must find it expired; the next one comes later than we wait.
        time.sleep(1.5)
        self.registry.start(point, SLIPWAY__REGISTRY__UPLOAD_EXPIRY="1s")
        self.expect_death()

    def until_death(self, action):
        try:
            action()
        except Down:
            pass
        self.expect_death()

    def recover(self, workload):
        """What must hold after a kill; answers what does not."""
        self.cut_power()
        self.registry.must_start()
        confirmed = dict(workload.book.entries)
        faults = workload.book.wrong(self.client, confirmed)
        faults += workload.settle(self.registry)
        again = Workload(self.client, workload.repository, workload.seed, self.order)
        again.run(pause=0)
        for upload in again.unfinished:
            fault = again.settle_one(upload, None)
            if fault:
                faults.append(f"the same push again: {fault}")
        workload.book.entries.update(again.book.entries)
        faults += self.registry.leftovers()
        return faults + workload.book.wrong(self.client)


def run(root, folder, verdicts):
    points = list_points(root)
    only = os.environ.get("CRASH_POINTS")
    if only:
        points = [point for point in points if point in only.split()]
    counts = [{}, {}]
    lanes = [
        Lane(root, folder, verdicts, counts[0], "process only", "chunks first"),
        Lane(root, folder, verdicts, counts[1], "power cut", "images first"),
    ]
    threads = [threading.Thread(target=lane.run_points, args=(points,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for point in points:
        verdicts.tell(f"crash point {point}: hit {' + '.join(str(hits.get(point, 0)) for hits in counts)} times")
    missed = [point for point in points if not all(hits.get(point) for hits in counts)]
    verdicts.say(f"each of {len(points)} crash points was hit, with and without a power cut", missed)
