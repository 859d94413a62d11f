#!/usr/bin/env bash
# Side-by-side load comparison of Slipway with registries that already run on this machine.
#
#   SLIPWAY_BIN=target/release/slipway PEER_other="http://127.0.0.1:5000 4711,4712" tools/bench/run.sh
#
# Slipway is started twice, with storage.sync=always and with storage.sync=os. PEER_<name> holds the
# URL of a peer (user:password@ before the host where it wants a login) and the process ids whose CPU
# and memory count; PEER_<name>_SYNC is "syncs" or "does not sync". docs/benchmarks.md explains it all.
#
#   BENCH_ROUNDS     rounds, default 2        BENCH_QUICK=1   small sizes: does it work at all
#   BENCH_SCENARIOS  default: all             BENCH_BASE      ratios are against it, default the first peer
#   BENCH_OUT        JSON lines, default .cache/bench.jsonl
#   BENCH_TMP        where the data folders are made, default /tmp
#   BENCH_LARGE_SIZE, BENCH_PARALLEL_SIZE, BENCH_PARALLEL_COUNT, BENCH_IMAGES, BENCH_TAGS, BENCH_SPAN
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
export SLIPWAY_BIN=${SLIPWAY_BIN:-$root/target/release/slipway}
load=$root/.cache/bin/load
out=${BENCH_OUT:-$root/.cache/bench.jsonl}
rounds=${BENCH_ROUNDS:-2}
if [ "${BENCH_QUICK:-}" = 1 ]; then
  large=16MiB parallel=1MiB parallel_count=8 images=32 tags=50 span=1s
else
  large=1GiB parallel=16MiB parallel_count=64 images=640 tags=2000 span=10s
fi
large=${BENCH_LARGE_SIZE:-$large} parallel=${BENCH_PARALLEL_SIZE:-$parallel}
parallel_count=${BENCH_PARALLEL_COUNT:-$parallel_count} images=${BENCH_IMAGES:-$images}
tags=${BENCH_TAGS:-$tags} span=${BENCH_SPAN:-$span}

fail() { printf 'bench: %s\n' "$*" >&2; exit 1; }

[ -x "$SLIPWAY_BIN" ] || fail "$SLIPWAY_BIN is not there; build it, or name one by SLIPWAY_BIN"
command -v go >/dev/null || fail "go is needed to build the load client"
mkdir -p "$(dirname "$load")"
(cd "$root/tools/bench/load" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -o "$load" .)

tmp=$(mktemp -d "${BENCH_TMP:-/tmp}/slipway-bench.XXXXXX")
chmod 755 "$tmp"
close() {
  local folder
  for folder in "$tmp"/*/; do
    [ -d "$folder" ] && "$root/tools/serve_for_test.sh" stop "${folder%/}" || true
  done
  rm -rf "$tmp"
}
trap close EXIT
trap 'exit 130' INT TERM

names=()
declare -A urls pids durability

# start_slipway SYNC: one server with one account, registered as slipway-SYNC.
start_slipway() {
  local name=slipway-$1 URL='' HOST='' SERVER_PID='' started password status database
  started=$("$root/tools/serve_for_test.sh" start "$tmp/$name" SLIPWAY__STORAGE__SYNC="$1" SLIPWAY__LOG__LEVEL=warn)
  eval "$started"
  password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
  status=$(curl -s -o "$tmp/$name/account.json" -w '%{http_code}' -X POST "$URL/api/v1/user/initialize" \
    -H 'Content-Type: application/json' \
    -d "{\"username\":\"bench\",\"password\":\"$password\",\"email\":\"bench@example.com\"}")
  [ "$status" = 200 ] || fail "$name: the account was refused with $status: $(head -c 300 "$tmp/$name/account.json")"
  # The database counts too. It is a child as a rule; its own pid makes sure, and is counted once.
  database=$(find "$tmp/$name/data" -maxdepth 4 -name postmaster.pid -exec head -n 1 {} \;)
  names+=("$name")
  urls[$name]=http://bench:$password@$HOST
  pids[$name]=$SERVER_PID${database:+,$database}
  if [ "$1" = always ]; then durability[$name]="syncs"; else durability[$name]="does not sync"; fi
}

# Peers first: the first of them is the base.
while IFS= read -r variable; do
  name=${variable#PEER_}
  read -r url list <<<"${!variable}"
  synced=PEER_${name}_SYNC
  names+=("$name")
  urls[$name]=$url
  pids[$name]=${list:-}
  durability[$name]=${!synced:-not stated}
done < <(compgen -e | grep '^PEER_' | grep -v '_SYNC$' | sort)
start_slipway always
start_slipway os
base=${BENCH_BASE:-${names[0]}}
[ -n "${urls[$base]:-}" ] || fail "BENCH_BASE=$base is none of: ${names[*]}"

scenarios=${BENCH_SCENARIOS:-$("$load" scenarios | cut -d' ' -f1)}
stamp=$(date +%s)
failures=0

# measure ROUND SCENARIO NAME: one run; a pull uses the id, and so the content, of its push.
measure() {
  local sizes=()
  case $2 in
    *-large) sizes=(-size "$large") ;;
    *-parallel) sizes=(-size "$parallel" -count "$parallel_count" -clients "$parallel_count") ;;
    *-small) sizes=(-count "$images") ;;
    tags | tag-list) sizes=(-count "$tags") ;;
    *) sizes=(-span "$span") ;;
  esac
  # What the one before left to the system must not be written during this one.
  sync
  "$load" run -name "$3" -durability "${durability[$3]}" -url "${urls[$3]}" -pids "${pids[$3]}" \
    -round "$1" -id "r$stamp-$1" -scenario "$2" "${sizes[@]}" >>"$out"
}

: >"$out"
for ((round = 1; round <= rounds; round++)); do
  for scenario in $scenarios; do
    for ((i = 0; i < ${#names[@]}; i++)); do
      # The order turns, so that nobody always comes first.
      name=${names[$(((i + round - 1) % ${#names[@]}))]}
      measure "$round" "$scenario" "$name" || failures=$((failures + 1))
    done
    printf 'bench: round %s of %s, %s, load %s\n' "$round" "$rounds" "$scenario" "$(cut -d' ' -f1 /proc/loadavg)" >&2
  done
done

printf 'Processors: %s. Load at the end: %s. Rounds: %s.\n' "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$rounds"
for name in "${names[@]}"; do printf -- '- %s: %s\n' "$name" "${durability[$name]}"; done
printf '\n'
"$load" report -base "$base" "$out"
[ "$failures" -eq 0 ] || fail "$failures runs failed or had errors (above)"
