//! App-specific tokens, tokens of applications, and what a user sees of them.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, basic, shared, wait_for};

fn ask_token(server: &Server, login: &str, password: &str, scope: &str) -> Answer {
    server
        .get(&format!(
            "/v2/auth?service={}&scope={scope}",
            server.address
        ))
        .header("Authorization", &basic(login, password))
        .send()
}

fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

/// A request of the API with an OAuth token instead of a session.
fn bearer(server: &Server, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let text = body.to_string();
    let request = server
        .request(method, &format!("/api/v1{path}"))
        .bearer(token);
    if body.is_null() {
        return request.send();
    }
    let request = request.header("Content-Type", "application/json");
    request.body(text.as_bytes()).send()
}

#[test]
fn an_app_token_logs_in_until_it_is_revoked() {
    let server = shared();
    server.add_stranger("app-user");
    let mut user = Browser::sign_in(server, "app-user", PASSWORD);
    let made = user
        .post("/user/apptoken", &json!({ "title": "laptop" }))
        .expect(200)
        .json();
    let token = &made["token"];
    let (id, code) = (
        token["uuid"].as_str().unwrap(),
        token["token_code"].as_str().unwrap(),
    );
    assert_eq!(token["title"], "laptop");
    assert_eq!(token["expiration"], Value::Null);
    assert_eq!(code.len(), 120);
    let describe = json!({ "app_specific_token": id, "app_specific_token_title": "laptop" });
    assert_eq!(
        server.logged("create_app_specific_token", "app-user"),
        describe
    );

    let path = format!("/user/apptoken/{id}");
    let listed = user.get("/user/apptoken").expect(200).json();
    assert_eq!(listed["only_expiring"], Value::Null);
    assert_eq!(listed["tokens"][0]["uuid"], id);
    assert_eq!(listed["tokens"][0].get("token_code"), None);
    assert_eq!(
        user.get(&path).expect(200).json()["token"]["token_code"],
        code
    );
    let expiring = user.get("/user/apptoken?expiring=true").expect(200).json();
    assert_eq!(expiring, json!({ "tokens": [], "only_expiring": true }));

    let scope = "repository:app-user/x:pull,push";
    let given = ask_token(server, "$app", code, scope).expect(200).json();
    let payload = claims(&given["token"]);
    assert_eq!(payload["sub"], "app-user");
    assert_eq!(payload["access"][0]["actions"], json!(["push", "pull"]));
    assert_eq!(payload["context"]["entity_kind"], "appspecifictoken");
    assert_eq!(payload["context"]["entity_reference"], id);
    let registry_token = given["token"].as_str().unwrap();
    server.get("/v2/").bearer(registry_token).send().expect(200);
    ask_token(
        server,
        "$app",
        &code.replace(&code[60..], &"A".repeat(60)),
        "",
    )
    .expect(401);

    let mut other = Browser::sign_in(server, ACCOUNT, PASSWORD);
    other.get(&path).expect(404);
    other.delete(&path).expect(404);
    user.delete(&path).expect(204);
    assert_eq!(
        server.logged("revoke_app_specific_token", "app-user"),
        describe
    );
    ask_token(server, "$app", code, "").expect(401);
    user.get(&path).expect(404);
    user.get("/user/apptoken/none").expect(404);
    let limit = std::time::Duration::from_secs(5);
    wait_for("its registry token ends", limit, || {
        let answer = server.get("/v2/").bearer(registry_token).send();
        (answer.status == 401).then_some(())
    });
}

