#!/usr/bin/env bash
# runs in: nightly
# Mail through a real SMTP server: STARTTLS with a certificate of our own, a login, and links that work.
source "$(dirname "$0")/../../tools/suite.sh"
suite mailpit

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_mailpit() {
  SMTP_PORT=$(free_port) HTTP_PORT=$(free_port)
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=an authority' \
    -addext 'basicConstraints=critical,CA:TRUE' -keyout "$TMP/ca.key" -out "$TMP/ca.pem" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$TMP/smtp.key" -out "$TMP/smtp.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$TMP/smtp.ext"
  openssl x509 -req -in "$TMP/smtp.csr" -CA "$TMP/ca.pem" -CAkey "$TMP/ca.key" -CAcreateserial -days 2 \
    -extfile "$TMP/smtp.ext" -out "$TMP/smtp.pem" 2>/dev/null
  echo 'registry:letters' >"$TMP/smtp.auth"
  mailpit --listen "127.0.0.1:$HTTP_PORT" --smtp "127.0.0.1:$SMTP_PORT" --disable-version-check \
    --database "$TMP/mail.db" --smtp-tls-cert "$TMP/smtp.pem" --smtp-tls-key "$TMP/smtp.key" \
    --smtp-require-starttls --smtp-auth-file "$TMP/smtp.auth" >"$TMP/mailpit.log" 2>&1 &
  MAILPIT_PID=$!
  local tries=100
  until curl -sf "http://127.0.0.1:$HTTP_PORT/livez" >/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

suite_cleanup() {
  [ -z "${MAILPIT_PID:-}" ] || kill "$MAILPIT_PID" 2>/dev/null || true
}

start_mailpit
start_registry SLIPWAY__SERVER__URL=https://registry.example.com SLIPWAY__MAIL__SERVER=localhost \
  SLIPWAY__MAIL__PORT="$SMTP_PORT" SLIPWAY__MAIL__TLS=starttls SLIPWAY__MAIL__CA_CERTIFICATE="$TMP/ca.pem" \
  SLIPWAY__MAIL__USER=registry SLIPWAY__MAIL__PASSWORD=letters \
  SLIPWAY__MAIL__SENDER='Registry <registry@example.com>'
jar=$TMP/cookies

# post PATH BODY: one request of a browser; prints the status, leaves the body in answer.json.
post() {
  local token
  token=$(curl -s -b "$jar" -c "$jar" "$URL/csrf_token" | jq -r .csrf_token)
  curl -s -b "$jar" -c "$jar" -o "$TMP/answer.json" -w '%{http_code}' -X POST "$URL/api/v1$1" \
    -H "X-CSRF-Token: $token" -H 'Content-Type: application/json' -d "$2"
}

# mail SUBJECT: waits for the mail whose subject holds the text, and prints its plain text.
mail() {
  local id tries=100
  while :; do
    id=$(curl -s "http://127.0.0.1:$HTTP_PORT/api/v1/messages" |
      jq -r --arg text "$1" '[.messages[] | select(.Subject | contains($text))][0].ID // empty')
    [ -n "$id" ] && break
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
  curl -s "http://127.0.0.1:$HTTP_PORT/api/v1/message/$id" | jq -r .Text
}

# link PAGE: the path of the link in the text on standard input.
link() { grep -o "https://registry.example.com/$1?code=[A-Za-z0-9]*" | sed 's|https://registry.example.com||'; }

login() { post /signin '{"username": "mia", "password": "a-good-password"}'; }

sign_up() {
  same status 200 "$(post /user/ '{"username": "mia", "password": "a-good-password", "email": "mia@example.com"}')"
  same answer true "$(jq .awaiting_verification "$TMP/answer.json")"
  same status 403 "$(login)"
  same answer true "$(jq .needsEmailVerification "$TMP/answer.json")"
}

confirm() {
  local path
  path=$(mail confirm | link confirm)
  same status 302 "$(curl -s -o /dev/null -w '%{http_code}' "$URL$path")"
  same status 200 "$(login)"
  same status 403 "$(curl -s -o /dev/null -w '%{http_code}' "$URL$path")"
}

sender() {
  local list
  list=$(curl -s "http://127.0.0.1:$HTTP_PORT/api/v1/messages")
  same sender registry@example.com "$(jq -r '.messages[0].From.Address' <<<"$list")"
  same name Registry "$(jq -r '.messages[0].From.Name' <<<"$list")"
}

recover() {
  local path
  rm -f "$jar"
  same status 200 "$(post /recovery '{"email": "mia@example.com"}')"
  path=$(mail recovery | link recovery)
  same status 302 "$(curl -s -c "$jar" -o /dev/null -w '%{http_code}' "$URL$path")"
  same user mia "$(curl -s -b "$jar" "$URL/api/v1/user/" | jq -r .username)"
}

check "an account waits for its address" sign_up
check "the link in the mail proves it, once" confirm
check "the mail is from whom the configuration says" sender
check "a mail logs in to choose a new password" recover
finish
