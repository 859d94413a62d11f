#!/usr/bin/env bash
# Builds the container image with buildah.
#
#   tools/image.sh localhost/slipway:latest
#
# BASE        image to build on; without it debian:12-slim is pulled, and where that cannot be, one is
#             made from Debian's packages (tools/base_image.sh)
# TOOLCHAIN   image with the Rust toolchain that compiles inside; without it, or where it cannot be
#             pulled, the binary comes from the host
# SLIPWAY_BIN a binary already built; implies that nothing is compiled inside
# ISOLATION   buildah's isolation (default chroot, which works inside most sandboxes)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
image=${1:?image name}
export PATH="$PATH:$HOME/.cargo/bin"
say() { printf 'image: %s\n' "$*" >&2; }

if [ -z "${BASE:-}" ]; then
  if timeout 30 buildah pull -q debian:12-slim >/dev/null 2>&1; then
    BASE=debian:12-slim
  else
    BASE=localhost/slipway-base:latest
    say "no image registry is reached; making $BASE from Debian's packages"
    tools/base_image.sh "$BASE" >/dev/null
  fi
fi

binary=build
if [ -n "${SLIPWAY_BIN:-}" ] || [ -z "${TOOLCHAIN:-}" ] || ! timeout 60 buildah pull -q "$TOOLCHAIN" >/dev/null 2>&1; then
  binary=prebuilt
  if [ -z "${SLIPWAY_BIN:-}" ]; then
    say "compiling on the host"
    cargo build --release --locked --bin slipway
    SLIPWAY_BIN=${CARGO_TARGET_DIR:-target}/release/slipway
  fi
  mkdir -p .cache/image
  # Line tables stay with the host's copy; the image carries symbols only.
  objcopy --strip-debug "$SLIPWAY_BIN" .cache/image/slipway
fi

# The Docker image format is asked for because the OCI one has no place for a health check.
buildah bud --format docker --isolation "${ISOLATION:-chroot}" --network host --layers \
  --build-arg BASE="$BASE" --build-arg BINARY="$binary" ${TOOLCHAIN:+--build-arg TOOLCHAIN="$TOOLCHAIN"} \
  -f Containerfile -t "$image" .
say "built $image"