#[test]
fn app_tokens_need_a_login_a_title_and_time() {
    let server = shared();
    let mut nobody = Browser::open(server);
    nobody.get("/user/apptoken").expect(401);
    nobody
        .post("/user/apptoken", &json!({ "title": "x" }))
        .expect(401);
    nobody.get("/superuser/apptokens").expect(401);
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let missing = admin.post("/user/apptoken", &json!({})).expect(400);
    assert_eq!(missing.json()["detail"], "'title' is a required property");
    // A superuser without full access does not look into other people's accounts.
    admin.get("/superuser/apptokens").expect(403);

    let server = Server::start(&[
        ("accounts.app_token_life", "2s"),
        ("auth.superusers_full_access", "true"),
        ("accounts.fresh_login_timeout", "1s"),
    ]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let made = admin
        .post("/user/apptoken", &json!({ "title": "brief" }))
        .expect(200)
        .json();
    let code = made["token"]["token_code"].as_str().unwrap();
    assert!(made["token"]["expiration"].is_string());
    let given = ask_token(&server, "$app", code, "").expect(200).json();
    assert!(given["expires_in"].as_i64().unwrap() <= 2, "{given}");
    let all = admin
        .get("/superuser/apptokens?expiring=true")
        .expect(200)
        .json();
    assert_eq!(all["tokens"][0]["title"], "brief");
    let limit = std::time::Duration::from_secs(5);
    wait_for("it expires", limit, || {
        (ask_token(&server, "$app", code, "").status == 401).then_some(())
    });
    let stale = admin
        .post("/user/apptoken", &json!({ "title": "late" }))
        .expect(401);
    assert_eq!(stale.json()["error_type"], "fresh_login_required");
}

#[test]
fn applications_are_kept_by_the_organizations_administrators() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "apps" }))
        .expect(201);
    let path = "/organization/apps/applications";
    let body = json!({ "name": "tool", "redirect_uri": "http://localhost/cb" });
    let made = admin.post(path, &body).expect(200).json();
    let client_id = made["client_id"].as_str().unwrap().to_owned();
    let secret = made["client_secret"].as_str().unwrap().to_owned();
    assert_eq!((client_id.len(), secret.len()), (20, 40));
    assert_eq!(made["application_uri"], "");
    assert_eq!(made["avatar_email"], Value::Null);
    let describe = json!({ "application_name": "tool", "client_id": client_id });
    assert_eq!(server.logged("create_application", "apps"), describe);

    let one = format!("{path}/{client_id}");
    assert_eq!(admin.get(&one).expect(200).json(), made);
    assert_eq!(
        admin.get(path).expect(200).json()["applications"],
        json!([made])
    );
    let change = json!({ "name": "tool2", "redirect_uri": "", "application_uri": "" });
    let changed = admin.put(&one, &change).expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["client_secret"]),
        (&json!("tool2"), &json!(secret))
    );
    let reset = admin
        .post(&format!("{one}/resetclientsecret"), &json!({}))
        .expect(200)
        .json();
    assert_ne!(reset["client_secret"], json!(secret));
    let described = json!({ "application_name": "tool2", "client_id": client_id });
    assert_eq!(server.logged("update_application", "apps"), described);
    assert_eq!(
        server.logged("reset_application_client_secret", "apps"),
        described
    );

    let public = server
        .get(&format!("/api/v1/app/{client_id}"))
        .send()
        .expect(200)
        .json();
    assert_eq!(public["name"], "tool2");
    assert_eq!(public["organization"]["name"], "apps");
    assert_eq!(public.get("client_secret"), None);
    server.get("/api/v1/app/none").send().expect(404);

    let reserved = json!({ "name": "__quay_bootstrap_app" });
    let refused = admin.post(path, &reserved).expect(400);
    assert_eq!(
        refused.json()["detail"],
        "Application name is reserved for bootstrap token provisioning"
    );
    admin.post(path, &json!({})).expect(400);
    admin.put(&one, &json!({ "name": "x" })).expect(400);
    server.add_stranger("apps-stranger");
    let mut stranger = Browser::sign_in(server, "apps-stranger", PASSWORD);
    let mut nobody = Browser::open(server);
    for (browser, status) in [(&mut nobody, 401), (&mut stranger, 403)] {
        browser.get(path).expect(status);
        browser.post(path, &body).expect(status);
        browser.get(&one).expect(status);
        browser.put(&one, &change).expect(status);
        browser
            .post(&format!("{one}/resetclientsecret"), &json!({}))
            .expect(status);
        browser.get(&format!("{one}/tokens")).expect(status);
        browser.delete(&one).expect(status);
    }
    admin.delete(&one).expect(204);
    assert_eq!(server.logged("delete_application", "apps"), described);
    admin.delete(&one).expect(404);
    admin.get(&one).expect(404);
}

