#!/usr/bin/env bash
# runs in: test
# skopeo: copies between a layout, the registry and back; inspection, all platforms, sync, deletion.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite skopeo
start_registry
isolate_clients
tls=(--tls-verify=false)
policy=(--policy "$TMP/clients/policy.json")

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | skopeo login "${tls[@]}" -u "$ACCOUNT" --password-stdin "$HOST"
  echo wrong | refuse_login skopeo login "${tls[@]}" --authfile "$TMP/wrong.json" -u "$ACCOUNT" --password-stdin "$HOST"
}

# Digests of the images in an index, whoever wrote it.
children() { jq -r '[.manifests[].digest] | sort | join(" ")'; }

# This client writes the index of a list anew; the images in it must stay what they were.
copy_out() {
  skopeo "${policy[@]}" copy -q --all --src-tls-verify=false "docker://$HOST/admin/multi:1" "oci:$TMP/layout:1"
  verify_layout "$TMP/layout"
  same "images of the index" "$(crane manifest --insecure "$HOST/admin/multi:1" | children)" \
    "$(children <"$TMP/layout/blobs/sha256/$(layout_digest "$TMP/layout" 1 | cut -d: -f2)")"
}

copy_in() {
  skopeo "${policy[@]}" copy -q --all --dest-tls-verify=false "oci:$TMP/layout:1" "docker://$HOST/admin/team/from-layout:1"
  same "index digest" "$(layout_digest "$TMP/layout" 1)" "$(crane digest --insecure "$HOST/admin/team/from-layout:1")"
}

# The client asks to mount each blob from the repository it saw it in.
copy_within() {
  skopeo "${policy[@]}" copy -q --all --src-tls-verify=false --dest-tls-verify=false \
    "docker://$HOST/admin/team/from-layout:1" "docker://$HOST/admin/within:1"
  same "index digest" "$(layout_digest "$TMP/layout" 1)" "$(crane digest --insecure "$HOST/admin/within:1")"
  crane validate --insecure --remote "$HOST/admin/within:1"
}

convert() {
  skopeo "${policy[@]}" copy -q --format v2s2 --src-tls-verify=false --dest-tls-verify=false \
    "docker://$HOST/admin/multi:1-amd64" "docker://$HOST/admin/docker:1"
  same "media type" application/vnd.docker.distribution.manifest.v2+json \
    "$(skopeo inspect "${tls[@]}" --raw "docker://$HOST/admin/docker:1" | jq -r .mediaType)"
}

inspect() {
  same "digest" "$(crane digest --insecure "$HOST/admin/multi:1-arm64")" \
    "$(skopeo inspect "${tls[@]}" --override-arch arm64 "docker://$HOST/admin/multi:1-arm64" | jq -r .Digest)"
  same "layers" 3 "$(skopeo inspect "${tls[@]}" --override-arch arm64 "docker://$HOST/admin/multi:1-arm64" | jq '.Layers | length')"
}

list_tags() {
  same "tags" "1 1-amd64 1-arm64" \
    "$(skopeo list-tags "${tls[@]}" "docker://$HOST/admin/multi" | jq -r '.Tags | sort | join(" ")')"
}

synchronise() {
  skopeo "${policy[@]}" sync --all --src docker --dest dir --src-tls-verify=false "$HOST/admin/multi" "$TMP/synced" >/dev/null
  same "tags on disk" 3 "$(find "$TMP/synced" -mindepth 1 -maxdepth 1 | wc -l)"
}

delete() {
  skopeo delete "${tls[@]}" "docker://$HOST/admin/docker:1"
  refuse skopeo inspect "${tls[@]}" --raw "docker://$HOST/admin/docker:1"
}

check "logs in, and not with a wrong password" log_in
check "crane pushes an index to work with" push_index "$HOST/admin/multi:1" amd64 arm64
check "copies all platforms to a layout, each blob equal to its digest" copy_out
check "copies the layout into a nested name, digest unchanged" copy_in
check "copies between repositories, digest unchanged" copy_within
check "converts to Docker media types" convert
check "inspects" inspect
check "lists tags" list_tags
check "syncs a repository to disk" synchronise
check "deletes" delete
finish
