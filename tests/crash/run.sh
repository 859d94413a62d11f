#!/usr/bin/env bash
# runs in: test
# Kills the server and its database at named points and at random, cuts the power, fills the disk,
# and expects everything that was confirmed to be there and nothing else. See README.md.
#
# CRASH_ROUNDS  random kills (default 6)
# CRASH_POINTS  which crash points are tried (default all)
# CRASH_PARTS   which parts run (default "points random full lazy")
source "$(dirname "$0")/../../tools/suite.sh"
suite crash

# Volumes that the program mounted are below $TMP, which is removed after this.
suite_cleanup() {
  local place
  while read -r place; do umount -l "$place" || true; done < <(awk -v top="$TMP/" 'index($2, top) == 1 {print $2}' /proc/mounts)
}

command -v psql >/dev/null || PATH=$PATH:$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
: >"$TMP/verdicts"
python3 "$root/tests/crash/main.py" "$root" "$TMP" >"$TMP/verdicts" 2>&1 &
program=$!
tail -n +1 -f --pid="$program" "$TMP/verdicts" | sed -u -e 's/^ok /ok crash: /' -e 's/^not ok /not ok crash: /'
wait "$program"
status=$?
passed=$(grep -c '^ok ' "$TMP/verdicts")
failed=$(grep -c '^not ok ' "$TMP/verdicts")
check "the program ends well" test "$status" -eq "$((failed > 0))"
finish
