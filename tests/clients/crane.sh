#!/usr/bin/env bash
# runs in: test
# crane: log-in, multi-architecture push, pull, copy, tags, deletion; digests compared everywhere.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite crane
start_registry SLIPWAY__REGISTRY__CREATE_NAMESPACE_ON_PUSH=true
isolate_clients

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
}

wrong_password() {
  [ -n "$ACCOUNT" ] || return 0
  mkdir -p "$TMP/wrong"
  DOCKER_CONFIG=$TMP/wrong crane auth login "$HOST" -u "$ACCOUNT" -p wrong-password
  DOCKER_CONFIG=$TMP/wrong refuse_login crane digest --insecure "$HOST/admin/multi:1"
}

anonymous_push() {
  [ -n "$ACCOUNT" ] || return 0
  # Without a file of its own crane would fall back to the login of the other tools.
  mkdir -p "$TMP/anonymous"; echo "{}" >"$TMP/anonymous/config.json"
  write_layer "$TMP/anonymous.tgz" anonymous 100
  DOCKER_CONFIG=$TMP/anonymous refuse crane append --insecure --oci-empty-base -f "$TMP/anonymous.tgz" -t "$HOST/admin/anonymous:1"
}

pull_index() {
  crane pull --insecure --format oci "$HOST/admin/multi:1" "$TMP/pulled"
  verify_layout "$TMP/pulled"
  same "index digest" "$(crane digest --insecure "$HOST/admin/multi:1")" "$(layout_digest "$TMP/pulled")"
  same "architectures" "amd64 arm64 s390x" \
    "$(crane manifest --insecure "$HOST/admin/multi:1" | jq -r '[.manifests[].platform.architecture] | sort | join(" ")')"
}

# The layout's own index.json becomes an index with the pulled one as its only child.
push_the_same_bytes() {
  local wanted
  wanted=$(layout_digest "$TMP/pulled")
  crane push --insecure --index "$TMP/pulled" "$HOST/admin/again:1"
  same "child of the pushed index" "$wanted" "$(crane manifest --insecure "$HOST/admin/again:1" | jq -r '.manifests[0].digest')"
  same "content by that digest" "${wanted#sha256:}" "$(crane manifest --insecure "$HOST/admin/again@$wanted" | sha256sum | cut -d' ' -f1)"
}

copy() {
  crane copy --insecure "$HOST/admin/multi:1" "$HOST/admin/copied:1"
  same "digest of the copy" "$(crane digest --insecure "$HOST/admin/multi:1")" "$(crane digest --insecure "$HOST/admin/copied:1")"
  crane validate --insecure --remote "$HOST/admin/copied:1"
}

docker_media_types() {
  write_layer "$TMP/docker.tgz" docker 3000
  crane append --insecure -f "$TMP/docker.tgz" -t "$HOST/admin/docker:1"
  crane validate --insecure --remote "$HOST/admin/docker:1"
  same "media type" application/vnd.docker.distribution.manifest.v2+json \
    "$(crane manifest --insecure "$HOST/admin/docker:1" | jq -r .mediaType)"
}

deep_name() {
  push_index "$HOST/admin/team/group/app:2" amd64 arm64
  crane validate --insecure --remote "$HOST/admin/team/group/app:2"
}

one_segment() {
  write_layer "$TMP/one.tgz" one 2000
  crane append --insecure --oci-empty-base -f "$TMP/one.tgz" -t "$HOST/solo:1"
  crane validate --insecure --remote "$HOST/solo:1"
  # Only Slipway reads a one-segment name as library/NAME.
  [ -n "${REGISTRY:-}" ] || same "digest under library/" \
    "$(crane digest --insecure "$HOST/solo:1")" "$(crane digest --insecure "$HOST/library/solo:1")"
}

tags_and_catalog() {
  crane tag --insecure "$HOST/admin/multi:1" second
  same "tags" "1 1-amd64 1-arm64 1-s390x second" "$(crane ls --insecure "$HOST/admin/multi" | LC_ALL=C sort | xargs)"
  crane catalog --insecure "$HOST" | grep -qx admin/multi
}

delete_by_digest() {
  local digest
  write_layer "$TMP/gone.tgz" gone 2000
  crane append --insecure --oci-empty-base -f "$TMP/gone.tgz" -t "$HOST/admin/gone:1"
  digest=$(crane digest --insecure "$HOST/admin/gone:1")
  crane delete --insecure "$HOST/admin/gone@$digest"
  refuse crane manifest --insecure "$HOST/admin/gone:1"
  refuse crane manifest --insecure "$HOST/admin/gone@$digest"
}

check "logs in with the password" log_in
check "pushes an index of three architectures" push_index "$HOST/admin/multi:1" amd64 arm64 s390x
check "a wrong password is refused" wrong_password
check "an anonymous push is refused" anonymous_push
check "validates every layer of every platform" crane validate --insecure --remote "$HOST/admin/multi:1"
check "pulls the index, each blob equal to its digest" pull_index
check "pushes the pulled bytes to the same digest" push_the_same_bytes
check "copies between repositories" copy
check "pushes Docker media types" docker_media_types
check "pushes and pulls a name of four segments" deep_name
check "a one-segment name is library/name" one_segment
check "lists tags and the catalog" tags_and_catalog
check "deletes by digest" delete_by_digest
finish
