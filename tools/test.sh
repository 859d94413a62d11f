#!/usr/bin/env bash
# Runs the checks and adds them up.
#
#   tools/test.sh test       format, lints, documents, every Rust test, and the suites marked `test`
#   tools/test.sh nightly    the suites marked `nightly` (SLIPWAY_BIN: default the release build)
#   tools/test.sh accounts   accounts, permissions and tokens: attacks, access matrix, recorded examples, logins
#   tools/test.sh lint       format, lints and documents only
#   tools/test.sh suite tests/clients/crane.sh ...    the named suites only
#
# A suite is an executable script under tests/ with a line `# runs in: test` or `# runs in: nightly`
# near its top. Each prints `ok NAME` and `not ok NAME` lines; one that ends badly without a `not ok`
# line, or prints no verdict at all, counts as one failure. The last line is `N passed, N failed`,
# and the exit code is 0 only when nothing failed.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
export PATH="$PATH:$HOME/.cargo/bin"
target=${CARGO_TARGET_DIR:-$root/target}
logs=$target/test-logs
mkdir -p "$logs"
passed=0
failed=0
failures=()

add() { passed=$((passed + $1)); failed=$((failed + $2)); }

note_failure() { failures+=("$1"); }

# step NAME COMMAND...: one check that is its exit code.
step() {
  local name=$1 log
  shift
  log=$logs/${name//[^a-z0-9]/-}.log
  if "$@" >"$log" 2>&1; then
    add 1 0
    echo "ok $name"
  else
    add 0 1
    note_failure "$name"
    echo "not ok $name"
    tail -n 60 "$log" | sed 's/^/# /'
  fi
}

# Adds up the `test result:` lines of cargo; a build that breaks, or a run that ends without a
# result, is a failure of its own.
# Arguments are those of cargo test.
rust_tests() {
  local log=$logs/cargo-test.log status ok bad
  cargo test --no-fail-fast "$@" 2>&1 | tee "$log" |
    grep --line-buffered -vE '^test .* \.\.\. ok$|^$|^running |^ +Compiling '
  status=${PIPESTATUS[0]}
  ok=$(awk '/^test result:/ {n += $4} END {print n + 0}' "$log")
  bad=$(awk '/^test result:/ {n += $6} END {print n + 0}' "$log")
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then bad=1; echo "# cargo test ran nothing"; fi
  add "$ok" "$bad"
  [ "$bad" -eq 0 ] || note_failure "cargo test"
  echo "# cargo test: $ok passed, $bad failed"
}

run_suite() {
  local script=$1 log status ok bad from
  log=$logs/$(echo "${script#tests/}" | tr '/' '-').log
  from=$SECONDS
  echo "# $script"
  "$script" 2>&1 </dev/null | tee "$log"
  status=${PIPESTATUS[0]}
  ok=$(grep -c '^ok ' "$log")
  bad=$(grep -c '^not ok ' "$log")
  if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && grep -q '^# skipped: ' "$log"; then
    echo "# $script: neither passed nor failed"
    return
  fi
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
    bad=1
    echo "not ok $script (exit $status, $ok checks)"
  fi
  add "$ok" "$bad"
  [ "$bad" -eq 0 ] || note_failure "$script"
  echo "# $script took $((SECONDS - from)) s"
}

suites_of() {
  find tests -name '*.sh' -type f -perm -u+x | LC_ALL=C sort | while IFS= read -r script; do
    head -n 5 "$script" | grep -q "^# runs in: .*\b$1\b" && echo "$script"
  done
}

# The suites of tests/accounts, and that of the clients' logins.
accounts_suites() {
  find tests/accounts tests/clients/logins.sh -name '*.sh' -type f -perm -u+x 2>/dev/null | LC_ALL=C sort
}

lint() {
  step "format" cargo fmt --all --check
  step "clippy" cargo clippy --workspace --all-targets --locked -- -D warnings
  step "documents" env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked
  step "shell syntax" shell_syntax
}

shell_syntax() {
  local script bad=0
  while IFS= read -r script; do bash -n "$script" || bad=1; done < <(git ls-files '*.sh' .ci/run)
  return "$bad"
}

run_suites() {
  local script
  for script in "$@"; do run_suite "$script"; done
}

close() {
  local name
  echo "# took $SECONDS s; logs in $logs"
  for name in "${failures[@]:+${failures[@]}}"; do echo "# failed: $name"; done
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

case ${1:-test} in
  lint) lint ;;
  test)
    lint
    rust_tests --workspace
    step "server build" cargo build --locked --bin slipway
    export SLIPWAY_BIN=${SLIPWAY_BIN:-$target/debug/slipway}
    mapfile -t found < <(suites_of test)
    run_suites "${found[@]}"
    ;;
  nightly)
    if [ -z "${SLIPWAY_BIN:-}" ]; then
      step "release build" cargo build --release --locked --bin slipway
      export SLIPWAY_BIN=$target/release/slipway
    fi
    mapfile -t found < <(suites_of nightly)
    run_suites "${found[@]}"
    ;;
  accounts)
    rust_tests -p slipway-auth
    rust_tests -p slipway --test it -- api::
    step "server build" cargo build --locked --bin slipway
    export SLIPWAY_BIN=${SLIPWAY_BIN:-$target/debug/slipway}
    mapfile -t found < <(accounts_suites)
    run_suites "${found[@]}"
    ;;
  suite)
    shift
    run_suites "$@"
    ;;
  *)
    echo "unknown argument $1: test, nightly, accounts, lint or suite" >&2
    exit 2
    ;;
esac
close
