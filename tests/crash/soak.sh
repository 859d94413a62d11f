#!/usr/bin/env bash
# runs in: nightly
# The random kills of run.sh, 20 rounds of them.
CRASH_ROUNDS=${CRASH_ROUNDS:-20} CRASH_PARTS=random exec "$(dirname "$0")/run.sh"
