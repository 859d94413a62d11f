#!/bin/bash
# Health check inside the container: asks /health/instance on the port the server listens on, over
# plain HTTP or, where a certificate is configured, over TLS. Needs no program but bash and openssl.
set -u
port=${SLIPWAY__SERVER__LISTEN##*:}
request=$'GET /health/instance HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

if [ -n "${SLIPWAY__TLS__CERTIFICATE:-}" ]; then
  status=$(printf '%s' "$request" | openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | head -n 1)
else
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf '%s' "$request" >&3
  IFS= read -r -t 4 status <&3
fi
[[ $status == "HTTP/1.1 200"* ]]
