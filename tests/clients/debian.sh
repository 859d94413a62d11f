#!/usr/bin/env bash
# runs in: nightly
# A Debian image of two architectures, made of Debian's own packages: pushed by crane, skopeo and podman,
# pulled back by each, compared by digest and by file list, and run where the architecture is this one's.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite debian
start_registry
isolate_clients

# The trees are kept between runs: fetching and unpacking them takes minutes, all else seconds.
cache=$(cd "$root" && realpath -m "${CARGO_TARGET_DIR:-target}")/debian-image
release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME" || echo bookworm)
native=$(dpkg --print-architecture)
case $native in amd64) foreign=arm64 ;; *) foreign=amd64 ;; esac
policy=(--policy "$TMP/clients/policy.json")
image=$HOST/admin/debian:12

suite_cleanup() { podman system reset -f >/dev/null 2>&1 || true; }

# The mirror that this machine installs its own packages from; nothing where it has none of the release.
mirror() {
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$release" '$2 == release && $3 == "main" {print $1; exit}'
}

# pack TREE FILE: the same tree gives the same bytes.
pack() {
  tar --sort=name --mtime=@1700000000 --numeric-owner -C "$1" -cf - . | gzip -n -6 >"$2.part"
  mv "$2.part" "$2"
}

# list_files ARCHIVE...: the paths in layers put on one another; standard input for one named `-`.
list_files() {
  local archive
  for archive in "$@"; do tar -tf "$archive"; done | sed -e 's,^\./,,' -e 's,/$,,' | sed '/^$/d' | LC_ALL=C sort -u
}

# The programs of a foreign architecture cannot configure themselves here: unpacked is all they get.
unpack_foreign() {
  local tree=$1 package
  for package in "$tree"/var/cache/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$tree"
    dpkg-deb -f "$package" | sed '1a Status: install ok unpacked'
    echo
  done >"$tree/status"
  mv "$tree/status" "$tree/var/lib/dpkg/status"
  rm -rf "$tree/debootstrap"
}

# make_base ARCHITECTURE: $cache/RELEASE-ARCHITECTURE.tar.gz, the packages that every Debian has.
make_base() {
  local arch=$1 tree=$TMP/tree-$1 archive=$cache/$release-$1.tar.gz ways=()
  [ -s "$archive" ] && return 0
  [ "$(id -u)" -eq 0 ] || { echo "debootstrap needs root"; return 1; }
  [ "$arch" = "$native" ] || ways=(--foreign)
  mkdir -p "$cache"
  debootstrap "${ways[@]:+${ways[@]}}" --arch="$arch" --variant=minbase "$release" "$tree" $(mirror)
  [ "$arch" = "$native" ] || unpack_foreign "$tree"
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
  pack "$tree" "$archive"
  rm -rf "$tree"
}

# The second layer differs by architecture, and its program needs what the first one brings.
make_top() {
  local arch=$1 tree=$TMP/top-$1
  mkdir -p "$tree/usr/bin" "$tree/srv"
  printf '#!/bin/bash\n. /etc/os-release\necho "$ID $VERSION_CODENAME %s $(dpkg --print-architecture)"\n' "$arch" >"$tree/usr/bin/about"
  chmod 755 "$tree/usr/bin/about"
  echo "$arch" >"$tree/srv/architecture"
  pack "$tree" "$TMP/top-$arch.tar.gz"
}

make_layers() {
  local arch
  for arch in "$native" "$foreign"; do
    make_base "$arch"
    make_top "$arch"
    list_files "$cache/$release-$arch.tar.gz" "$TMP/top-$arch.tar.gz" >"$TMP/files-$arch"
    [ "$(wc -l <"$TMP/files-$arch")" -gt 5000 ]
    grep -qx usr/bin/dpkg "$TMP/files-$arch"
  done
}

log_in() {
  [ -n "$ACCOUNT" ] || return 0
  crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
}

push() {
  local arch parts=()
  for arch in "$native" "$foreign"; do
    crane append --insecure --oci-empty-base --platform "linux/$arch" \
      -f "$cache/$release-$arch.tar.gz" -f "$TMP/top-$arch.tar.gz" -t "$image-$arch"
    crane mutate --insecure --set-platform "linux/$arch" --cmd /usr/bin/about \
      -e PATH=/usr/sbin:/usr/bin:/sbin:/bin -t "$image-$arch" "$image-$arch"
    parts+=(-m "$image-$arch")
  done
  crane index append --insecure "${parts[@]}" -t "$image"
  same "layer of the release" "sha256:$(sha256_of "$cache/$release-$foreign.tar.gz")" \
    "$(crane manifest --insecure "$image-$foreign" | jq -r '.layers[0].digest')"
}

# compare_layout LAYOUT MANIFEST ARCHITECTURE: the layers of that manifest unpack to the files packed above.
compare_layout() {
  local layers
  mapfile -t layers < <(jq -r '.layers[].digest' "$1/blobs/sha256/${2#sha256:}")
  same "layers for $3" 2 "${#layers[@]}"
  list_files "${layers[@]/#sha256:/$1/blobs/sha256/}" | diff "$TMP/files-$3" - >"$TMP/diff" ||
    { head -n 5 "$TMP/diff"; return 1; }
}

