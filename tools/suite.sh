# shellcheck shell=bash
# What every script suite under tests/ shares; sourced, never run.
#
# A suite is an executable script whose second line says where it belongs (`# runs in: test` or
# `# runs in: nightly`). It prints one line per check, `ok SUITE: NAME` or `not ok SUITE: NAME`, and
# ends with `finish`, which sets the exit code. tools/test.sh counts those lines.
#
# REGISTRY=HOST:PORT with REGISTRY_USER and REGISTRY_PASSWORD runs a suite against any registry that
# already listens on this machine over plain HTTP, for comparison; then no server is started.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$root/.cache/bin:$PATH:/usr/sbin:/sbin:$HOME/go/bin"
passed=0
failed=0

# suite NAME: opens a suite with a folder of its own, removed at the end with the server in it.
suite() {
  suite_name=$1
  TMP=$(mktemp -d "/tmp/slipway-$suite_name.XXXXXX")
  chmod 755 "$TMP"
  trap close_suite EXIT
  trap 'exit 130' INT TERM
}

close_suite() {
  local server
  for server in "$TMP"/server*; do
    [ -d "$server" ] && "$root/tools/serve_for_test.sh" stop "$server" || true
  done
  declare -F suite_cleanup >/dev/null && suite_cleanup
  if [ -n "${KEEP:-}" ]; then echo "# kept: $TMP"; else rm -rf "$TMP"; fi
}

# check NAME COMMAND...: runs the command (a function may use several steps: the first failing one
# fails it) and prints the verdict; on failure the end of its output follows.
check() {
  local name=$1 status log="$TMP/check.log"
  shift
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok $suite_name: $name"
  else
    failed=$((failed + 1))
    echo "not ok $suite_name: $name (exit $status)"
    tail -n 25 "$log" | sed 's/^/# /'
  fi
  return 0
}

# refuse COMMAND...: succeeds when the command fails.
refuse() {
  if "$@"; then echo "this was expected to be refused: $*"; return 1; fi
}

# refuse_login COMMAND...: `refuse` for a log-in with a wrong password. An account is made to wait after
# each of those, longer every time, and some clients try several times: the right one is awaited here.
refuse_login() {
  refuse "$@" || return 1
  local _
  for _ in $(seq 100); do
    [ "$(curl -sk -o /dev/null -w '%{http_code}' -u "$ACCOUNT:$PASSWORD" "$URL/v2/auth?service=$HOST")" = 429 ] || return 0
    sleep 0.2
  done
  echo "the account still has to wait after its wrong passwords"
  return 1
}

# same WHAT WANTED GOT: succeeds when both are equal and not empty.
same() {
  [ -n "$2" ] && [ "$2" = "$3" ] && return 0
  echo "$1: wanted '$2', got '$3'"
  return 1
}

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# start_registry [SLIPWAY__KEY=VALUE ...]: serves with a fresh data folder and one account, and sets
# URL, HOST, ACCOUNT and PASSWORD. ACCOUNT may be set beforehand.
start_registry() {
  if [ -n "${REGISTRY:-}" ]; then
    HOST=$REGISTRY URL=http://$REGISTRY
    ACCOUNT=${REGISTRY_USER:-} PASSWORD=${REGISTRY_PASSWORD:-}
    return 0
  fi
  local started
  SERVER_DIR=$TMP/server${SERVER_NUMBER:=1}
  SERVER_NUMBER=$((SERVER_NUMBER + 1))
  if ! started=$("$root/tools/serve_for_test.sh" start "$SERVER_DIR" "$@"); then
    failed=$((failed + 1))
    echo "not ok $suite_name: the server starts"
    finish
  fi
  eval "$started"
  ACCOUNT=${ACCOUNT:-admin}
  PASSWORD=$(openssl rand -hex 12)
  create_first_account
}

create_first_account() {
  local status
  status=$(curl -sk -o "$TMP/initialize.json" -w '%{http_code}' -X POST "$URL/api/v1/user/initialize" \
    -H 'Content-Type: application/json' \
    -d "{\"username\":\"$ACCOUNT\",\"password\":\"$PASSWORD\",\"email\":\"$ACCOUNT@example.com\"}")
  if [ "$status" != 200 ]; then
    failed=$((failed + 1))
    echo "not ok $suite_name: the first account is made (status $status)"
    head -c 500 "$TMP/initialize.json" | sed 's/^/# /'
    finish
  fi
}

# bearer REPOSITORY ACTIONS: prints a registry token for raw requests; nothing where none is asked for.
bearer() {
  [ -n "$ACCOUNT" ] || return 0
  curl -sfk -u "$ACCOUNT:$PASSWORD" "$URL/v2/auth?service=$HOST&scope=repository:$1:$2" |
    jq -r '.token // .access_token // empty'
}

# api METHOD PATH REPOSITORY ACTIONS [curl options]: one raw registry request with a token.
api() {
  local method=$1 path=$2 token
  token=$(bearer "$3" "$4")
  shift 4
  curl -sk -X "$method" ${token:+-H "Authorization: Bearer $token"} "$@" "$URL$path"
}

# isolate_clients: configuration and credentials of every client live in the suite's own folder.
isolate_clients() {
  local conf=$TMP/clients
  mkdir -p "$conf/docker" "$conf/run"
  export HOME=$conf DOCKER_CONFIG=$conf/docker XDG_RUNTIME_DIR=$conf/run XDG_CONFIG_HOME=$conf/config
  export REGISTRY_AUTH_FILE=$conf/docker/config.json REGCTL_CONFIG=$conf/regctl.json
  export CONTAINERS_CONF=$conf/containers.conf CONTAINERS_STORAGE_CONF=$conf/storage.conf
  export CONTAINERS_REGISTRIES_CONF=$conf/registries.conf
  echo '{}' >"$REGISTRY_AUTH_FILE"
  # Raising an rlimit needs a capability that many virtual machines lack; lowering one does not.
  cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "${CONTAINER_DRIVER:-overlay}"
graphroot = "$conf/graph"
runroot = "$conf/runroot"
CONF
  cat >"$CONTAINERS_REGISTRIES_CONF" <<CONF
[[registry]]
location = "$HOST"
insecure = true
CONF
  printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$conf/policy.json"
}

# finish: prints the counts and ends the suite; no check at all is a failure.
finish() {
  echo "# $suite_name: $passed ok, $failed not ok"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}
