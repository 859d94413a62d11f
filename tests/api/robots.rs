//! Robots: made, used, regenerated and deleted, and who may not.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, basic, shared, wait_for};

/// A browser of the first account, and an organization of its.
fn with_organization<'a>(server: &'a Server, name: &str) -> Browser<'a> {
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": name }))
        .expect(201);
    admin
}

fn ask_token(server: &Server, login: &str, password: &str, scope: &str) -> Answer {
    server
        .get(&format!(
            "/v2/auth?service={}&scope={scope}",
            server.address
        ))
        .header("Authorization", &basic(login, password))
        .send()
}

/// The payload of a registry token.
fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn refusal(answer: &Answer) -> String {
    let text = answer.json()["errors"][0]["message"].clone();
    text.as_str().unwrap_or_default().to_owned()
}

fn is_token(text: &Value, length: usize) -> bool {
    let text = text.as_str().unwrap_or_default();
    text.len() == length
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// A private repository on which the robot may write.
fn grant_write(server: &Server) {
    server.query(
        "INSERT INTO repository (namespace_id, name, visibility) \
         SELECT id, 'app', 'private' FROM namespace WHERE name = 'robot-login'",
    );
    server.query(
        "INSERT INTO repository_permission (repository_id, account_id, role) \
         SELECT r.id, b.id, 'write' FROM repository r, namespace b \
           JOIN robot o ON o.namespace_id = b.id \
          WHERE r.name = 'app' AND r.namespace_id = o.owner_id AND b.name = 'robot-login+ci'",
    );
}

/// What the robot was granted is listed with it.
fn see_grants(admin: &mut Browser<'_>) {
    let granted = admin
        .get("/organization/robot-login/robots/ci/permissions")
        .expect(200);
    assert_eq!(
        granted.json(),
        json!({ "permissions": [
            { "repository": { "name": "app", "is_public": false }, "role": "write" }
        ] })
    );
    let listed = admin
        .get("/organization/robot-login/robots?permissions=true&token=false")
        .expect(200)
        .json();
    assert_eq!(listed["robots"][0]["repositories"], json!(["app"]));
    assert_eq!(listed["robots"][0]["teams"], json!([]));
    assert_eq!(listed["robots"][0].get("token"), None);
}

#[test]
fn a_robot_logs_in_and_has_what_it_was_granted() {
    let server = shared();
    let mut admin = with_organization(server, "robot-login");
    let body = json!({ "description": "CI", "unstructured_metadata": { "a": "b" } });
    let made = admin
        .put("/organization/robot-login/robots/ci", &body)
        .expect(201)
        .json();
    assert_eq!(made["name"], "robot-login+ci");
    assert_eq!(made["description"], "CI");
    assert_eq!(made["unstructured_metadata"], json!({ "a": "b" }));
    assert_eq!(made["last_accessed"], Value::Null);
    assert!(is_token(&made["token"], 64), "{made}");
    let logged = server.logged("create_robot", "robot-login");
    assert_eq!(
        logged,
        json!({ "robot": "ci", "description": "CI", "unstructured_metadata": { "a": "b" } })
    );

    let token = made["token"].as_str().unwrap();
    let scope = "repository:robot-login/app:pull,push";
    let answer = ask_token(server, "robot-login+ci", token, scope)
        .expect(200)
        .json();
    let payload = claims(&answer["token"]);
    assert_eq!(payload["sub"], "robot-login+ci");
    assert_eq!(payload["access"][0]["actions"], json!([]));
    assert_eq!(payload["context"]["entity_kind"], "robot");
    assert_eq!(payload["context"]["entity_reference"], "robot-login+ci");
    assert_eq!(payload["context"]["kind"], "user");
    assert!(answer["issued_at"].as_str().unwrap().ends_with('Z'));

    grant_write(server);
    let answer = ask_token(server, "robot-login+ci", token, scope)
        .expect(200)
        .json();
    assert_eq!(
        claims(&answer["token"])["access"][0]["actions"],
        json!(["push", "pull"])
    );
    see_grants(&mut admin);
    wait_for(
        "its use is written",
        std::time::Duration::from_secs(25),
        || {
            let robot = admin.get("/organization/robot-login/robots/ci").json();
            (!robot["last_accessed"].is_null()).then_some(())
        },
    );
}

#[test]
fn wrong_robot_credentials_are_refused_in_the_known_words() {
    let server = shared();
    let mut admin = with_organization(server, "robot-wrong");
    admin
        .put("/organization/robot-wrong/robots/ci", &json!({}))
        .expect(201);
    let unknown = ask_token(server, "robot-wrong+none", "x", "").expect(401);
    assert_eq!(
        refusal(&unknown),
        "Could not find robot with specified username"
    );
    let wrong = ask_token(server, "robot-wrong+ci", "x", "").expect(401);
    assert_eq!(
        refusal(&wrong),
        "Could not find robot with username: robot-wrong+ci and supplied password."
    );
    let token = ask_token(server, "$token", "x", "").expect(401);
    assert_eq!(refusal(&token), "Invalid access token");
    let app = ask_token(server, "$app", &"x".repeat(120), "").expect(401);
    assert_eq!(refusal(&app), "Invalid token");
    let oauth = ask_token(server, "$oauthtoken", &"x".repeat(40), "").expect(401);
    assert_eq!(refusal(&oauth), "OAuth access token could not be validated");
}

#[test]
fn regenerating_and_deleting_end_what_was_given_before() {
    let server = shared();
    let mut admin = with_organization(server, "robot-ends");
    let path = "/organization/robot-ends/robots/ci";
    let made = admin.put(path, &json!({})).expect(201).json();
    let first = made["token"].as_str().unwrap();
    let given = ask_token(server, "robot-ends+ci", first, "")
        .expect(200)
        .json();
    let registry_token = given["token"].as_str().unwrap();
    server.get("/v2/").bearer(registry_token).send().expect(200);

    let again = admin
        .post(&format!("{path}/regenerate"), &json!({}))
        .expect(200)
        .json();
    let second = again["token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(
        server.logged("regenerate_robot_token", "robot-ends"),
        json!({ "robot": "ci" })
    );
    ask_token(server, "robot-ends+ci", first, "").expect(401);
    ask_token(server, "robot-ends+ci", second, "").expect(200);
    let limit = std::time::Duration::from_secs(5);
    wait_for("the registry token ends", limit, || {
        let answer = server.get("/v2/").bearer(registry_token).send();
        (answer.status == 401).then_some(())
    });

    admin.delete(path).expect(204);
    assert_eq!(
        server.logged("delete_robot", "robot-ends"),
        json!({ "robot": "ci" })
    );
    ask_token(server, "robot-ends+ci", second, "").expect(401);
    let gone = admin.delete(path).expect(400);
    assert_eq!(
        gone.json(),
        json!({ "message": "Could not find robot with specified username" })
    );
    admin.put(path, &json!({})).expect(201);
}

#[test]
fn names_ends_and_bodies_are_checked() {
    let server = shared();
    let mut admin = with_organization(server, "robot-rules");
    let at = |name: &str| format!("/organization/robot-rules/robots/{name}");
    let bad = admin.put(&at("C!"), &json!({})).expect(400);
    assert_eq!(
        bad.json()["detail"],
        "The name for the robot 'C!' is invalid: Namespace must match expression \
         ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
    );
    admin.put(&at("ci"), &json!({})).expect(201);
    let twice = admin.put(&at("ci"), &json!({})).expect(400);
    assert_eq!(
        twice.json()["detail"],
        "Existing robot with name: robot-rules+ci"
    );
    for body in [
        json!({ "description": "x".repeat(256) }),
        json!({ "unstructured_metadata": [] }),
        json!({ "expires_at": 1 }),
        json!({ "expires_at": "soon" }),
        json!({ "duration_days": -2 }),
        json!({ "duration_days": 1, "expires_at": null }),
    ] {
        let answer = admin.put(&at("other"), &body).expect(400);
        assert_eq!(answer.json()["error_type"], "invalid_request", "{body}");
    }

    let made = admin
        .put(&at("short"), &json!({ "duration_days": 1 }))
        .expect(201)
        .json();
    assert!(
        made["expires_at"].as_str().unwrap().ends_with('Z'),
        "{made}"
    );
    let token = made["token"].as_str().unwrap();
    ask_token(server, "robot-rules+short", token, "").expect(200);
    server.query(
        "UPDATE robot SET expires_at = clock_timestamp() - interval '1 second' \
          WHERE short_name = 'short'",
    );
    let ended = ask_token(server, "robot-rules+short", token, "").expect(401);
    assert_eq!(refusal(&ended), "Robot robot-rules+short has expired");
    let body = json!({ "duration_days": -1 });
    let renewed = admin
        .post(&format!("{}/regenerate", at("short")), &body)
        .expect(200)
        .json();
    assert_eq!(renewed.get("expires_at"), None);
    ask_token(
        server,
        "robot-rules+short",
        renewed["token"].as_str().unwrap(),
        "",
    )
    .expect(200);
}

#[test]
fn outside_identities_are_kept_in_order() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin.put("/user/robots/keyless", &json!({})).expect(201);
    let path = "/user/robots/keyless/federation";
    assert_eq!(admin.get(path).expect(200).json(), json!([]));
    let list = json!([
        { "issuer": "https://idp.example.com", "subject": "b", "other": 1 },
        { "issuer": "https://idp.example.com", "subject": "a" },
    ]);
    let plain = json!([
        { "issuer": "https://idp.example.com", "subject": "b" },
        { "issuer": "https://idp.example.com", "subject": "a" },
    ]);
    assert_eq!(admin.post(path, &list).expect(200).json(), plain);
    assert_eq!(admin.get(path).expect(200).json(), plain);
    assert_eq!(
        server.logged("create_robot_federation", "admin"),
        json!({ "robot": "keyless", "config": plain })
    );
    let bad = admin
        .post(path, &json!([{ "issuer": "x", "subject": "a" }]))
        .expect(400);
    assert_eq!(
        bad.json()["detail"],
        "Issuer must be a URL (http:// or https://)"
    );
    admin
        .post(path, &json!([{ "issuer": "https://a" }]))
        .expect(400);
    admin
        .post(path, &json!({ "issuer": "https://a" }))
        .expect(400);
    admin.delete(path).expect(204);
    assert_eq!(
        server.logged("delete_robot_federation", "admin"),
        json!({ "robot": "keyless" })
    );
    assert_eq!(admin.get(path).expect(200).json(), json!([]));
}

