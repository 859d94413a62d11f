#!/usr/bin/env bash
# Serves with the given binary and, once it answers, prints where it is and how to use it.
#
#   tools/run.sh target/release/slipway [more arguments of `slipway serve`]
#
# The data folder is ./data unless SLIPWAY__DATA__DIR names another. Ctrl-C drains and stops.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:?the slipway binary}
shift
export SLIPWAY__DATA__DIR=${SLIPWAY__DATA__DIR:-$root/data}
listen=${SLIPWAY__SERVER__LISTEN:-127.0.0.1:8080}
scheme=http
[ -z "${SLIPWAY__TLS__CERTIFICATE:-}" ] || scheme=https
url=$scheme://$listen

"$bin" serve "$@" &
server=$!
trap 'kill -TERM "$server" 2>/dev/null' INT TERM

healthy=no
for _ in $(seq 600); do
  kill -0 "$server" 2>/dev/null || break
  if [ "$(curl -sk -o /dev/null -w '%{http_code}' --max-time 2 "$url/health/instance")" = 200 ]; then
    healthy=yes
    break
  fi
  sleep 0.1
done

if [ "$healthy" = yes ]; then
  cat <<TEXT

Slipway serves on $url, data in $SLIPWAY__DATA__DIR

  first account   curl -X POST $url/api/v1/user/initialize -H 'Content-Type: application/json' \\
                    -d '{"username":"admin","password":"CHOOSE-ONE","email":"admin@example.com"}'
                  (or: $bin admin create-superuser --username admin --password-stdin)
  log in          docker login $listen -u admin
                  podman login --tls-verify=false $listen -u admin
  push            docker tag IMAGE $listen/admin/hello:1 && docker push $listen/admin/hello:1
  pull            docker pull $listen/admin/hello:1
  health, metrics $url/health/instance  $url/metrics

Ctrl-C stops it.
TEXT
fi

# The first wait ends early when a signal arrives; the second one waits for the drain.
status=0
wait "$server" || status=$?
if kill -0 "$server" 2>/dev/null; then
  status=0
  wait "$server" || status=$?
fi
exit "$status"
