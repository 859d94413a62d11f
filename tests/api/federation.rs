//! Robots that log in by a token of an outside issuer, and all who must not.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::sign;

use crate::support::{ACCOUNT, Answer, Browser, Issuer, PASSWORD, Server, basic, shared, wait_for};

const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";
const UNREADABLE: &str = "The keys of the issuer cannot be read";

/// A server that may ask issuers on loopback.
fn allowing() -> &'static Server {
    static ALLOWING: OnceLock<Server> = OnceLock::new();
    ALLOWING.get_or_init(|| {
        Server::start(&[
            ("limits.signins_per_minute_per_ip", "0"),
            ("accounts.ssrf_allowed_hosts", "127.0.0.1"),
        ])
    })
}

/// An organization with the robot `ci`, which the issuer may vouch for.
fn with_robot<'a>(server: &'a Server, organization: &str, issuer: &str) -> Browser<'a> {
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let body = json!({ "name": organization });
    admin.post("/organization/", &body).expect(201);
    let path = format!("/organization/{organization}/robots/ci");
    admin.put(&path, &json!({})).expect(201);
    let identities = json!([{ "issuer": issuer, "subject": SUBJECT }]);
    admin
        .post(&format!("{path}/federation"), &identities)
        .expect(200);
    admin
}

fn exchange(server: &Server, robot: &str, token: &str) -> Answer {
    server
        .get("/oauth2/federation/robot/token")
        .header("Authorization", &basic(robot, token))
        .send()
}

fn log_in(server: &Server, robot: &str, password: &str) -> Answer {
    server
        .get(&format!("/v2/auth?service={}", server.address))
        .header("Authorization", &basic(robot, password))
        .send()
}

