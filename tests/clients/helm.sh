#!/usr/bin/env bash
# runs in: nightly
# helm: a chart packed here, pushed and pulled as an OCI artifact.
source "$(dirname "$0")/../../tools/suite.sh"
suite helm
start_registry
isolate_clients
export HELM_CONFIG_HOME=$TMP/helm/config HELM_CACHE_HOME=$TMP/helm/cache HELM_DATA_HOME=$TMP/helm/data
export HELM_REGISTRY_CONFIG=$REGISTRY_AUTH_FILE

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  echo "$PASSWORD" | helm registry login --plain-http -u "$ACCOUNT" --password-stdin "$HOST"
}

push() {
  cd "$TMP" && helm create sample && helm package sample --version 1.2.3
  helm push --plain-http sample-1.2.3.tgz "oci://$HOST/admin/charts"
}

pull() {
  mkdir -p "$TMP/pulled" && cd "$TMP/pulled"
  helm pull --plain-http "oci://$HOST/admin/charts/sample" --version 1.2.3
  same "chart" "$(sha256_of "$TMP/sample-1.2.3.tgz")" "$(sha256_of "$TMP/pulled/sample-1.2.3.tgz")"
}

render() {
  helm template try "oci://$HOST/admin/charts/sample" --plain-http --version 1.2.3 | grep -q 'kind: Deployment'
  helm show chart --plain-http "oci://$HOST/admin/charts/sample" --version 1.2.3 | grep -qx 'version: 1.2.3'
}

check "logs in" log_in
check "packs and pushes a chart" push
check "pulls it byte for byte" pull
check "renders it from the registry" render
finish
