#!/usr/bin/env python3
"""The list of operations that are not built: nothing built stands in it, nothing missing is absent.

not_yet.txt is compared with the server's own description and, where it is at hand, with the recorded
list of all operations. It may only shrink.
"""

import re
import sys
from pathlib import Path

from client import Operations, Registry, find_facts

LIST = Path(__file__).with_name("not_yet.txt")
# The most lines the list may have; lower it with each operation that is built.
MOST = int(re.search(r"^# at most (\d+)$", LIST.read_text(), re.MULTILINE).group(1))


def read_list():
    lines = LIST.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def read_recorded(path):
    """Identifiers in back quotes after a method and a path."""
    found = re.findall(r"^(?:GET|POST|PUT|DELETE) \S+ `(\w+)`", path.read_text(), re.MULTILINE)
    return set(found)


def main():
    listed = read_list()
    # All switches on, so that nothing built is hidden.
    registry = Registry("admin", API__SUPERUSER_CONFIG_DUMP="true")
    try:
        built = Operations(registry).ids()
    finally:
        registry.stop()
    faults = [f"stands in the list twice: {name}" for name in set(listed) if listed.count(name) > 1]
    if listed != sorted(listed):
        faults.append("the list is not sorted")
    faults += [f"is built and stands in the list: {name}" for name in sorted(built & set(listed))]
    if len(listed) > MOST:
        faults.append(f"{len(listed)} lines, at most {MOST}: the list may only shrink")
    path = find_facts("ops.txt")
    if path is None:
        print("# the recorded operations are not here (SLIPWAY_SHARED), only the list is checked")
    else:
        recorded = read_recorded(path)
        absent = recorded - built - set(listed)
        faults += [f"is neither built nor in the list: {name}" for name in sorted(absent)]
        strange = set(listed) - recorded
        faults += [f"is no operation of Quay's: {name}" for name in sorted(strange)]
        # Two that no list of Quay's names.
        extra = built - recorded - {"initializeUser", "superuserConfig"}
        faults += [f"is built and no operation of Quay's: {name}" for name in sorted(extra)]
    for fault in faults:
        print(f"not ok operations: {fault}")
    print(f"# {len(built)} operations built, {len(listed)} not yet")
    if not faults:
        print("ok operations: the list of what is not built is right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