#[test]
fn strangers_and_nobody_are_refused() {
    let server = shared();
    let mut admin = with_organization(server, "robot-closed");
    admin
        .put("/organization/robot-closed/robots/ci", &json!({}))
        .expect(201);
    server.add_stranger("robot-stranger");
    let mut stranger = Browser::sign_in(server, "robot-stranger", PASSWORD);
    let mut nobody = Browser::open(server);
    let path = "/organization/robot-closed/robots/ci";
    for (browser, status) in [(&mut nobody, 401), (&mut stranger, 403)] {
        browser
            .get("/organization/robot-closed/robots")
            .expect(status);
        browser.get(path).expect(status);
        browser.put(path, &json!({})).expect(status);
        browser
            .post(&format!("{path}/regenerate"), &json!({}))
            .expect(status);
        browser.get(&format!("{path}/permissions")).expect(status);
        browser.get(&format!("{path}/federation")).expect(status);
        browser
            .post(&format!("{path}/federation"), &json!([]))
            .expect(status);
        browser.delete(&format!("{path}/federation")).expect(status);
        browser.delete(path).expect(status);
    }
    nobody.get("/user/robots").expect(401);
    nobody.put("/user/robots/x1", &json!({})).expect(401);
    server.query(
        "INSERT INTO team_member (team_id, account_id) \
         SELECT t.id, u.id FROM team t, namespace u, namespace o \
          WHERE o.name = 'robot-closed' AND t.organization_id = o.id AND u.name = 'robot-stranger'",
    );
    server.query(
        "UPDATE team SET role = 'member' FROM namespace o \
          WHERE o.name = 'robot-closed' AND team.organization_id = o.id",
    );
    let listed = stranger
        .get("/organization/robot-closed/robots?token=true")
        .expect(200);
    assert_eq!(listed.json()["robots"][0]["name"], "robot-closed+ci");
    assert_eq!(listed.json()["robots"][0].get("token"), None);
    stranger.get(path).expect(403);
}

#[test]
fn robots_can_be_switched_off_but_for_some() {
    let server = Server::start(&[
        ("accounts.robots_disallow", "true"),
        ("accounts.robots_whitelist", "admin+kept"),
    ]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let text = "Robot accounts have been disabled. Please contact your administrator.";
    let refused = admin.put("/user/robots/other", &json!({})).expect(400);
    assert_eq!(refused.json()["detail"], text);
    let kept = admin
        .put("/user/robots/kept", &json!({}))
        .expect(201)
        .json();
    let token = kept["token"].as_str().unwrap();
    ask_token(&server, "admin+kept", token, "").expect(200);
    let server = server.restart_with(&[("accounts.robots_disallow", "true")]);
    let refused = ask_token(&server, "admin+kept", token, "").expect(401);
    assert_eq!(refusal(&refused), text);
    // What was sealed before the restart opens after it.
    let server = server.restart_with(&[]);
    ask_token(&server, "admin+kept", token, "").expect(200);
}
