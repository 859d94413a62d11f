#!/usr/bin/env bash
# runs in: test
# Logins: five clients log in as user, robot, app token and OAuth token, push and pull; wrong, expired
# and revoked credentials are refused.
source "$(dirname "$0")/../../tools/suite.sh"
source "$(dirname "$0")/image_fixtures.sh"
suite logins
start_registry
isolate_clients

suite_cleanup() { podman system reset -f >/dev/null 2>&1 || true; }

jar=$TMP/cookies
headers=$TMP/headers

# session METHOD PATH [BODY]: one request of the API with the first account's session.
session() {
  curl -sfS -X "$1" -b "$jar" -c "$jar" -H "X-CSRF-Token: $(cat "$TMP/csrf")" \
    ${3:+-H 'Content-Type: application/json' -d "$3"} "$URL/api/v1$2"
}

sign_in() {
  curl -sf -c "$jar" "$URL/csrf_token" | jq -r .csrf_token >"$TMP/csrf"
  session POST /signin "{\"username\":\"$ACCOUNT\",\"password\":\"$PASSWORD\"}" -D "$headers" >/dev/null
  curl -sf -b "$jar" -c "$jar" "$URL/csrf_token" | jq -r .csrf_token >"$TMP/csrf"
}

# sql STATEMENT: runs it in the embedded database, for what no operation does: time passing.
sql() {
  local file
  for file in "$SERVER_DIR"/data/postgres/*/postmaster.pid; do
    psql -qAtX -h "$(sed -n 5p "$file")" -p "$(sed -n 4p "$file")" -U slipway -d slipway -c "$1" >/dev/null
  done
}

make_credentials() {
  local application
  sign_in
  session PUT /user/robots/ci '{}' | jq -r .token >"$TMP/robot"
  session POST /user/apptoken '{"title":"clients"}' | tee "$TMP/app.json" | jq -r .token.token_code >"$TMP/app"
  session POST /organization/ '{"name":"tools"}' >/dev/null
  application=$(session POST /organization/tools/applications '{"name":"tool"}' | jq -r .client_id)
  echo "/organization/tools/applications/$application/tokens" >"$TMP/tokens-path"
  session POST "$(cat "$TMP/tokens-path")" '{"name":"clients","scope":"repo:write repo:create"}' |
    tee "$TMP/oauth.json" | jq -r .token >"$TMP/oauth"
  write_layer "$TMP/layer.tgz" layer 20000
  DOCKER_CONFIG=$TMP/first crane auth login "$HOST" -u "$ACCOUNT" -p "$PASSWORD"
  DOCKER_CONFIG=$TMP/first crane append --insecure --oci-empty-base -f "$TMP/layer.tgz" -t "$HOST/$ACCOUNT/shared:0"
  skopeo --policy "$CONFIG/policy.json" copy -q --src-tls-verify=false --src-creds "$ACCOUNT:$PASSWORD" \
    "docker://$HOST/$ACCOUNT/shared:0" "oci:$TMP/layout:1"
  sql "INSERT INTO repository_permission (repository_id, account_id, role)
       SELECT r.id, b.id, 'write' FROM repository r, namespace b
        WHERE r.name = 'shared' AND b.name = '$ACCOUNT+ci'"
}

forget_logins() {
  echo '{}' >"$REGISTRY_AUTH_FILE"
  rm -f "$REGCTL_CONFIG"
}

with_podman() {
  forget_logins
  podman login --tls-verify=false -u "$1" --password-stdin "$HOST" <"$2"
  podman import -q "$TMP/layer.tgz" "$HOST/$ACCOUNT/shared:podman-$3"
  podman push -q "$HOST/$ACCOUNT/shared:podman-$3"
  podman rmi -f "$HOST/$ACCOUNT/shared:podman-$3"
  podman pull -q "$HOST/$ACCOUNT/shared:podman-$3"
}

with_skopeo() {
  forget_logins
  skopeo login --tls-verify=false -u "$1" --password-stdin "$HOST" <"$2"
  skopeo --policy "$CONFIG/policy.json" copy -q --dest-tls-verify=false "oci:$TMP/layout:1" "docker://$HOST/$ACCOUNT/shared:skopeo-$3"
  skopeo --policy "$CONFIG/policy.json" copy -q --src-tls-verify=false "docker://$HOST/$ACCOUNT/shared:skopeo-$3" "oci:$TMP/skopeo-$3:1"
  verify_layout "$TMP/skopeo-$3"
}

with_crane() {
  forget_logins
  crane auth login "$HOST" -u "$1" --password-stdin <"$2"
  crane append --insecure --oci-empty-base -f "$TMP/layer.tgz" -t "$HOST/$ACCOUNT/shared:crane-$3"
  crane validate --insecure --remote "$HOST/$ACCOUNT/shared:crane-$3"
}

with_regctl() {
  forget_logins
  regctl registry set --tls disabled --skip-check "$HOST"
  regctl registry login -u "$1" --pass-stdin "$HOST" <"$2"
  regctl image copy "ocidir://$TMP/layout:1" "$HOST/$ACCOUNT/shared:regctl-$3"
  regctl image copy "$HOST/$ACCOUNT/shared:regctl-$3" "ocidir://$TMP/regctl-$3:1"
  verify_layout "$TMP/regctl-$3"
}

with_oras() {
  forget_logins
  cd "$TMP"
  oras login --plain-http -u "$1" --password-stdin "$HOST" <"$2"
  cp layer.tgz "oras-$3.bin"
  oras push --plain-http --no-tty "$HOST/$ACCOUNT/shared:oras-$3" "oras-$3.bin:application/octet-stream"
  oras pull --plain-http --no-tty -o "$TMP/oras-out" "$HOST/$ACCOUNT/shared:oras-$3"
  same "content" "$(sha256_of layer.tgz)" "$(sha256_of "oras-out/oras-$3.bin")"
}

# refused USER FILE: no client gets in, nor anything out.
refused() {
  forget_logins
  refuse podman login --tls-verify=false -u "$1" --password-stdin "$HOST" <"$2"
  refuse skopeo login --tls-verify=false -u "$1" --password-stdin "$HOST" <"$2"
  refuse oras login --plain-http -u "$1" --password-stdin "$HOST" <"$2"
  regctl registry set --tls disabled --skip-check "$HOST"
  refuse regctl registry login -u "$1" --pass-stdin "$HOST" <"$2"
  forget_logins
  crane auth login "$HOST" -u "$1" --password-stdin <"$2"
  refuse crane manifest --insecure "$HOST/$ACCOUNT/shared:0"
}

# A robot has no more than it was granted, an OAuth token no more than its scopes.
bounds() {
  forget_logins
  crane auth login "$HOST" -u "$ACCOUNT+ci" --password-stdin <"$TMP/robot"
  refuse crane append --insecure --oci-empty-base -f "$TMP/layer.tgz" -t "$HOST/$ACCOUNT/other:1"
  session POST "$(cat "$TMP/tokens-path")" '{"name":"reader","scope":"repo:read"}' | jq -r .token >"$TMP/reader"
  crane auth login "$HOST" -u '$oauthtoken' --password-stdin <"$TMP/reader"
  crane manifest --insecure "$HOST/$ACCOUNT/shared:0" >/dev/null
  refuse crane append --insecure --oci-empty-base -f "$TMP/layer.tgz" -t "$HOST/$ACCOUNT/shared:reader"
}

expire() {
  sql "UPDATE robot SET expires_at = clock_timestamp() - interval '1 minute'"
  refused "$ACCOUNT+ci" "$TMP/robot"
  sql "UPDATE app_token SET expires_at = clock_timestamp() - interval '1 minute'"
  refused '$app' "$TMP/app"
  sql "UPDATE oauth_token SET expires_at = clock_timestamp() - interval '1 minute'"
  refused '$oauthtoken' "$TMP/oauth"
  sql "UPDATE robot SET expires_at = NULL"
  sql "UPDATE app_token SET expires_at = NULL"
  sql "UPDATE oauth_token SET expires_at = clock_timestamp() + interval '1 day'"
  with_crane '$app' "$TMP/app" after-expiry
}

revoke() {
  session DELETE "/user/apptoken/$(jq -r .token.uuid "$TMP/app.json")"
  refused '$app' "$TMP/app"
  session DELETE "$(cat "$TMP/tokens-path")/$(jq -r .uuid "$TMP/oauth.json")"
  refused '$oauthtoken' "$TMP/oauth"
  session DELETE /user/robots/ci
  refused "$ACCOUNT+ci" "$TMP/robot"
}

wrong() {
  echo WRONG >"$TMP/wrong"
  refused "$ACCOUNT+ci" "$TMP/wrong"
  refused '$app' "$TMP/wrong"
  refused '$oauthtoken' "$TMP/wrong"
  refused '$token' "$TMP/wrong"
}

CONFIG=$TMP/clients
printf '%s' "$PASSWORD" >"$TMP/user"
check "credentials are made" make_credentials
for client in podman skopeo crane regctl oras; do
  check "$client as user" "with_$client" "$ACCOUNT" "$TMP/user" user
  check "$client as robot" "with_$client" "$ACCOUNT+ci" "$TMP/robot" robot
  check "$client with an app token" "with_$client" '$app' "$TMP/app" app
  check "$client with an OAuth token" "with_$client" '$oauthtoken' "$TMP/oauth" oauth
done
check "a robot and a token have their bounds" bounds
check "wrong credentials are refused" wrong
check "expired credentials are refused" expire
check "revoked credentials are refused" revoke
finish
