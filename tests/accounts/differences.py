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
