//! Service keys: made by superusers, and handed in by services with signed requests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::sign;

use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, shared, wait_for};

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap().0
}

/// The claims of a request of `service` to `server`, with some changed.
fn claims(server: &Server, service: &str, changes: &Value) -> Value {
    let mut claims = json!({
        "iss": service,
        "aud": format!("http://{}", server.address),
        "iat": now_s(), "nbf": now_s(), "exp": now_s() + 300,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn token(server: &Server, service: &str, signer: &SigningKey) -> String {
    sign(&claims(server, service, &json!({})), signer).unwrap()
}

fn path(service: &str, kid: &str) -> String {
    format!("/keys/services/{service}/keys/{kid}")
}

fn put(server: &Server, target: &str, jwk: &Value, token: &str) -> Answer {
    server
        .request("PUT", target)
        .bearer(token)
        .header("Content-Type", "application/json")
        .body(jwk.to_string().as_bytes())
        .send()
}

fn take_back(server: &Server, target: &str, token: &str) -> Answer {
    server.request("DELETE", target).bearer(token).send()
}

#[test]
fn a_superuser_makes_changes_and_deletes_keys() {
    let server = Server::start(&[]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let expires_at_s = now_s() + 86_400;
    let body = json!({
        "service": "svc", "name": "k", "expiration": expires_at_s,
        "metadata": { "note": 1 }, "notes": "n",
    });
    let made = admin.post("/superuser/keys", &body).expect(200).json();
    let kid = made["kid"].as_str().unwrap();
    assert_eq!(
        (&made["name"], &made["service"]),
        (&json!("k"), &json!("svc"))
    );
    let private = made["private_key"].as_str().unwrap();
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let row = admin.newest_log("service_key_create");
    assert_eq!(row["metadata"]["kid"], kid);
    assert_eq!(row["metadata"]["preshared"], true);
    assert_eq!(row["metadata"]["auto_approved"], true);
    admin.newest_log("service_key_approve");

    let server = server.kill_and_restart();
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let one = format!("/superuser/keys/{kid}");
    let shown = admin.get(&one).expect(200).json();
    assert_eq!(shown["metadata"]["note"], 1);
    assert_eq!(shown["approval"]["approver"]["name"], ACCOUNT);
    assert_eq!(shown["approval"]["notes"], "n");
    let kind = "ServiceKeyApprovalType.SUPERUSER";
    assert_eq!(shown["approval"]["approval_type"], kind);
    assert!(shown["created_date"].as_str().unwrap().ends_with(" GMT"));
    assert_eq!(shown["jwk"]["kid"], kid);
    assert!(shown.to_string().find("PRIVATE").is_none());
    let public = server.get(&path("svc", kid)).send().expect(200);
    assert_eq!(public.json()["x"], shown["jwk"]["x"]);
    let age = public.header("cache-control").unwrap();
    let age: i64 = age.strip_prefix("max-age=").unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&age), "{age}");
    server.get(&path("other", kid)).send().expect(404);

    let change = json!({ "name": "k2", "metadata": { "created_by": "me" }, "expiration": null });
    let changed = admin.put(&one, &change).expect(200).json();
    assert_eq!(changed["name"], "k2");
    assert_eq!(changed["metadata"], json!({ "created_by": "me" }));
    assert_eq!(changed["expiration_date"], Value::Null);
    let row = admin.newest_log("service_key_extend");
    assert_eq!(row["metadata"]["old_expiration_date"], expires_at_s);
    admin.newest_log("service_key_modify");
    let approved = admin.post(&format!("/superuser/approvedkeys/{kid}"), &json!({}));
    approved.expect(201);

    admin.delete(&one).expect(204);
    assert_eq!(
        admin.newest_log("service_key_delete")["metadata"]["kid"],
        kid
    );
    admin.delete(&one).expect(404);
    server.get(&path("svc", kid)).send().expect(404);
}

#[test]
fn bad_keys_are_refused() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    for (body, text) in [
        (
            json!({ "service": "s" }),
            "'expiration' is a required property",
        ),
        (
            json!({ "expiration": null }),
            "'service' is a required property",
        ),
        (
            json!({ "service": "s", "expiration": 5 }),
            "Expiration date cannot be in the past",
        ),
        (
            json!({ "service": "a/b", "expiration": null }),
            "Invalid service name: a/b",
        ),
        (
            json!({ "service": "s", "expiration": "soon" }),
            "'soon' is not of type 'number'",
        ),
        (
            json!({ "service": "s", "expiration": 1.5e18 }),
            "Invalid expiration date: 1.5e+18",
        ),
        (
            json!({ "service": "s", "expiration": 1e30 }),
            "Invalid expiration date: 1e+30",
        ),
    ] {
        let refused = admin.post("/superuser/keys", &body).expect(400).json();
        let first = refused["detail"].as_str().unwrap().lines().next();
        assert_eq!(first, Some(text), "{body}");
    }
}

#[test]
fn other_people_and_missing_keys_are_refused() {
    let server = Server::start(&[]);
    server.add_user("mona");
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let good = json!({ "service": "s", "expiration": null });
    let kid = admin.post("/superuser/keys", &good).expect(200).json();
    let kid = kid["kid"].as_str().unwrap();
    let one = format!("/superuser/keys/{kid}");
    let past = json!({ "expiration": 1 });
    admin.put(&one, &past).expect(400);
    for missing in ["/superuser/keys/1234", "/superuser/approvedkeys/1234"] {
        if missing.contains("approved") {
            admin.post(missing, &json!({})).expect(404);
        } else {
            admin.get(missing).expect(404);
            admin.put(missing, &json!({})).expect(404);
            admin.delete(missing).expect(404);
        }
    }
    let mut mona = Browser::sign_in(&server, "mona", PASSWORD);
    let mut stranger = Browser::open(&server);
    for (browser, status) in [(&mut mona, 403), (&mut stranger, 401)] {
        browser.get("/superuser/keys").expect(status);
        browser.get(&one).expect(status);
        browser.post("/superuser/keys", &good).expect(status);
        browser.put(&one, &json!({ "name": "x" })).expect(status);
        browser.delete(&one).expect(status);
        let approve = format!("/superuser/approvedkeys/{kid}");
        browser.post(&approve, &json!({})).expect(status);
    }
    admin.get(&one).expect(200);
}

#[test]
fn a_handed_in_key_waits_then_rotates_then_goes() {
    let server = Server::start(&[]);
    let (first, second) = (key(), key());
    let target = path("scanner", first.kid());
    let own = token(&server, "scanner", &first);
    put(
        &server,
        &format!("{target}?rotation=3600"),
        &first.jwk(),
        &own,
    )
    .expect(202);
    server.get(&target).send().expect(409);
    let rotate = path("scanner", second.kid());
    put(&server, &rotate, &second.jwk(), &own).expect(403);

    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let row = admin.newest_log("service_key_create");
    assert_eq!(row["metadata"]["kid"], first.kid());
    assert_eq!(row["metadata"]["preshared"], false);
    let approve = format!("/superuser/approvedkeys/{}", first.kid());
    let notes = json!({ "notes": "known" });
    admin.post(&approve, &notes).expect(201);
    server.get(&target).send().expect(200);

    put(&server, &rotate, &second.jwk(), &own).expect(200);
    let row = admin.newest_log("service_key_rotate");
    assert_eq!(row["metadata"]["signer_kid"], first.kid());
    server.get(&rotate).send().expect(200);
    server.get(&target).send().expect(404);
    let shown = admin.get(&format!("/superuser/keys/{}", second.kid()));
    let shown = shown.expect(200).json();
    let kind = "ServiceKeyApprovalType.KEY_ROTATION";
    assert_eq!(shown["approval"]["approval_type"], kind);
    assert_eq!(shown["rotation_duration"], 3600);
    put(&server, &path("scanner", "next"), &key().jwk(), &own).expect(403);

    let newer = token(&server, "scanner", &second);
    take_back(&server, &rotate, &newer).expect(204);
    server.get(&rotate).send().expect(404);
    take_back(&server, &rotate, &newer).expect(404);
    let row = admin.newest_log("service_key_delete");
    assert_eq!(row["metadata"]["kid"], second.kid());
}

#[test]
fn a_key_that_waits_is_listed_without_an_approval() {
    let server = Server::start(&[]);
    let key = key();
    let target = path("scanner", key.kid());
    put(
        &server,
        &target,
        &key.jwk(),
        &token(&server, "scanner", &key),
    )
    .expect(202);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let rows = admin.get("/superuser/keys").expect(200).json();
    let rows = rows["keys"].as_array().unwrap().clone();
    let waiting = rows.iter().find(|row| row["kid"] == key.kid()).unwrap();
    assert_eq!(waiting["approval"], Value::Null);
    let ours = rows.iter().find(|row| row["service"] == "quay").unwrap();
    let kind = "ServiceKeyApprovalType.AUTOMATIC";
    assert_eq!(ours["approval"]["approval_type"], kind);
}

#[test]
fn forged_requests_about_keys_get_nowhere() {
    let server = shared();
    let (ours, theirs) = (key(), key());
    let target = path("attacked", ours.kid());
    let submit = |token: &str| put(server, &target, &ours.jwk(), token).status;
    let with = |changes: &Value| sign(&claims(server, "attacked", changes), &ours).unwrap();

    for changes in [
        json!({ "aud": "http://elsewhere.test" }),
        json!({ "aud": format!("https://{}", server.address) }),
        json!({ "iss": "other" }),
        json!({ "iat": now_s() - 900, "nbf": now_s() - 900, "exp": now_s() - 600 }),
        json!({ "nbf": now_s() + 600 }),
        json!({ "iat": now_s() + 600, "exp": now_s() + 900 }),
        json!({ "exp": now_s() + 86_400 }),
        json!({ "exp": null }),
    ] {
        assert_eq!(submit(&with(&changes)), 400, "{changes}");
    }
    let good = with(&json!({}));
    let (_, rest) = good.split_once('.').unwrap();
    let payload = rest.split_once('.').unwrap().0;
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encode(&json!({ "alg": "none", "kid": ours.kid() }));
    assert_eq!(submit(&format!("{none}.{payload}.")), 400);
    let mac = encode(&json!({ "alg": "HS256", "kid": ours.kid() }));
    assert_eq!(submit(&format!("{mac}.{rest}")), 400);
    // A header that brings or points to a key of its own is read for the name only.
    for kid in ["../../x", "' OR 1=1 --", "/dev/null", "http://127.0.0.1/k"] {
        let header = json!({ "alg": "ES256", "kid": kid, "jwk": theirs.jwk() });
        let status = submit(&format!("{}.{rest}", encode(&header)));
        assert!(status == 400 || status == 403, "{kid}: {status}");
    }
    // Somebody else's signature under the name of the key that is handed in.
    let foreign = sign(&claims(server, "attacked", &json!({})), &theirs).unwrap();
    assert_eq!(submit(&foreign), 403);
    let (_, _, signature) = {
        let mut parts = foreign.splitn(3, '.');
        (parts.next(), parts.next(), parts.next().unwrap())
    };
    let header = encode(&json!({ "alg": "ES256", "kid": ours.kid() }));
    assert_eq!(submit(&format!("{header}.{payload}.{signature}")), 400);
    server.request("PUT", &target).send().expect(400);
    server.get(&target).send().expect(404);
}

#[test]
fn a_taken_name_is_not_given_to_another_key() {
    let server = shared();
    let (first, second) = (key(), key());
    let target = path("taken", "shared-name");
    let header_kid = |key: &SigningKey| {
        // Self-signed under the name of the path, which is not the thumbprint.
        let token = token(server, "taken", key);
        let (_, rest) = token.split_once('.').unwrap();
        let payload = rest.split_once('.').unwrap().0.to_owned();
        (payload, token)
    };
    let (_, own) = header_kid(&first);
    // The token names its thumbprint, the path another name: there is no such approved key.
    put(server, &target, &first.jwk(), &own).expect(403);

    let target = path("taken", first.kid());
    put(server, &target, &first.jwk(), &own).expect(202);
    put(server, &target, &first.jwk(), &own).expect(400);
    let elsewhere = token(server, "elsewhere", &second);
    put(
        server,
        &path("elsewhere", first.kid()),
        &second.jwk(),
        &elsewhere,
    )
    .expect(403);
    let instance = server
        .get("/keys/services/quay/keys")
        .send()
        .expect(200)
        .json();
    let kid = instance["keys"][0]["kid"].as_str().unwrap();
    let stolen = token(server, "quay", &second);
    put(server, &path("quay", kid), &second.jwk(), &stolen).expect(403);
    take_back(server, &path("quay", kid), &stolen).expect(403);
    server.get(&path("quay", kid)).send().expect(200);
}

#[test]
fn keys_that_are_no_public_keys_for_signatures_are_refused() {
    let server = shared();
    let key = key();
    let target = path("odd", key.kid());
    let own = token(server, "odd", &key);
    let changed = |name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        jwk
    };
    for jwk in [
        changed("d", json!("AAAA")),
        changed("use", json!("enc")),
        changed("kty", json!("oct")),
        changed("crv", json!("P-384")),
        changed("x", json!("AA")),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        json!([]),
        json!("key"),
    ] {
        put(server, &target, &jwk, &own).expect(400);
    }
    let long = format!("/keys/services/odd/keys/{}", "a".repeat(200));
    put(server, &long, &key.jwk(), &own).expect(400);
    put(server, &path("o%20d", key.kid()), &key.jwk(), &own).expect(400);
    server.get(&target).send().expect(404);
}

#[test]
fn keys_that_nobody_approves_and_expired_ones_go() {
    let server = Server::start(&[
        ("auth.unapproved_key_retention", "1s"),
        ("auth.expired_key_retention", "1s"),
        ("auth.service_key_refresh", "1s"),
    ]);
    let key = key();
    let target = path("slow", key.kid());
    let own = token(&server, "slow", &key);
    put(&server, &target, &key.jwk(), &own).expect(202);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let body = json!({ "service": "short", "expiration": now_s() + 3 });
    let made = admin.post("/superuser/keys", &body).expect(200).json();
    let short = path("short", made["kid"].as_str().unwrap());
    wait_for("the key expires", Duration::from_secs(20), || {
        (server.get(&short).send().status == 403).then_some(())
    });
    for gone in [target, short] {
        wait_for("the key goes", Duration::from_secs(30), || {
            (server.get(&gone).send().status == 404).then_some(())
        });
    }
}
