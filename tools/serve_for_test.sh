#!/usr/bin/env bash
# Starts and stops one Slipway server for a test, on a free loopback port with a data folder of its own.
#
#   eval "$(tools/serve_for_test.sh start DIR [SLIPWAY__KEY=VALUE ...])"   sets URL, HOST and SERVER_PID
#   tools/serve_for_test.sh stop DIR                                       SIGTERM, waits, then SIGKILL
#   tools/serve_for_test.sh kill DIR                                       SIGKILL at once
#   tools/serve_for_test.sh start DIR ...                                  again: same data, same port
#
# DIR holds data/, server.log, pid and port. SLIPWAY_BIN names the binary (default: the debug build).
# The start is given 60 s to answer /health/instance with 200 (START_SECONDS changes that).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=${SLIPWAY_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/slipway}
command=${1:?start, stop or kill}
dir=${2:?a folder}
shift 2

fail() { printf 'serve_for_test: %s\n' "$*" >&2; exit 1; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# True while the process lives and is not a zombie that nobody has reaped yet.
alive() {
  local state
  state=$(awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null) || return 1
  [ -n "$state" ] && [ "$state" != Z ]
}

wait_for_end() {
  local pid=$1 tenths=$2
  while [ "$tenths" -gt 0 ]; do
    alive "$pid" || return 0
    sleep 0.1
    tenths=$((tenths - 1))
  done
  return 1
}

# Tells whether the server answers; 2 when it ended before it did.
wait_for_health() {
  local pid=$1 url=$2 deadline=$(($(date +%s) + ${START_SECONDS:-60}))
  while [ "$(date +%s)" -lt "$deadline" ]; do
    alive "$pid" || return 2
    [ "$(curl -sk -o /dev/null -w '%{http_code}' --max-time 2 "$url/health/instance")" = 200 ] && return 0
    sleep 0.1
  done
  return 1
}

start() {
  [ -x "$bin" ] || fail "$bin is not there; build it, or name one by SLIPWAY_BIN"
  mkdir -p "$dir/data"
  # PostgreSQL runs as another user when we are root, and must be able to reach its folder.
  chmod 755 "$dir"
  local scheme=http port pid status tries=0 setting
  for setting in "$@"; do case $setting in SLIPWAY__TLS__CERTIFICATE=?*) scheme=https ;; esac; done
  while :; do
    port=$(cat "$dir/port" 2>/dev/null || free_port)
    # Its own session: a Ctrl-C on the test run is answered by the suite's trap, in order. Descriptors
    # above 2 are closed, or the server would hold the pipe of the `$(...)` that started it.
    env SLIPWAY__SERVER__LISTEN="127.0.0.1:$port" SLIPWAY__DATA__DIR="$dir/data" "$@" \
      setsid "$bin" serve >>"$dir/server.log" 2>&1 </dev/null 3>&- 4>&- 5>&- &
    pid=$!
    printf '%s\n' "$pid" >"$dir/pid"
    status=0
    wait_for_health "$pid" "$scheme://127.0.0.1:$port" || status=$?
    [ "$status" -eq 0 ] && break
    tries=$((tries + 1))
    # Another process may have taken the port between the look and the bind.
    if [ "$status" -eq 2 ] && [ "$tries" -lt 3 ] && grep -qi 'address already in use\|port.*taken' "$dir/server.log"; then
      rm -f "$dir/port"
      continue
    fi
    kill -KILL "$pid" 2>/dev/null || true
    tail -n 40 "$dir/server.log" >&2
    fail "the server did not become healthy (log above)"
  done
  printf '%s\n' "$port" >"$dir/port"
  printf 'URL=%s HOST=%s SERVER_PID=%s\n' "$scheme://127.0.0.1:$port" "127.0.0.1:$port" "$pid"
}

stop() {
  local pid
  pid=$(cat "$dir/pid" 2>/dev/null) || return 0
  if alive "$pid"; then
    kill -TERM "$pid"
    if ! wait_for_end "$pid" 300; then
      kill -KILL "$pid" 2>/dev/null || true
      stop_orphan
      fail "the server did not end within 30 s of SIGTERM"
    fi
  fi
  stop_orphan
  rm -f "$dir/pid"
}

# Ends the PostgreSQL that a killed server left behind, by the pid its own data folder names.
stop_orphan() {
  local file pid
  while IFS= read -r file; do
    pid=$(head -n 1 "$file")
    if [ -n "$pid" ] && alive "$pid" && grep -qz postgres "/proc/$pid/cmdline"; then
      kill -QUIT "$pid" 2>/dev/null || true
      wait_for_end "$pid" 50 || true
    fi
  done < <(find "$dir/data" -maxdepth 4 -name postmaster.pid 2>/dev/null)
}

case $command in
  start) start "$@" ;;
  stop) stop ;;
  kill)
    pid=$(cat "$dir/pid")
    kill -KILL "$pid"
    wait_for_end "$pid" 50 || fail "process $pid is still there"
    ;;
  *) fail "unknown command $command" ;;
esac
