#!/usr/bin/env bash
# runs in: test
# Who is let in where, compared with the recorded access matrix where that is at hand.
cd "$(dirname "$0")" && exec python3 -B matrix.py