#[test]
fn a_named_token_goes_as_far_as_its_scopes() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "named" }))
        .expect(201);
    let made = admin
        .post(
            "/organization/named/applications",
            &json!({ "name": "tool" }),
        )
        .expect(200)
        .json();
    let client_id = made["client_id"].as_str().unwrap();
    let path = format!("/organization/named/applications/{client_id}/tokens");
    let body = json!({ "name": " ci ", "scope": "repo:read,user:admin", "expiration": 3600 });
    let made = admin.post(&path, &body).expect(200).json();
    assert_eq!(
        (&made["name"], &made["created_by"]),
        (&json!("ci"), &json!(ACCOUNT))
    );
    assert_eq!(made["scope"], "repo:read user:admin");
    let (id, token) = (
        made["uuid"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let logged = server.logged("create_oauth_api_token", "named");
    assert_eq!(logged["oauth_token_uuid"], id);
    assert_eq!(logged["token_display_name"], "ci");

    let scope = "repository:named/app:pull,push";
    let given = ask_token(server, "$oauthtoken", token, scope)
        .expect(200)
        .json();
    let payload = claims(&given["token"]);
    assert_eq!(payload["access"][0]["actions"], json!(["pull"]));
    assert_eq!(payload["context"]["entity_kind"], "oauthtoken");
    assert_eq!(payload["context"]["entity_reference"], id);
    assert_eq!(payload["context"]["oauth"], id);

    // A token cannot be widened by itself: this one does not administer organizations.
    let wide = json!({ "name": "wide", "scope": "org:admin" });
    bearer(server, "POST", &path, token, &wide).expect(403);
    bearer(server, "GET", "/user/robots", token, &Value::Null).expect(200);
    let bot = bearer(server, "PUT", "/user/robots/by-token", token, &json!({}));
    bot.expect(201);
    let logged = server.logged("create_robot", ACCOUNT);
    assert_eq!(logged["oauth_token_id"], id);

    for (body, status) in [
        (json!({ "scope": "repo:read" }), 400),
        (json!({ "name": "", "scope": "repo:read" }), 400),
        (json!({ "name": "  ", "scope": "repo:read" }), 400),
        (
            json!({ "name": "x", "scope": "repo:read", "expiration": 0 }),
            400,
        ),
    ] {
        admin.post(&path, &body).expect(status);
    }
    let bogus = admin
        .post(&path, &json!({ "name": "n", "scope": "bogus" }))
        .expect(400);
    assert_eq!(bogus.json(), json!({ "message": "Invalid scope: bogus" }));
    let listed = admin.get(&path).expect(200).json();
    assert_eq!(listed["tokens"][0]["uuid"], id);
    assert_eq!(listed["tokens"][0].get("token"), None);
    assert_eq!(listed.get("next_page"), None);

    let grant = format!("/user/authorizations/{id}");
    let seen = admin.get(&grant).expect(200).json();
    assert_eq!(seen["application"]["name"], "tool");
    assert_eq!(seen["scopes"][0]["scope"], "repo:read");
    assert_eq!(seen["scopes"][1]["dangerous"], true);
    admin.delete(&format!("{path}/{id}")).expect(204);
    assert_eq!(
        server.logged("revoke_oauth_api_token", "named")["oauth_token_uuid"],
        id
    );
    bearer(server, "GET", "/user/robots", token, &Value::Null).expect(401);
    ask_token(server, "$oauthtoken", token, "").expect(401);
    admin.delete(&format!("{path}/{id}")).expect(404);
    admin.delete(&format!("{path}/none")).expect(404);
    admin.get(&grant).expect(404);
}

#[test]
fn a_grant_is_ended_by_the_user_it_speaks_for() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "ended" }))
        .expect(201);
    let app = admin
        .post(
            "/organization/ended/applications",
            &json!({ "name": "tool" }),
        )
        .expect(200)
        .json();
    let path = format!(
        "/organization/ended/applications/{}/tokens",
        app["client_id"].as_str().unwrap()
    );
    let body = json!({ "name": "ci", "scope": "user:read" });
    let made = admin.post(&path, &body).expect(200).json();
    let grant = format!("/user/authorizations/{}", made["uuid"].as_str().unwrap());
    let all = admin.get("/user/authorizations").expect(200).json();
    assert!(
        all["authorizations"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["uuid"] == made["uuid"])
    );
    server.add_stranger("ended-stranger");
    Browser::sign_in(server, "ended-stranger", PASSWORD)
        .delete(&grant)
        .expect(404);
    Browser::open(server)
        .get("/user/authorizations")
        .expect(401);
    admin.delete(&grant).expect(204);
    admin.delete(&grant).expect(404);
    let logged = server.logged("revoke_oauth_api_token", ACCOUNT);
    assert_eq!(logged["oauth_token_uuid"], made["uuid"]);
    ask_token(server, "$oauthtoken", made["token"].as_str().unwrap(), "").expect(401);
}

