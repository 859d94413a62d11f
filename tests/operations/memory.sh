#!/usr/bin/env bash
# runs in: nightly
# The 400 transfers of tests/operations/memory.rs at 64 MiB each (SLIPWAY_T25_MIB), about 13 GB on disk.
cd "$(dirname "$0")/../.." || exit 1
name="t25_400_transfers_fit_and_memory_returns_to_idle"
export SLIPWAY_T25_MIB=${SLIPWAY_T25_MIB:-64}
if cargo test -p slipway --test it -- "$name" --nocapture; then
  echo "ok $name with $SLIPWAY_T25_MIB MiB each"
else
  echo "not ok $name with $SLIPWAY_T25_MIB MiB each"
fi