fn token_of(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[track_caller]
fn refused(answer: Answer, text: &str) {
    let answer = answer.expect(401);
    assert_eq!(answer.json(), json!({ "error": text }));
    assert!(answer.header("www-authenticate").is_some());
}

#[test]
fn an_outside_identity_becomes_the_robot() {
    let (server, issuer) = (allowing(), Issuer::start());
    with_robot(server, "keyless", &issuer.url);
    let outside = issuer.token(SUBJECT, &json!({}));
    let answer = exchange(server, "keyless+ci", &outside).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let inside = token_of(&answer);
    assert_eq!(claims(&inside)["exp"], claims(&outside)["exp"]);
    assert_eq!(
        server.logged("federated_robot_token_exchange", "keyless"),
        json!({ "robot": "keyless+ci", "issuer": issuer.url, "subject": SUBJECT })
    );

    let given = token_of(&log_in(server, "keyless+ci", &inside).expect(200));
    assert_eq!(claims(&given)["sub"], "keyless+ci");
    assert_eq!(claims(&given)["context"]["entity_kind"], "robot");
    assert_eq!(claims(&given)["exp"], claims(&outside)["exp"]);
    server.get("/v2/").bearer(&given).send().expect(200);

    // A long token of the issuer gives an hour and no more, and its keys are not read again.
    let far = claims(&outside)["exp"].as_i64().unwrap() + 86_400;
    let long = issuer.token(SUBJECT, &json!({ "exp": far }));
    let inside = claims(&token_of(
        &exchange(server, "keyless+ci", &long).expect(200),
    ));
    let life_s = inside["exp"].as_i64().unwrap() - inside["iat"].as_i64().unwrap();
    assert_eq!(life_s, 3600);
    assert_eq!(
        issuer.asked(),
        ["/.well-known/openid-configuration", "/keys"]
    );
}

#[test]
fn the_token_of_a_robot_is_a_password_of_this_robot_and_nothing_else() {
    let (server, issuer) = (allowing(), Issuer::start());
    let mut admin = with_robot(server, "keyless-use", &issuer.url);
    let path = "/organization/keyless-use/robots/other";
    admin.put(path, &json!({})).expect(201);
    let outside = issuer.token(SUBJECT, &json!({}));
    let inside = token_of(&exchange(server, "keyless-use+ci", &outside).expect(200));

    server.get("/v2/").bearer(&inside).send().expect(401);
    log_in(server, "keyless-use+other", &inside).expect(401);
    log_in(server, ACCOUNT, &inside).expect(401);
    log_in(server, "keyless-use+ci", &outside).expect(401);
    let given = token_of(&log_in(server, "keyless-use+ci", &inside).expect(200));
    log_in(server, "keyless-use+ci", &given).expect(401);
    let forged = format!("{}x", &inside[..inside.len() - 1]);
    log_in(server, "keyless-use+ci", &forged).expect(401);
    let bearer = server.get("/api/v1/user/").bearer(&inside).send();
    assert_eq!(bearer.status, 401);
}

#[test]
fn what_was_given_ends_when_the_identities_change() {
    let (server, issuer) = (allowing(), Issuer::start());
    let mut admin = with_robot(server, "keyless-end", &issuer.url);
    let outside = issuer.token(SUBJECT, &json!({}));
    let inside = token_of(&exchange(server, "keyless-end+ci", &outside).expect(200));
    let given = token_of(&log_in(server, "keyless-end+ci", &inside).expect(200));

    admin
        .delete("/organization/keyless-end/robots/ci/federation")
        .expect(204);
    log_in(server, "keyless-end+ci", &inside).expect(401);
    wait_for("the registry token ends", Duration::from_secs(5), || {
        let answer = server.get("/v2/").bearer(&given).send();
        (answer.status == 401).then_some(())
    });
    refused(
        exchange(server, "keyless-end+ci", &outside),
        "Token does not match robot keyless-end+ci",
    );
}

#[test]
fn a_token_that_does_not_fit_is_refused() {
    let (server, issuer, stranger) = (allowing(), Issuer::start(), Issuer::start());
    with_robot(server, "keyless-fit", &issuer.url);
    let robot = "keyless-fit+ci";
    let no_match = "Token does not match robot keyless-fit+ci";
    let now_s = issuer.claims(SUBJECT, &json!({}))["iat"].as_i64().unwrap();

    refused(
        exchange(server, robot, &issuer.token("repo:evil", &json!({}))),
        no_match,
    );
    refused(
        exchange(server, robot, &stranger.token(SUBJECT, &json!({}))),
        no_match,
    );
    let slashed = json!({ "iss": format!("{}/", issuer.url) });
    refused(
        exchange(server, robot, &issuer.token(SUBJECT, &slashed)),
        no_match,
    );
    let expired = "Signature has expired";
    for end_s in [now_s - 31, now_s - 1] {
        let token = issuer.token(SUBJECT, &json!({ "exp": end_s }));
        refused(exchange(server, robot, &token), expired);
    }
    let early = "The token is not yet valid (nbf)";
    for claim in ["nbf", "iat"] {
        let token = issuer.token(SUBJECT, &json!({ claim: now_s + 120 }));
        refused(exchange(server, robot, &token), early);
    }
    for claim in ["exp", "iat", "iss", "sub"] {
        let token = issuer.token(SUBJECT, &json!({ claim: null }));
        refused(exchange(server, robot, &token), "Invalid token");
    }
    assert!(stranger.asked().is_empty());
}

#[test]
fn a_signature_that_is_not_the_issuers_is_refused() {
    let (server, issuer) = (allowing(), Issuer::start());
    with_robot(server, "keyless-sig", &issuer.url);
    let robot = "keyless-sig+ci";
    let good = issuer.token(SUBJECT, &json!({}));
    exchange(server, robot, &good).expect(200);

    let (_, rest) = good.split_once('.').unwrap();
    let with_header = |header: &Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{rest}")
    };
    let kid = issuer.key.kid();
    for algorithm in ["none", "HS256", "ES384", "PS256"] {
        let token = with_header(&json!({ "alg": algorithm, "kid": kid }));
        refused(exchange(server, robot, &token), "Invalid token");
    }
    let failed = "Signature verification failed";
    let confused = with_header(&json!({ "alg": "RS256", "kid": kid }));
    refused(exchange(server, robot, &confused), failed);
    let nameless = with_header(&json!({ "alg": "ES256" }));
    refused(
        exchange(server, robot, &nameless),
        "The token does not name its key",
    );

    // Another key under its own name, and under the issuer's.
    let (other, _) = SigningKey::generate().unwrap();
    let forged = sign(&issuer.claims(SUBJECT, &json!({})), &other).unwrap();
    let unknown = "The issuer has no key of that name";
    refused(exchange(server, robot, &forged), unknown);
    refused(exchange(server, robot, &forged), unknown);
    assert_eq!(issuer.asked().len(), 2, "asked once within a minute");
    let (_, unsigned) = forged.split_once('.').unwrap();
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "ES256", "kid": kid }).to_string());
    refused(
        exchange(server, robot, &format!("{header}.{unsigned}")),
        failed,
    );
}