#[test]
fn pages_of_named_tokens_follow_each_other() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "paged" }))
        .expect(201);
    let app = admin
        .post(
            "/organization/paged/applications",
            &json!({ "name": "tool" }),
        )
        .expect(200)
        .json();
    let client_id = app["client_id"].as_str().unwrap();
    server.query(&format!(
        "INSERT INTO oauth_token (application_id, account_id, prefix, secret_hash, scope, \
                                  display_name, expires_at) \
         SELECT a.id, u.id, 'page-' || i, '', 'repo:read', 'token ' || i, 'tomorrow' \
           FROM oauth_application a, namespace u, generate_series(1, 150) AS i \
          WHERE a.client_id = '{client_id}' AND u.name = '{ACCOUNT}'"
    ));
    let path = format!("/organization/paged/applications/{client_id}/tokens");
    let first = admin.get(&path).expect(200).json();
    let next = first["next_page"].as_str().unwrap();
    let second = admin
        .get(&format!("{path}?next_page={next}"))
        .expect(200)
        .json();
    assert_eq!(second.get("next_page"), None);
    let pages = [&first, &second].map(|page| page["tokens"].as_array().unwrap().clone());
    let all: std::collections::HashSet<String> = pages
        .iter()
        .flatten()
        .map(|token| token["uuid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((pages[0].len(), pages[1].len(), all.len()), (100, 50, 150));
}

#[test]
fn the_first_user_gets_a_token_on_request() {
    let server = Server::start_empty(&[]);
    let body = json!({
        "username": "root", "password": PASSWORD, "email": "r@example.com", "access_token": true,
    });
    let made = server
        .request("POST", "/api/v1/user/initialize")
        .header("Content-Type", "application/json")
        .body(body.to_string().as_bytes())
        .send()
        .expect(200)
        .json();
    let token = made["access_token"].as_str().unwrap();
    assert_eq!(token.len(), 40);
    let org = json!({ "name": "by-token" });
    bearer(&server, "POST", "/organization/", token, &org).expect(201);
    let seen = bearer(&server, "GET", "/user/authorizations", token, &Value::Null);
    let seen = seen.expect(200).json();
    assert_eq!(
        seen["authorizations"][0]["application"]["name"],
        "automation"
    );
    assert_eq!(
        seen["authorizations"][0]["scopes"]
            .as_array()
            .unwrap()
            .len(),
        8
    );
}

#[test]
fn plain_passwords_can_be_refused_to_clients() {
    let server = Server::start(&[("auth.require_encrypted_basic_auth", "true")]);
    let refused = ask_token(&server, ACCOUNT, PASSWORD, "").expect(401);
    let text = refused.json()["errors"][0]["message"].clone();
    assert!(text.as_str().unwrap().contains("encrypted"), "{text}");
    Browser::sign_in(&server, ACCOUNT, PASSWORD);
    // The setup call shows the encrypted password; here it is made by sealing the same way.
    let empty = Server::start_empty(&[("auth.require_encrypted_basic_auth", "true")]);
    let body = json!({ "username": "root", "password": PASSWORD, "email": "r@example.com" });
    let made = empty
        .request("POST", "/api/v1/user/initialize")
        .header("Content-Type", "application/json")
        .body(body.to_string().as_bytes())
        .send()
        .expect(200)
        .json();
    let encrypted = made["encrypted_password"].as_str().unwrap();
    ask_token(&empty, "root", encrypted, "").expect(200);
}

#[test]
fn renewing_a_bootstrap_token_needs_one() {
    let server = shared();
    for token in [None, Some("nonsense")] {
        let request = server.request("POST", "/api/v1/bootstrap/renew");
        let answer = match token {
            Some(token) => request.bearer(token).send(),
            None => request.send(),
        };
        assert_eq!(answer.expect(401).json()["error_type"], "invalid_token");
    }
}

#[test]
fn a_form_with_several_scopes_is_answered() {
    let server = shared();
    let form = format!(
        "grant_type=password&client_id=containerd-client&access_type=offline\
         &service={}&username={ACCOUNT}&password={PASSWORD}\
         &scope=repository%3A{ACCOUNT}%2Fa%3Apull+repository%3A{ACCOUNT}%2Fb%3Apull%2Cpush",
        server.address
    );
    let answer = server
        .request("POST", "/v2/auth")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.as_bytes())
        .send()
        .expect(200)
        .json();
    let payload = claims(&answer["access_token"]);
    assert_eq!(payload["access"][0]["actions"], json!(["pull"]));
    assert_eq!(payload["access"][1]["actions"], json!(["push", "pull"]));
    assert!(answer["issued_at"].is_string() && answer["expires_in"].is_i64());
}
