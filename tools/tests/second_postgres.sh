#!/usr/bin/env bash
# Fetches a second PostgreSQL major for the upgrade tests of crates/postgres.
#
#   eval "$(tools/tests/second_postgres.sh .cache/postgres)"
#   cargo test -p slipway-postgres
#
# The argument is a cache folder; a second run finds it filled and fetches nothing. The programs
# come as a Python wheel (PostgreSQL 16, all tools). On standard output are the settings that the
# tests read: the older and the newer of that set and the host's newest. The folder must be open
# to the user that runs the server, so not below a 0700 home when the tests run as root.
set -euo pipefail

WHEEL=pgserver
WHEEL_VERSION=0.1.4
WHEEL_MAJOR=16

cache=${1:?usage: second_postgres.sh CACHE_FOLDER}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
installed="$cache/$WHEEL-$WHEEL_VERSION"
second="$installed/$WHEEL/pginstall/bin"

if [ ! -x "$second/postgres" ]; then
    fresh=$(mktemp -d "$cache/fresh.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
        --platform "manylinux2014_$(uname -m)" \
        --dest "$fresh" "$WHEEL==$WHEEL_VERSION" >&2
    python3 -m zipfile -e "$fresh"/*.whl "$fresh/site"
    chmod -R a+rX "$fresh/site"
    chmod a+x "$fresh/site/$WHEEL/pginstall/bin/"*
    rm -rf "$installed"
    mv "$fresh/site" "$installed"
    chmod a+rx "$cache" "$installed"
fi
"$second/postgres" --version >&2

host=$(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$host" ]; then
    echo "second_postgres.sh: this host has no PostgreSQL server programs of its own" >&2
    exit 1
fi
host_major=$("$host/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
if [ "$host_major" -lt "$WHEEL_MAJOR" ]; then
    old=$host new=$second
elif [ "$host_major" -gt "$WHEEL_MAJOR" ]; then
    # The tests find older programs by PATH.
    old=$second new=$host
    printf 'export PATH=%q:"$PATH"\n' "$second"
else
    echo "second_postgres.sh: the host's PostgreSQL is of major $WHEEL_MAJOR as well" >&2
    exit 1
fi
printf 'export SLIPWAY_TEST_PG_OLD_BIN=%q\nexport SLIPWAY_TEST_PG_NEW_BIN=%q\n' "$old" "$new"
