#!/usr/bin/env bash
# runs in: test
# oras: artifacts with types of their own, attach and discover through referrers, copies with referrers.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite oras
start_registry
isolate_clients
plain=(--plain-http --no-tty)

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | oras login --plain-http -u "$ACCOUNT" --password-stdin "$HOST"
}

# oras reads and writes files by relative name.
push_artifact() {
  cd "$TMP"
  head -c 300000 /dev/urandom >model.bin
  echo '{"note":"hello"}' >note.json
  oras push "${plain[@]}" "$HOST/admin/artifacts/model:1" --artifact-type application/vnd.example.model.v1 \
    --annotation example.key=value model.bin:application/vnd.example.weights note.json:application/json
}

pull_artifact() {
  mkdir -p "$TMP/out"
  oras pull "${plain[@]}" -o "$TMP/out" "$HOST/admin/artifacts/model:1"
  same "model.bin" "$(sha256_of "$TMP/model.bin")" "$(sha256_of "$TMP/out/model.bin")"
  same "note.json" "$(sha256_of "$TMP/note.json")" "$(sha256_of "$TMP/out/note.json")"
  same "artifact type" application/vnd.example.model.v1 \
    "$(oras manifest fetch --plain-http "$HOST/admin/artifacts/model:1" | jq -r .artifactType)"
}

attach() {
  cd "$TMP"
  echo '{"sbom":true}' >sbom.json
  echo signature >signature.txt
  oras attach "${plain[@]}" --distribution-spec v1.1-referrers-api --artifact-type application/vnd.example.sbom.v1 \
    "$HOST/admin/artifacts/model:1" sbom.json:application/json
  oras attach "${plain[@]}" --distribution-spec v1.1-referrers-api --artifact-type application/vnd.example.signature.v1 \
    "$HOST/admin/artifacts/model:1" signature.txt:text/plain
}

discover() {
  local found
  found=$(oras discover --plain-http --distribution-spec v1.1-referrers-api --format json "$HOST/admin/artifacts/model:1")
  same "referrers" "application/vnd.example.sbom.v1 application/vnd.example.signature.v1" \
    "$(jq -r '[(.referrers // .manifests)[].artifactType] | sort | join(" ")' <<<"$found")"
  found=$(oras discover --plain-http --distribution-spec v1.1-referrers-api --format json \
    --artifact-type application/vnd.example.sbom.v1 "$HOST/admin/artifacts/model:1")
  same "filtered referrers" application/vnd.example.sbom.v1 \
    "$(jq -r '[(.referrers // .manifests)[].artifactType] | join(" ")' <<<"$found")"
}

copy_with_referrers() {
  oras cp -r --no-tty --from-plain-http --to-plain-http "$HOST/admin/artifacts/model:1" "$HOST/admin/mirror:1"
  same "referrers at the copy" 2 "$(oras discover --plain-http --distribution-spec v1.1-referrers-api --format json \
    "$HOST/admin/mirror:1" | jq '(.referrers // .manifests) | length')"
}

blobs() {
  local digest
  digest=sha256:$(sha256_of "$TMP/model.bin")
  oras blob push "${plain[@]}" "$HOST/admin/loose@$digest" "$TMP/model.bin"
  oras blob fetch "${plain[@]}" --output "$TMP/loose.bin" "$HOST/admin/loose@$digest"
  same "blob" "$digest" "sha256:$(sha256_of "$TMP/loose.bin")"
  oras blob delete --plain-http --force "$HOST/admin/loose@$digest"
  refuse oras blob fetch "${plain[@]}" --output "$TMP/none.bin" "$HOST/admin/loose@$digest"
}

delete_manifest() {
  oras tag --plain-http "$HOST/admin/mirror:1" extra
  same "tags" "1 extra" "$(oras repo tags --plain-http "$HOST/admin/mirror" | LC_ALL=C sort | xargs)"
  oras manifest delete --plain-http --force "$HOST/admin/mirror@$(oras resolve --plain-http "$HOST/admin/mirror:1")"
  refuse oras manifest fetch --plain-http "$HOST/admin/mirror:extra"
}

check "logs in" log_in
check "pushes an artifact of two files" push_artifact
check "pulls it byte for byte" pull_artifact
check "attaches two referrers" attach
check "discovers them, and by type" discover
check "copies an artifact with its referrers" copy_with_referrers
check "pushes, fetches and deletes a loose blob" blobs
check "tags, lists and deletes" delete_manifest
finish
