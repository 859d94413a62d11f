#!/usr/bin/env bash
# runs in: test
# podman and buildah: log-in, build, push, removal of every local copy, pull, run, manifest lists.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite podman
start_registry SLIPWAY__REGISTRY__CREATE_NAMESPACE_ON_PUSH=true
isolate_clients

suite_cleanup() { podman system reset -f >/dev/null 2>&1 || true; }

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | podman login --tls-verify=false -u "$ACCOUNT" --password-stdin "$HOST"
  echo wrong | refuse_login podman login --tls-verify=false --authfile "$TMP/wrong.json" -u "$ACCOUNT" --password-stdin "$HOST"
}

# A static program is all that the image needs in order to run.
build() {
  mkdir -p "$TMP/context"
  cp "$(readlink -f "$(command -v crane)")" "$TMP/context/tool"
  head -c 2000000 /dev/urandom >"$TMP/context/data"
  cat >"$TMP/context/Containerfile" <<'FILE'
FROM scratch
COPY tool /usr/bin/tool
COPY data /srv/data
LABEL example.key=value
ENTRYPOINT ["/usr/bin/tool"]
FILE
  buildah bud --isolation chroot --layers -t "$HOST/admin/podman/tool:1" "$TMP/context"
}

push() {
  podman push --digestfile "$TMP/pushed" "$HOST/admin/podman/tool:1"
  [ -z "$ACCOUNT" ] || crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
  same "digest" "$(cat "$TMP/pushed")" "$(crane digest --insecure "$HOST/admin/podman/tool:1")"
}

pull() {
  podman rmi -f "$HOST/admin/podman/tool:1"
  podman pull -q "$HOST/admin/podman/tool@$(cat "$TMP/pushed")"
  podman pull -q "$HOST/admin/podman/tool:1"
  same "digest" "$(cat "$TMP/pushed")" "$(podman image inspect --format '{{.Digest}}' "$HOST/admin/podman/tool:1")"
}

run() {
  same "output" "$(crane version)" "$(podman run --rm "$HOST/admin/podman/tool:1" version)"
}

docker_format() {
  podman push --format v2s2 "$HOST/admin/podman/tool:1" "$HOST/admin/podman/tool:docker"
  same "media type" application/vnd.docker.distribution.manifest.v2+json \
    "$(crane manifest --insecure "$HOST/admin/podman/tool:docker" | jq -r .mediaType)"
  crane validate --insecure --remote "$HOST/admin/podman/tool:docker"
}

compressed_again() {
  podman push --compression-format zstd "$HOST/admin/podman/tool:1" "$HOST/admin/podman/tool:zstd"
  podman pull -q "$HOST/admin/podman/tool:zstd"
}

manifest_list() {
  push_index "$HOST/admin/parts:1" amd64 arm64
  buildah manifest create both
  buildah manifest add --tls-verify=false both "docker://$HOST/admin/parts:1-amd64"
  buildah manifest add --tls-verify=false --arch arm64 both "docker://$HOST/admin/parts:1-arm64"
  buildah manifest push --tls-verify=false --all both "docker://$HOST/admin/podman/both:1"
  same "architectures" "amd64 arm64" \
    "$(crane manifest --insecure "$HOST/admin/podman/both:1" | jq -r '[.manifests[].platform.architecture] | sort | join(" ")')"
}

one_segment() {
  podman push "$HOST/admin/podman/tool:1" "$HOST/alone:1"
  podman pull -q "$HOST/alone:1"
}

check "logs in, and not with a wrong password" log_in
check "builds an image" build
check "pushes it" push
check "pulls it by digest and by tag once every copy is gone" pull
check "runs what it pulled" run
check "pushes Docker media types" docker_format
check "pushes and pulls zstd layers" compressed_again
check "pushes a manifest list of two architectures" manifest_list
check "pushes and pulls a one-segment name" one_segment
finish
