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

# Prints the program's own totals as `passed failed skipped disabled`, and every case that did not
# pass, with its reason, to standard error.
read_totals() {
  python3 - "$1" <<'PY'
import sys, xml.etree.ElementTree as tree

suite = tree.parse(sys.argv[1]).find("testsuite")
count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped", "disabled")}
failed = count["failures"] + count["errors"]
print(count["tests"] - failed - count["skipped"] - count["disabled"], failed, count["skipped"], count["disabled"])
for case in suite.iter("testcase"):
    if case.get("status") != "passed":
        reason = "; ".join((case.findtext("system-out") or "").split("\n"))
        print(f"# {case.get('status')}: {case.get('name')}: {reason}"[:300], file=sys.stderr)
PY
}

# The program's table of interfaces and data kinds: each line must say Pass, but for the sparse
# manifests of the run that leaves them out.
everything_passes() {
  local others
  others=$(sed -n '/^API conformance:/,$p' "$1" | grep -E '^  .*: +[A-Za-z]+$' | grep -v ': *Pass$' |
    { if [ "$2" = true ]; then cat; else grep -v '^  Sparse Manifests.*: *Disabled$'; fi } || true)
  [ -z "$others" ] || { echo "$others"; return 1; }
}

# run_program NAME SPARSE: one whole run; failures, skips and the table are a check each.
run_program() {
  local name=$1 results=$TMP/results-$2 log=$TMP/program-$2.log good bad skipped disabled
  export OCI_REGISTRY=$HOST OCI_USERNAME=$ACCOUNT OCI_PASSWORD=$PASSWORD
  export OCI_RESULTS_DIR=$results OCI_DATA_SPARSE=$2
  timeout 600 conformance >"$log" 2>&1
  if [ ! -s "$results/junit.xml" ]; then
    tail -n 20 "$log" | sed 's/^/# /'
    check "$name: the program ends with a report" false
    return
  fi
  read -r good bad skipped disabled < <(read_totals "$results/junit.xml" 2>"$TMP/cases")
  head -n 60 "$TMP/cases"
  echo "# conformance, $name: $good passed, $bad failed, $skipped skipped, $disabled disabled"
  check "$name: $good cases pass and none fails" test "$good" -gt 900 -a "$bad" -eq 0
  check "$name: nothing is skipped or disabled" test "$((skipped + disabled))" -eq 0
  check "$name: every interface and data kind passes" everything_passes "$log" "$2"
}

switch_everything_on
ACCOUNT=conformance
start_registry
run_program "default configuration" false
start_registry SLIPWAY__REGISTRY__SPARSE_MANIFESTS=true
run_program "sparse manifests allowed" true
finish