#[test]
fn robots_that_cannot_log_in_cannot_exchange() {
    let (server, issuer) = (allowing(), Issuer::start());
    with_robot(server, "keyless-off", &issuer.url);
    let robot = "keyless-off+ci";
    let outside = issuer.token(SUBJECT, &json!({}));

    let needed = "A robot's name and a token of its issuer are needed";
    let path = "/oauth2/federation/robot/token";
    refused(server.get(path).send(), needed);
    refused(server.get(path).bearer(&outside).send(), needed);
    let only = "Only robots log in with a token of another issuer";
    refused(exchange(server, ACCOUNT, &outside), only);
    let unknown = "Could not find robot with specified username";
    refused(exchange(server, "keyless-off+none", &outside), unknown);
    refused(exchange(server, robot, "no-token"), "Invalid token");
    server.request("POST", path).send().expect(404);

    let inside = token_of(&exchange(server, robot, &outside).expect(200));
    let set_end = |end: &str| {
        server.query(&format!(
            "UPDATE robot SET expires_at = {end} WHERE namespace_id = \
             (SELECT id FROM namespace WHERE name = 'keyless-off+ci')"
        ));
    };
    set_end("clock_timestamp() - interval '1 second'");
    let expired = "Robot keyless-off+ci has expired";
    refused(exchange(server, robot, &outside), expired);
    log_in(server, robot, &inside).expect(401);
    set_end("clock_timestamp() + interval '1 minute'");
    let short = token_of(&exchange(server, robot, &outside).expect(200));
    let life_s = claims(&short)["exp"].as_i64().unwrap() - claims(&short)["iat"].as_i64().unwrap();
    assert!((50..=60).contains(&life_s), "{life_s}");

    server.query("UPDATE namespace SET enabled = false WHERE name = 'keyless-off'");
    let disabled = "Robot keyless-off+ci owner keyless-off is disabled";
    refused(exchange(server, robot, &outside), disabled);
    log_in(server, robot, &short).expect(401);
}

#[test]
fn an_issuer_that_is_not_what_it_says_is_refused() {
    let (server, target) = (allowing(), Issuer::start());
    let redirect = format!("302 Found\r\nlocation: {}/keys", target.url);
    let elsewhere = |key: &str| {
        let issuer = Issuer::start();
        let mut configuration = json!({
            "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url),
        });
        let port = target.address.port();
        match key {
            "issuer" => configuration["issuer"] = json!(target.url),
            "jwks_uri" => configuration["jwks_uri"] = json!(format!("http://127.0.0.2:{port}/")),
            "file" => configuration["jwks_uri"] = json!("file:///etc/passwd"),
            "size" => configuration["padding"] = json!("x".repeat(256 * 1024)),
            _ => {}
        }
        let status = if key == "redirect" {
            &redirect
        } else {
            "200 OK"
        };
        issuer.configure(status, configuration);
        issuer
    };
    for key in ["issuer", "jwks_uri", "file", "size", "redirect"] {
        let issuer = elsewhere(key);
        let organization = format!("keyless-{}", key.replace('_', "-"));
        with_robot(server, &organization, &issuer.url);
        let token = issuer.token(SUBJECT, &json!({}));
        refused(
            exchange(server, &format!("{organization}+ci"), &token),
            UNREADABLE,
        );
        assert_eq!(issuer.asked().len(), 1, "{key}");
    }
    assert!(target.asked().is_empty());
}

#[test]
fn an_issuer_inside_is_not_asked_unless_it_is_allowed() {
    let (server, issuer) = (shared(), Issuer::start());
    let port = issuer.address.port();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
    ];
    for (number, host) in hosts.iter().enumerate() {
        for scheme in ["http", "https"] {
            let organization = format!("keyless-{scheme}{number}");
            let url = format!("{scheme}://{host}:{port}");
            with_robot(server, &organization, &url);
            let token = issuer.token(SUBJECT, &json!({ "iss": url }));
            refused(
                exchange(server, &format!("{organization}+ci"), &token),
                UNREADABLE,
            );
            let line = "the keys of an issuer cannot be read";
            assert!(server.log().contains(line), "{url}");
        }
    }
    assert!(issuer.asked().is_empty());
}
