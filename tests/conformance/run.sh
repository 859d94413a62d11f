#!/usr/bin/env bash
# runs in: test
# The OCI distribution conformance program with everything switched on, twice: against the default
# configuration (all but sparse manifests, which it refuses), and with sparse manifests allowed.
# A failed, erroneous or skipped case fails the run; the counts are printed.
#
# Variables of the program that are set here, each named after a field of its configuration:
#   OCI_VERSION                      1.1+dev: the development edition of the specification
#   OCI_REGISTRY OCI_TLS             host and port; disabled = plain HTTP
#   OCI_REPO1 OCI_REPO2              where it pushes; the second one is the target of mounts
#   OCI_USERNAME OCI_PASSWORD        a real account; tokens are cached (OCI_CACHE_AUTH)
#   OCI_RESULTS_DIR OCI_LOG          where results.yaml and junit.xml go; log level
#   OCI_API_PING _PULL _PUSH _REFERRER
#   OCI_API_BLOBS_ATOMIC _DELETE _DIGEST_HEADER _MOUNT_ANONYMOUS _UPLOAD_CANCEL
#   OCI_API_MANIFESTS_ATOMIC _DELETE _DIGEST_HEADER _TAG_PARAM
#   OCI_API_TAGS_ATOMIC _DELETE _LIST
#   OCI_DATA_IMAGE _INDEX _INDEX_LIST _SPARSE _ARTIFACT _SUBJECT _SUBJECT_MISSING _ARTIFACT_LIST
#   OCI_DATA_SUBJECT_LIST _DATA_FIELD _NONDISTRIBUTABLE _CUSTOM_FIELDS _NO_LAYERS _EMPTY_BLOB _SHA512
# With OCI_DATA_SPARSE=false the program lists its sparse cases as disabled; no other may be.
source "$(dirname "$0")/../../tools/suite.sh"
suite conformance

switch_everything_on() {
  local api data
  for api in PING PULL PUSH REFERRER BLOBS_{ATOMIC,DELETE,DIGEST_HEADER,MOUNT_ANONYMOUS,UPLOAD_CANCEL} \
    MANIFESTS_{ATOMIC,DELETE,DIGEST_HEADER,TAG_PARAM} TAGS_{ATOMIC,DELETE,LIST}; do
    export "OCI_API_$api=true"
  done
  for data in IMAGE INDEX INDEX_LIST ARTIFACT SUBJECT SUBJECT_MISSING ARTIFACT_LIST SUBJECT_LIST \
    DATA_FIELD NONDISTRIBUTABLE CUSTOM_FIELDS NO_LAYERS EMPTY_BLOB SHA512; do
    export "OCI_DATA_$data=true"
  done
  export OCI_VERSION=1.1+dev OCI_TLS=disabled OCI_CACHE_AUTH=true OCI_LOG=error
  export OCI_REPO1=conformance/repo1 OCI_REPO2=conformance/repo2
}

# Reads the junit report: one verdict a case, printed as `passed failed skipped disabled`.
count_cases() {
  python3 - "$1" <<'PY'
import sys, xml.etree.ElementTree as tree

counts = dict(passed=0, failed=0, skipped=0, disabled=0)
for case in tree.parse(sys.argv[1]).iter("testcase"):
    status, reason = case.get("status"), case.findtext("system-out") or ""
    if status == "passed":
        counts["passed"] += 1
        continue
    kind = "disabled" if status == "skipped" and "disabled" in reason else status
    kind = {"failure": "failed", "error": "failed"}.get(kind, kind)
    counts[kind] = counts.get(kind, 0) + 1
    print(f"# {kind}: {case.get('name')} {reason.strip()}"[:400], file=sys.stderr)
print(counts["passed"], counts["failed"], counts["skipped"], counts["disabled"])
PY
}

# run_program NAME SPARSE: one whole run; each kind of verdict is a check of its own.
run_program() {
  local name=$1 results=$TMP/results-$1 totals good bad skipped disabled
  export OCI_REGISTRY=$HOST OCI_USERNAME=$ACCOUNT OCI_PASSWORD=$PASSWORD
  export OCI_RESULTS_DIR=$results OCI_DATA_SPARSE=$2
  timeout 600 conformance >"$TMP/$name.log" 2>&1
  if [ ! -s "$results/junit.xml" ]; then
    tail -n 20 "$TMP/$name.log" | sed 's/^/# /'
    check "$name: the program ends with a report" false
    return
  fi
  totals=$(count_cases "$results/junit.xml" 2>"$TMP/$name.cases")
  read -r good bad skipped disabled <<<"$totals"
  if [ "$bad" -gt 0 ] || [ "$skipped" -gt 0 ]; then grep -E '^# (failed|skipped)' "$TMP/$name.cases" | head -n 60; fi
  echo "# conformance, $name: $good passed, $bad failed, $skipped skipped, $disabled disabled"
  check "$name: $good cases pass, none fails" test "$good" -gt 900 -a "$bad" -eq 0
  check "$name: nothing is skipped" test "$skipped" -eq 0
  check "$name: only sparse cases are disabled" only_sparse_is_disabled "$TMP/$name.cases" "$2"
}

only_sparse_is_disabled() {
  local others
  others=$(grep '^# disabled' "$1" | { if [ "$2" = true ]; then cat; else grep -vi sparse; fi } || true)
  [ -z "$others" ] || { echo "$others"; return 1; }
}

switch_everything_on
ACCOUNT=conformance
start_registry
run_program "default configuration" false
start_registry SLIPWAY__REGISTRY__SPARSE_MANIFESTS=true
run_program "sparse manifests allowed" true
finish
