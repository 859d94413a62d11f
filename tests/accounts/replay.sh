#!/usr/bin/env bash
# runs in: test
# Recorded requests sent again, their answers compared by status and shape where they are at hand.
cd "$(dirname "$0")" && exec python3 -B replay.py
