#!/usr/bin/env bash
# Makes a minimal Debian image out of Debian's own packages, for machines that reach no image registry.
#
#   tools/base_image.sh localhost/debian:12
#
# The root file system is kept as .cache/base-<suite>.tar.gz, so that a second call takes seconds.
# Needs root, debootstrap and buildah (tools/setup.sh test installs both). The suite is the host's own
# where the host is Debian, since a binary built on the host wants a C library at least as new.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
image=${1:?image name}
suite=${SUITE:-$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME" || echo bookworm)}
archive=$root/.cache/base-$suite.tar.gz

if [ ! -s "$archive" ]; then
  [ "$(id -u)" -eq 0 ] || { echo "base_image: debootstrap needs root" >&2; exit 1; }
  work=$(mktemp -d /tmp/slipway-base.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$root/.cache"
  debootstrap --variant=minbase "$suite" "$work/tree" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; exit 1; }
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/* "$work"/tree/usr/share/{doc,man,locale}/*
  tar --sort=name --mtime=@1700000000 --numeric-owner -C "$work/tree" -czf "$archive.part" .
  mv "$archive.part" "$archive"
fi

container=$(buildah from scratch)
buildah add -q "$container" "$archive" / >/dev/null
buildah config --cmd /bin/bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit -q --rm "$container" "$image"
