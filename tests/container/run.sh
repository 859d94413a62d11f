#!/usr/bin/env bash
# runs in: test
# The container image: built by buildah, run by podman as its own user and as an arbitrary uid with a
# read-only root, pushed to and pulled from each time. On a machine that reaches no image registry the
# base comes from Debian's packages, which takes a minute or two the first time.
source "$(dirname "$0")/../../tools/suite.sh"
source "$root/tests/clients/image_fixtures.sh"
suite container
export SLIPWAY_BIN=${SLIPWAY_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/slipway}
image=localhost/slipway-test:latest
names=()

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

suite_cleanup() {
  podman rm -f -t 5 "${names[@]:+${names[@]}}" >/dev/null 2>&1
  podman system reset -f >/dev/null 2>&1
  return 0
}

HOST=127.0.0.1:$(free_port)
isolate_clients

build() { "$root/tools/image.sh" "$image"; }

described() {
  same "user" 1001:0 "$(podman image inspect --format '{{.User}}' "$image")"
  same "volume" '{"/data":{}}' "$(podman image inspect --format '{{json .Config.Volumes}}' "$image")"
  podman image inspect --format '{{json .HealthCheck}}{{json .Config.Healthcheck}}' "$image" | grep -q '"health"'
  echo "image size: $(podman image inspect --format '{{.Size}}' "$image") bytes"
}

wait_healthy() {
  local _
  for _ in $(seq 300); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$URL/health/instance")" = 200 ] && return 0
    [ "$(podman inspect --format '{{.State.Running}}' "$1")" = true ] || break
    sleep 0.2
  done
  podman logs "$1" 2>&1 | tail -n 30
  return 1
}

# start NAME [podman options]: runs the image on the host's network at a free port.
start() {
  local name=$1
  shift
  podman run -d --name "$name" --network host -e "SLIPWAY__SERVER__LISTEN=$HOST" "$@" "$image"
  wait_healthy "$name"
}

use_port() {
  HOST=127.0.0.1:$(free_port) URL=http://$HOST
  ACCOUNT=admin PASSWORD=$(openssl rand -hex 12)
  export DOCKER_CONFIG=$TMP/login-$1
  mkdir -p "$DOCKER_CONFIG"
}

first_account() {
  curl -sf -X POST "$URL/api/v1/user/initialize" -H 'Content-Type: application/json' \
    -d "{\"username\":\"$ACCOUNT\",\"password\":\"$PASSWORD\",\"email\":\"$ACCOUNT@example.com\"}"
  crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
}

push_and_pull() {
  push_index "$HOST/admin/app:1" amd64 arm64
  crane validate --insecure --remote "$HOST/admin/app:1"
  crane digest --insecure "$HOST/admin/app:1" >"$TMP/digest"
}

inside() { podman exec "$1" /usr/local/bin/slipway health; }

runs_as() {
  local got
  got=$(podman exec "$1" sh -c 'echo "$(id -u):$(id -g)"')
  same "uid and gid" "$2" "$got"
  ! podman exec "$1" sh -c 'touch /usr/local/bin/x' || { echo "the program folder is writable"; return 1; }
}

# The same data served again by a second container after a clean stop.
restart() {
  podman stop -t 30 "$1"
  same "exit code" 0 "$(podman inspect --format '{{.State.ExitCode}}' "$1")"
  podman start "$1"
  wait_healthy "$1"
  same "digest after the restart" "$(cat "$TMP/digest")" "$(crane digest --insecure "$HOST/admin/app:1")"
  crane validate --insecure --remote "$HOST/admin/app:1"
}

check "buildah builds the image" build
check "the image names its user, volume and health check" described

use_port own
names+=(slipway-own-$$)
check "starts as its own user" start "${names[0]}" -v slipway-own:/data
check "runs as 1001:0" runs_as "${names[0]}" 1001:0
check "answers its own health check" inside "${names[0]}"
check "makes the first account" first_account
check "is pushed to and pulled from" push_and_pull
check "keeps everything over stop and start" restart "${names[0]}"
podman stop -t 30 "${names[0]}" >/dev/null 2>&1

# podman would write a passwd entry for the uid; OpenShift's runtime is not always so kind.
use_port arbitrary
names+=(slipway-arbitrary-$$)
check "starts under an arbitrary uid with a read-only root" start "${names[1]}" \
  --user 12345:0 --read-only --passwd=false -v slipway-arbitrary:/data
check "runs as 12345:0" runs_as "${names[1]}" 12345:0
check "makes the first account there" first_account
check "is pushed to and pulled from there" push_and_pull
check "keeps everything over stop and start there" restart "${names[1]}"
finish
