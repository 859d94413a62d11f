# shellcheck shell=bash
# Images for the client suites, made on the spot without a network; sourced, never run.

# write_layer FILE NAME BYTES: a gzipped tar with one file of random bytes under /srv.
write_layer() {
  local tree=$TMP/tree-$2
  mkdir -p "$tree/srv"
  head -c "$3" /dev/urandom >"$tree/srv/$2"
  tar --sort=name --mtime=@1700000000 --numeric-owner --owner=0 --group=0 -C "$tree" -cf - . | gzip -n -1 >"$1"
  rm -rf "$tree"
}

# push_index REFERENCE ARCHITECTURE...: pushes one three-layer image per architecture and an OCI index
# of them all at REFERENCE, with crane.
push_index() {
  local reference=$1 arch parts=()
  shift
  write_layer "$TMP/shared-layer.tgz" shared 1500000
  for arch in "$@"; do
    write_layer "$TMP/layer-$arch.tgz" "$arch" 700000
    write_layer "$TMP/small-$arch.tgz" "small-$arch" 900
    crane append --insecure --oci-empty-base --platform "linux/$arch" \
      -f "$TMP/shared-layer.tgz" -f "$TMP/layer-$arch.tgz" -f "$TMP/small-$arch.tgz" -t "$reference-$arch"
    crane mutate --insecure --set-platform "linux/$arch" --entrypoint /srv/shared -t "$reference-$arch" "$reference-$arch"
    parts+=(-m "$reference-$arch")
  done
  crane index append --insecure "${parts[@]}" -t "$reference"
}

# layout_digest LAYOUT [TAG]: the digest that an OCI layout's index.json names.
layout_digest() {
  jq -r --arg tag "${2:-}" \
    '[.manifests[] | select($tag == "" or .annotations["org.opencontainers.image.ref.name"] == $tag)][0].digest' "$1/index.json"
}

# verify_layout LAYOUT: every blob file of an OCI layout hashes to its own name.
verify_layout() {
  local file count=0
  for file in "$1"/blobs/sha256/*; do
    same "content of $file" "$(basename "$file")" "$(sha256_of "$file")"
    count=$((count + 1))
  done
  [ "$count" -gt 1 ]
}