pull_by_crane() {
  local arch
  crane pull --insecure --format oci "$image" "$TMP/by-crane"
  verify_layout "$TMP/by-crane"
  same "index" "$(crane digest --insecure "$image")" "$(layout_digest "$TMP/by-crane")"
  for arch in "$native" "$foreign"; do
    compare_layout "$TMP/by-crane" "$(crane digest --insecure "$image-$arch")" "$arch"
  done
}

copy_by_skopeo() {
  local arch digest
  skopeo "${policy[@]}" copy -q --all --src-tls-verify=false "docker://$image" "oci:$TMP/by-skopeo:12"
  verify_layout "$TMP/by-skopeo"
  for arch in "$native" "$foreign"; do
    digest=$(jq -r --arg arch "$arch" '.manifests[] | select(.platform.architecture == $arch).digest' \
      "$TMP/by-skopeo/blobs/sha256/$(layout_digest "$TMP/by-skopeo" 12 | cut -d: -f2)")
    same "manifest for $arch" "$(crane digest --insecure "$image-$arch")" "$digest"
    compare_layout "$TMP/by-skopeo" "$digest" "$arch"
  done
  skopeo "${policy[@]}" copy -q --all --dest-tls-verify=false "oci:$TMP/by-skopeo:12" "docker://$HOST/admin/skopeo/debian:12"
  same "index pushed by skopeo" "$(layout_digest "$TMP/by-skopeo" 12)" "$(crane digest --insecure "$HOST/admin/skopeo/debian:12")"
  crane validate --insecure --remote "$HOST/admin/skopeo/debian:12"
}

# pull_by_podman ARCHITECTURE: by the tag of the index; what is unpacked here is compared.
pull_by_podman() {
  local arch=$1 container
  podman rmi -af >/dev/null
  podman pull -q --arch "$arch" "$image"
  same "architecture" "$arch" "$(podman image inspect --format '{{.Architecture}}' "$image")"
  podman image inspect --format '{{json .RepoDigests}}' "$image" | grep -q "$(crane digest --insecure "$image-$arch")"
  container=$(podman create --arch "$arch" "$image")
  podman export "$container" | list_files - >"$TMP/exported"
  podman rm "$container" >/dev/null
  # A container brings a few places of its own to hang things on; none of the image's may be missing.
  LC_ALL=C comm -23 "$TMP/files-$arch" "$TMP/exported" >"$TMP/missing"
  [ ! -s "$TMP/missing" ] || { echo "$(wc -l <"$TMP/missing") files are missing:"; head -n 5 "$TMP/missing"; return 1; }
}

push_by_podman() {
  local arch
  podman manifest create both
  for arch in "$native" "$foreign"; do podman manifest add --tls-verify=false --arch "$arch" both "docker://$image-$arch"; done
  podman manifest push --tls-verify=false --all both "docker://$HOST/admin/podman/debian:12"
  for arch in "$native" "$foreign"; do
    same "manifest for $arch" "$(crane digest --insecure "$image-$arch")" \
      "$(crane digest --insecure --platform "linux/$arch" "$HOST/admin/podman/debian:12")"
  done
}

# Each client picks out of the index by itself; an architecture that is not in it is refused.
select_platform() {
  local arch wanted
  for arch in "$native" "$foreign"; do
    wanted=$(crane digest --insecure "$image-$arch")
    same "crane's choice" "$wanted" "$(crane digest --insecure --platform "linux/$arch" "$image")"
    same "skopeo's choice" "$arch" "$(skopeo inspect --tls-verify=false --override-arch "$arch" "docker://$image" | jq -r .Architecture)"
    same "file of $arch" "$arch" \
      "$(crane export --insecure --platform "linux/$arch" "$image" - | tar -xOf - srv/architecture)"
  done
  refuse crane digest --insecure --platform linux/s390x "$image"
  refuse skopeo inspect --tls-verify=false --override-arch s390x "docker://$image"
}

run_native() {
  podman rmi -af >/dev/null
  same "output" "debian $release $native $native" "$(podman run --rm "$image")"
  podman run --rm "$image" dpkg-query -W | wc -l | xargs test 50 -lt
  podman run --rm "$image" dpkg --audit | diff /dev/null -
}

check "Debian for $native and $foreign is there to be pushed" make_layers
check "logs in" log_in
check "crane pushes two images and their index" push
check "crane pulls the index back, with every file" pull_by_crane
check "skopeo copies it out and in, with every file" copy_by_skopeo
check "each client picks the platform it is asked for" select_platform
check "podman pulls $native, with every file" pull_by_podman "$native"
check "podman pulls $foreign, with every file" pull_by_podman "$foreign"
check "podman pushes an index of both" push_by_podman
check "podman runs the $native one" run_native
finish
