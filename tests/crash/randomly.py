"""Kills the server and its database at random under 32 parallel pushers."""

import os
import random
import signal
import threading
import time

from power import make_volume
from pushes import KIB, Book, content, push_blob, push_manifest, render_manifest
from registry import Down, Registry, Unexpected

PUSHERS = 32
RECOVERY_SECONDS = 15
# What a request may be told while the database is away.
AWAY = (500, 502, 503, 504)
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6"))


class Pushers:
    """Threads that push small images until they are told to stop."""

    def __init__(self, client, book, seed):
        self.client, self.book, self.seed = client, book, seed
        self.over = threading.Event()
        self.faults = []
        self.refused = 0
        self.threads = [threading.Thread(target=self.push, args=(index,)) for index in range(PUSHERS)]
        for thread in self.threads:
            thread.start()

    def push(self, index):
        choice = random.Random(f"{self.seed} {index}")
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                self.push_image(choice, f"{self.seed}-{index}-{number}", f"admin/random{index % 4}")
            except Down:
                self.over.wait(0.05)
            except Unexpected as error:
                text = str(error)
                if any(f": {status} " in text for status in AWAY):
                    self.refused += 1
                    if ": 500 " in text:
                        self.faults.append(text)
                    self.over.wait(0.05)
                else:
                    self.faults.append(text)

    def push_image(self, choice, name, repository):
        way = choice.choice(["single", "whole", "patch", "stream"])
        layer = content(f"{name} layer", choice.choice([3, 40, 70, 150, 400]) * KIB)
        config = content(f"{name} config", KIB)
        push_blob(self.client, self.book, repository, layer, way)
        push_blob(self.client, self.book, repository, config, "single")
        # Two pushers often race for this one.
        shared = content(f"{self.seed} shared {choice.randrange(20)}", 90 * KIB)
        push_blob(self.client, self.book, repository, shared, "whole")
        push_manifest(self.client, self.book, repository, render_manifest(config, [layer, shared], name), name)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Rounds:
    """One server, killed round after round."""

    def __init__(self, root, folder, verdicts):
        base = folder / "server-random"
        self.verdicts = verdicts
        self.volume = make_volume(base)
        self.registry = Registry(root, base, self.volume.blobs)
        self.registry.must_start()
        self.client = self.registry.first_account()
        for index in range(4):
            self.client.token(f"admin/random{index}")
        self.book = Book()
        self.choice = random.Random(os.environ.get("CRASH_SEED", "slipway"))

    def run(self, count):
        for number in range(1, count + 1):
            before = len(self.book.entries)
            pushers = Pushers(self.client, self.book, f"round{number}")
            time.sleep(self.choice.uniform(0.8, 2.5))
            kill = self.kill_server if number % 2 else self.kill_database
            try:
                title, faults = kill(pushers, number)
            except (Down, Unexpected) as error:
                pushers.stop()
                self.verdicts.say(f"random round {number}", [str(error)])
                return
            faults += pushers.faults
            faults += self.look(open_too=kill == self.kill_server)
            news = len(self.book.entries) - before
            self.verdicts.say(f"random round {number}: {title}, {news} confirmed, {len(self.book.entries)} in all", faults)
        # What could not be dropped while the database was away goes with the batch.
        self.registry.kill()
        self.registry.must_start()
        self.verdicts.say("after a last kill nothing is left over or lost", self.registry.leftovers())
        self.registry.stop()

    def kill_server(self, pushers, number):
        self.registry.kill()
        pushers.stop()
        cuts_power = number % 4 == 3
        if cuts_power:
            self.volume.lose_power(self.registry.journal)
        self.registry.must_start()
        return "server killed, power cut" if cuts_power else "server killed", []

    def kill_database(self, pushers, _):
        os.kill(self.registry.postmaster(), signal.SIGKILL)
        killed_at = time.monotonic()
        time.sleep(0.2)
        probe = 0
        while True:
            probe += 1
            try:
                data = content(f"probe {killed_at} {probe}", 100 * KIB)
                push_blob(self.client, self.book, "admin/random0", data, "whole")
                break
            except (Down, Unexpected) as error:
                if time.monotonic() > killed_at + RECOVERY_SECONDS:
                    pushers.stop()
                    return "database killed", [f"no push for {RECOVERY_SECONDS} s: {error}"]
                time.sleep(0.1)
        seconds = time.monotonic() - killed_at
        time.sleep(0.5)
        pushers.stop()
        faults = [] if self.registry.process.poll() is None else ["the server ended with its database"]
        return f"database killed, pushes again after {seconds:.1f} s, {pushers.refused} refused", faults

    def look(self, open_too):
        faults = self.book.wrong(self.client, threads=16)
        postmasters = self.registry.postmasters()
        if postmasters != [self.registry.postmaster()]:
            faults.append(f"postmasters {postmasters}, locked by {self.registry.postmaster()}")
        return faults + self.registry.leftovers(open_too=open_too)


def run(root, folder, verdicts):
    Rounds(root, folder, verdicts).run(ROUNDS)
