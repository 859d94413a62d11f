#!/usr/bin/env bash
# runs in: nightly
# cosign: keys made here, sign and verify, attest and verify, without a transparency log.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite cosign
start_registry
isolate_clients
export COSIGN_PASSWORD=test-only COSIGN_YES=true
plain=(--allow-insecure-registry --allow-http-registry)

prepare() {
  [ -z "$ACCOUNT" ] || crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
  push_index "$HOST/admin/signed:1" amd64 arm64
  cd "$TMP" && cosign generate-key-pair
}

image() { echo "$HOST/admin/signed@$(crane digest --insecure "$HOST/admin/signed:1")"; }

sign() { cosign sign --key "$TMP/cosign.key" --tlog-upload=false "${plain[@]}" -y "$(image)"; }

verify() { cosign verify --key "$TMP/cosign.pub" --insecure-ignore-tlog "${plain[@]}" "$(image)"; }

wrong_key() {
  mkdir -p "$TMP/other" && cd "$TMP/other" && cosign generate-key-pair
  refuse cosign verify --key "$TMP/other/cosign.pub" --insecure-ignore-tlog "${plain[@]}" "$(image)"
}

attest() {
  echo '{"builder":"here"}' >"$TMP/predicate.json"
  cosign attest --key "$TMP/cosign.key" --tlog-upload=false "${plain[@]}" -y --type custom \
    --predicate "$TMP/predicate.json" "$(image)"
  cosign verify-attestation --key "$TMP/cosign.pub" --insecure-ignore-tlog "${plain[@]}" --type custom "$(image)"
}

check "crane pushes an index to sign" prepare
check "signs it" sign
check "verifies it" verify
check "does not verify with another key" wrong_key
check "attests and verifies the attestation" attest
finish
