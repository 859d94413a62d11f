#!/usr/bin/env bash
# runs in: test
# The list of operations that are not built is right, and only shrinks.
cd "$(dirname "$0")" && exec python3 -B not_yet.py
