"""Runs the crash tests and prints a verdict per check; see README.md.

Usage: main.py REPOSITORY_ROOT FOLDER
"""

import os
import pathlib
import sys
import threading
import traceback

import full
import lazily
import points
import randomly


class Verdicts:
    """Prints verdicts of several threads and counts them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = 0

    def say(self, name, faults):
        with self.lock:
            if faults:
                self.failed += 1
                print(f"not ok {name}")
                for fault in faults[:12]:
                    print(f"#   {fault}")
                if len(faults) > 12:
                    print(f"#   and {len(faults) - 12} more")
            else:
                self.passed += 1
                print(f"ok {name}")
            sys.stdout.flush()

    def tell(self, text):
        with self.lock:
            print(f"# {text}", flush=True)


def main():
    root, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    verdicts = Verdicts()
    parts = {"points": points.run, "random": randomly.run, "full": full.run, "lazy": lazily.run}
    for name in os.environ.get("CRASH_PARTS", "points random full lazy").split():
        try:
            parts[name](root, folder, verdicts)
        except Exception:
            # The innermost frame and the error first: `say` cuts what is long.
            verdicts.say(f"part {name} runs to its end", traceback.format_exc().splitlines()[::-1])
    sys.exit(1 if verdicts.failed or not verdicts.passed else 0)


if __name__ == "__main__":
    main()
