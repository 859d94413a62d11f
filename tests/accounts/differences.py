"""Our table of known differences: what is answered otherwise, and why.

A line is `KEY <tab> OURS <tab> REASON`. A line that no longer applies is a failure as well, so the
table cannot grow stale.
"""

from pathlib import Path


class Differences:
    """The table of one suite."""

    def __init__(self, name):
        path = Path(__file__).with_name(name)
        lines = path.read_text().splitlines()
        rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
        assert all(len(row) == 3 and row[2] for row in rows), f"{path}: three fields are needed"
        self.known = {key: ours for key, ours, _ in rows}
        assert len(self.known) == len(rows), f"{path}: a key stands there twice"
        self.used = set()
        self.seen = set()

    def explains(self, key, ours):
        """Whether the table says that `key` is answered `ours`; notes that it was looked at."""
        self.seen.add(key)
        if self.known.get(key) == ours:
            self.used.add(key)
            return True
        return False

    def agree(self, key):
        """Notes that `key` is answered as recorded."""
        self.seen.add(key)

    def list_stale(self):
        """Lines about requests that were sent and are answered as recorded, or otherwise again."""
        return sorted(key for key in self.known if key in self.seen and key not in self.used)

    def report(self, suite, counts, differing, known, missing):
        """Prints the verdict of `suite`; answers 1 when something differs or nothing was looked at.

        `counts` says how much of what was looked at, and how: `("12 rows", "checked")`.
        """
        stale = self.list_stale()
        for line in differing:
            print(f"not ok {suite}: {line}")
        for line in stale:
            print(f"not ok {suite}: no longer different, take it out of the table: {line}")
        amount, done = counts
        print(f"# {amount} {done}, {len(differing)} differ, {known} differ as explained, "
              f"{missing} not built")
        if differing or stale or not self.seen:
            return 1
        print(f"ok {suite}: {amount}")
        return 0
