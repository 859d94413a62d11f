#!/usr/bin/env bash
# runs in: nightly
# A Docker daemon of its own (no bridge, no packet filter): log-in, build, push, pull, run.
source "$(dirname "$0")/../../tools/suite.sh"
suite docker
start_registry
isolate_clients
export DOCKER_HOST=unix://$TMP/docker.sock
daemon=

suite_cleanup() {
  [ -n "$daemon" ] || return 0
  kill -TERM "$daemon" 2>/dev/null
  wait "$daemon" 2>/dev/null
  # The daemon leaves mounts behind: the network namespace of `--network host`, and where the mount
  # of its data folder is not shared, that folder itself.
  local mounted
  while read -r mounted; do umount -l "$mounted"; done < <(awk -v top="$TMP/" 'index($2, top) == 1 {print $2}' /proc/mounts | LC_ALL=C sort -r)
  return 0
}

start_daemon() {
  cat >"$TMP/daemon.json" <<CONF
{"iptables": false, "ip6tables": false, "bridge": "none", "storage-driver": "${DOCKER_DRIVER:-overlay2}",
 "data-root": "$TMP/docker-data", "exec-root": "$TMP/docker-exec", "pidfile": "$TMP/docker.pid",
 "hosts": ["$DOCKER_HOST"]}
CONF
  dockerd --config-file "$TMP/daemon.json" >"$TMP/dockerd.log" 2>&1 &
  daemon=$!
  local _
  for _ in $(seq 300); do
    docker version >/dev/null 2>&1 && return 0
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$TMP/dockerd.log"
  return 1
}

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | docker login -u "$ACCOUNT" --password-stdin "$HOST"
  echo wrong | refuse_login docker --config "$TMP/wrong" login -u "$ACCOUNT" --password-stdin "$HOST"
}

build() {
  mkdir -p "$TMP/context"
  cp "$(readlink -f "$(command -v crane)")" "$TMP/context/tool"
  head -c 3000000 /dev/urandom >"$TMP/context/data"
  printf 'FROM scratch\nCOPY tool /usr/bin/tool\nCOPY data /srv/data\nENTRYPOINT ["/usr/bin/tool"]\n' >"$TMP/context/Dockerfile"
  DOCKER_BUILDKIT=0 docker build --network host -t "$HOST/admin/docker/tool:1" "$TMP/context"
}

push() {
  docker push "$HOST/admin/docker/tool:1" | tee "$TMP/push.log"
  [ -z "$ACCOUNT" ] || crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
  same "digest" "$(grep -o 'sha256:[0-9a-f]\{64\}' "$TMP/push.log" | tail -n 1)" \
    "$(crane digest --insecure "$HOST/admin/docker/tool:1")"
}

pull() {
  docker rmi -f "$HOST/admin/docker/tool:1"
  docker pull "$HOST/admin/docker/tool@$(crane digest --insecure "$HOST/admin/docker/tool:1")"
  docker pull "$HOST/admin/docker/tool:1"
}

run() { same "output" "$(crane version)" "$(docker run --rm --network host "$HOST/admin/docker/tool:1" version)"; }

# A second tag in another repository is pushed by mounting every layer.
mount() {
  docker tag "$HOST/admin/docker/tool:1" "$HOST/admin/docker/other:1"
  docker push "$HOST/admin/docker/other:1" | tee "$TMP/mount.log"
  grep -q 'Mounted from' "$TMP/mount.log"
}

# The daemon must be a child of this shell, so that it can be waited for; `check` runs in a subshell.
if start_daemon >"$TMP/start.log" 2>&1; then
  check "a daemon starts" docker version
else
  sed 's/^/# /' "$TMP/start.log"
  check "a daemon starts" false
  finish
fi
check "logs in, and not with a wrong password" log_in
check "builds an image" build
check "pushes it" push
check "pulls it by digest and by tag once it is gone" pull
check "runs what it pulled" run
check "mounts layers into another repository" mount
finish
