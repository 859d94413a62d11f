#!/usr/bin/env bash
# runs in: test
# regctl: copies with and without external layouts, tag and manifest calls, chunked and ranged blobs.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite regctl
start_registry
isolate_clients

log_in() {
  regctl registry set --tls disabled --skip-check "$HOST"
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | regctl registry login -u "$ACCOUNT" --pass-stdin --skip-check "$HOST"
  regctl registry config "$HOST" | grep -q "$ACCOUNT"
}

prepare() {
  [ -z "$ACCOUNT" ] || crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
  push_index "$HOST/admin/multi:1" amd64 arm64
}

copy_out_and_in() {
  regctl image copy "$HOST/admin/multi:1" "ocidir://$TMP/layout:1"
  verify_layout "$TMP/layout"
  regctl image copy "ocidir://$TMP/layout:1" "$HOST/admin/deep/er/copy:1"
  same "index digest" "$(regctl image digest "$HOST/admin/multi:1")" "$(regctl image digest "$HOST/admin/deep/er/copy:1")"
}

# Small chunks turn each blob into a run of PATCH requests with Content-Range.
chunked() {
  regctl registry set --tls disabled --skip-check --blob-chunk 65536 --blob-max 65536 "$HOST"
  regctl image copy "ocidir://$TMP/layout:1" "$HOST/admin/chunked:1"
  same "index digest" "$(regctl image digest "$HOST/admin/multi:1")" "$(regctl image digest "$HOST/admin/chunked:1")"
  crane validate --insecure --remote "$HOST/admin/chunked:1"
  regctl registry set --tls disabled --skip-check --blob-chunk 0 --blob-max 0 "$HOST"
}

blob() {
  local digest
  head -c 200000 /dev/urandom >"$TMP/blob"
  digest=$(regctl blob put "$HOST/admin/loose" <"$TMP/blob")
  same "digest" "sha256:$(sha256_of "$TMP/blob")" "$digest"
  regctl blob get "$HOST/admin/loose" "$digest" >"$TMP/blob.back"
  same "content" "$(sha256_of "$TMP/blob")" "$(sha256_of "$TMP/blob.back")"
}

tags() {
  same "tags" "1 1-amd64 1-arm64" "$(regctl tag ls "$HOST/admin/multi" | LC_ALL=C sort | xargs)"
  same "first page" "1 1-amd64" "$(regctl tag ls --limit 2 "$HOST/admin/multi" | LC_ALL=C sort | xargs)"
  regctl tag delete "$HOST/admin/deep/er/copy:1"
  refuse regctl manifest head "$HOST/admin/deep/er/copy:1"
  regctl repo ls "$HOST" | grep -qx admin/multi
}

referrers() {
  echo data | regctl artifact put --subject "$HOST/admin/multi:1" --artifact-type application/vnd.example.note
  same "referrers" application/vnd.example.note \
    "$(regctl artifact list "$HOST/admin/multi:1" --format '{{range .Descriptors}}{{.ArtifactType}}{{end}}')"
}

platform() {
  same "platform digest" "$(crane digest --insecure "$HOST/admin/multi:1-arm64")" \
    "$(regctl image digest --platform linux/arm64 "$HOST/admin/multi:1")"
}

check "logs in" log_in
check "crane pushes an index to work with" prepare
check "copies to a layout and back, digest unchanged" copy_out_and_in
check "pushes in chunks of 64 KiB" chunked
check "puts and gets a blob" blob
check "picks a platform of an index" platform
check "attaches and lists a referrer" referrers
check "lists, pages and deletes tags" tags
finish
