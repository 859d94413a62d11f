#!/usr/bin/env bash
# Installs what this machine lacks to build, serve and test Slipway.
#
#   tools/setup.sh            compiler, PostgreSQL server programs
#   tools/setup.sh test       and the clients and programs that `make test` drives
#   tools/setup.sh nightly    and those of `make nightly`
#
# Made for Debian and its relatives, as root or with sudo. Safe to repeat: a second run only looks.
# PostgreSQL is installed as programs only; no cluster is made and no service is started, since
# Slipway runs a private one out of its own data folder.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache_bin=$root/.cache/bin
want=${1:-run}

crane_version=v0.22.1
regctl_version=v0.11.7
oras_version=v1.3.6
conformance_version=v0.0.0-20260831232431-97274622c111
cosign_version=v2.6.5
helm_version=v3.22.0
mailpit_version=v1.27.11

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "root rights are needed for: $* (run as root, or install sudo)"
  fi
}

apt_refreshed=no
apt_install() {
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "this machine has no apt-get; install by hand: $*"
  say "installing $*"
  if [ "$apt_refreshed" = no ]; then
    as_root apt-get update -qq || say "the package lists could not be refreshed; trying with the old ones"
    apt_refreshed=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Prints the packages of the given `program:package` pairs whose program is not found.
missing_packages() {
  local pair
  for pair in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair##*:}"
  done | sort -u
}

have_postgres() {
  command -v postgres >/dev/null && return 0
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

install_postgres() {
  have_postgres && return 0
  # Read by the package's own set-up: without it a cluster on port 5432 would be made and started.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  apt_install postgresql
  have_postgres || fail "the postgresql package is installed, but its server program was not found"
}

install_build_tools() {
  local packages
  mapfile -t packages < <(missing_packages cc:gcc ld:binutils make:make pkg-config:pkg-config git:git curl:curl)
  # A compiler without the C library's headers cannot build the crypto crate.
  [ -e /usr/include/stdlib.h ] || packages+=(libc6-dev)
  # Without them neither cargo nor go can fetch anything.
  [ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
  apt_install "${packages[@]}"
  command -v cargo >/dev/null || [ -x "$HOME/.cargo/bin/cargo" ] || apt_install rustup || true
  PATH=$PATH:$HOME/.cargo/bin command -v cargo >/dev/null ||
    fail "cargo was not found; install the Rust toolchain named in rust-toolchain.toml with rustup"
}

# Finds a program among PATH, the cache folder and Go's own folder, and links it into the cache folder.
cached() {
  local name=$1 found
  [ -x "$cache_bin/$name" ] && return 0
  for found in "$(command -v "$name" || true)" "$(go env GOBIN 2>/dev/null || true)/$name" \
    "$(go env GOPATH 2>/dev/null || true)/bin/$name"; do
    if [ -n "$found" ] && [ -x "$found" ]; then ln -sf "$found" "$cache_bin/$name"; return 0; fi
  done
  return 1
}

go_install() {
  local name=$1 module=$2
  cached "$name" && return 0
  command -v go >/dev/null || apt_install golang-go
  # Older ones cannot fetch the newer toolchain that these programs ask for.
  local minor
  minor=$(go env GOVERSION | cut -d. -f2)
  [ "${minor:-0}" -ge 21 ] || fail "Go 1.21 or newer is needed to build $name; this is $(go env GOVERSION)"
  say "building $name from $module"
  CGO_ENABLED=0 GOFLAGS='-buildvcs=false -trimpath' GOBIN=$cache_bin go install -ldflags='-s -w' "$module"
}

install_test_tools() {
  local packages
  mapfile -t packages < <(missing_packages \
    skopeo:skopeo podman:podman buildah:buildah runc:runc pgbouncer:pgbouncer openssl:openssl \
    jq:jq python3:python3 setpriv:util-linux flock:util-linux debootstrap:debootstrap \
    psql:postgresql-client fuse-overlayfs:fuse-overlayfs newuidmap:uidmap)
  apt_install "${packages[@]}"
  if ! compgen -G '/usr/lib/*/libnss_wrapper.so*' >/dev/null; then apt_install libnss-wrapper; fi
  mkdir -p "$cache_bin"
  go_install crane "github.com/google/go-containerregistry/cmd/crane@$crane_version"
  go_install regctl "github.com/regclient/regclient/cmd/regctl@$regctl_version"
  go_install oras "oras.land/oras/cmd/oras@$oras_version"
  go_install conformance "github.com/opencontainers/distribution-spec/conformance@$conformance_version"
}

install_nightly_tools() {
  local packages
  mapfile -t packages < <(missing_packages dockerd:docker.io)
  apt_install "${packages[@]}"
  # Debian 12 has the client in the same package, later ones have it apart.
  mapfile -t packages < <(missing_packages docker:docker-cli)
  apt_install "${packages[@]}"
  go_install cosign "github.com/sigstore/cosign/v2/cmd/cosign@$cosign_version"
  go_install helm "helm.sh/helm/v3/cmd/helm@$helm_version"
  go_install mailpit "github.com/axllent/mailpit@$mailpit_version"
}

case $want in
  run) install_build_tools; install_postgres ;;
  test) install_build_tools; install_postgres; install_test_tools ;;
  nightly) install_build_tools; install_postgres; install_test_tools; install_nightly_tools ;;
  *) fail "unknown argument $want: run, test or nightly" ;;
esac
