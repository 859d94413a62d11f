//! Users: making an account, what it shows, and what it may change about itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Browser, PASSWORD, Server, basic, first_line, logged, logged_of, query, shared,
    wait_for,
};

const SECRET: &str = "a-good-password";

/// Makes an account and answers the browser that is signed in to it.
pub(super) fn sign_up<'a>(server: &'a Server, name: &str) -> Browser<'a> {
    let mut browser = Browser::open(server);
    let body = json!({
        "username": name, "password": SECRET, "email": format!("{name}@example.com"),
    });
    browser.post("/user/", &body).expect(200);
    browser
}

pub(super) fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn making_an_account_signs_in_and_shows_the_whole_user() {
    let server = shared();
    let mut browser = Browser::open(server);
    let (cookie, csrf) = (browser.cookie.clone(), browser.csrf.clone());
    let body = json!({ "username": "ann", "password": SECRET, "email": "ann@example.com" });
    let made = browser.post("/user/", &body).expect(200).json();
    assert_ne!(browser.cookie, cookie, "a session of its own");
    assert_ne!(browser.csrf, csrf);
    assert_eq!(made, browser.get("/user/").expect(200).json());
    assert_eq!(
        keys(&made),
        [
            "anonymous",
            "avatar",
            "can_create_repo",
            "company",
            "email",
            "family_name",
            "given_name",
            "has_password_set",
            "invoice_email",
            "invoice_email_address",
            "is_free_account",
            "is_me",
            "location",
            "logins",
            "organizations",
            "preferred_namespace",
            "prompts",
            "tag_expiration_s",
            "username",
            "verified",
        ]
    );
    assert_eq!(made["username"], "ann");
    assert_eq!(made["avatar"]["kind"], "user");
    assert_eq!(made["tag_expiration_s"], 14 * 86_400);
    let row = &logged_of(server, "user_create", "username", "ann")[0];
    assert_eq!(row["metadata"]["email"], "ann@example.com");
    assert_eq!(
        (&row["performer"], &row["ip"]),
        (&json!("ann"), &json!("127.0.0.1"))
    );

    server.token_of("ann", SECRET, "repository:ann/x:pull,push");
}

#[test]
fn users_see_their_organizations_and_little_of_each_other() {
    let server = shared();
    let mut browser = sign_up(server, "anna");
    browser
        .post("/organization/", &json!({ "name": "annas" }))
        .expect(201);
    let own = browser.get("/user/").expect(200).json();
    let organization = &own["organizations"][0];
    assert_eq!(
        keys(organization),
        [
            "avatar",
            "can_create_repo",
            "is_org_admin",
            "name",
            "preferred_namespace",
            "public"
        ]
    );
    assert_eq!(organization["name"], "annas");
    assert_eq!(organization["is_org_admin"], true);
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    assert_eq!(admin.get("/user/").expect(200).json()["super_user"], true);
    let seen = admin.get("/users/anna").expect(200).json();
    assert_eq!(keys(&seen), ["anonymous", "avatar", "username"]);
    assert_eq!(browser.get("/users/anna").expect(200).json()["is_me"], true);
}

#[test]
fn accounts_that_cannot_be_made_are_refused_with_the_reason() {
    let server = shared();
    sign_up(server, "first-one");
    let mut browser = Browser::open(server);
    let good = json!({ "username": "second-one", "password": SECRET, "email": "s@example.com" });
    let cases = [
        (
            "username",
            json!("first-one"),
            "The username already exists",
        ),
        (
            "email",
            json!("First-One@example.com"),
            "The email address is already in use",
        ),
        (
            "password",
            json!("short"),
            "Invalid password, password must be at least 8 characters and contain no whitespace.",
        ),
        (
            "username",
            json!("Al"),
            "Invalid namespace Al: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
        ),
        ("username", json!(5), "5 is not of type 'string'"),
    ];
    for (member, value, text) in cases {
        let mut body = good.clone();
        body[member] = value;
        let refused = browser.post("/user/", &body).expect(400).json();
        assert_eq!(first_line(&refused["detail"]), text);
        assert_eq!(refused["error_type"], "invalid_request");
    }
    let refused = browser
        .post("/user/", &json!({ "username": "x2" }))
        .expect(400);
    assert_eq!(
        first_line(&refused.json()["detail"]),
        "'password' is a required property"
    );
    assert!(logged_of(server, "user_create", "username", "second-one").is_empty());

    let odd = json!({ "username": "odd-mail", "password": SECRET, "email": "bad" });
    let made = browser.post("/user/", &odd).expect(200).json();
    assert_eq!(
        (&made["email"], &made["verified"]),
        (&json!("bad"), &json!(true))
    );
}

#[test]
fn nobody_and_unknown_users_are_told_as_such() {
    let server = shared();
    let mut stranger = Browser::open(server);
    let refused = stranger.get("/user/").expect(401).json();
    assert_eq!(refused["session_required"], false);
    assert_eq!(refused["error_type"], "invalid_token");
    let unknown = stranger.get("/users/nosuch").expect(404).json();
    assert!(
        unknown["message"]
            .as_str()
            .unwrap()
            .starts_with("The requested URL")
    );
    for (method, path, body) in [
        ("PUT", "/user/", json!({ "company": "x" })),
        (
            "POST",
            "/user/convert",
            json!({ "adminUser": "a", "adminPassword": "b" }),
        ),
        ("POST", "/user/clientkey", json!({ "password": "x" })),
        (
            "POST",
            "/user/starred",
            json!({ "namespace": "a", "repository": "b" }),
        ),
        ("GET", "/user/starred", Value::Null),
        ("GET", "/user/notifications", Value::Null),
        ("DELETE", "/user/", Value::Null),
    ] {
        let answer = match method {
            "PUT" => stranger.put(path, &body),
            "POST" => stranger.post(path, &body),
            "DELETE" => stranger.delete(path),
            _ => stranger.get(path),
        };
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.json()["error_type"],
            "invalid_token",
            "{method} {path}"
        );
    }
    let basic_only = server
        .get("/api/v1/user/")
        .header("Authorization", &server.login())
        .send();
    assert_eq!(basic_only.status, 401, "Basic is nobody here");
}

#[test]
fn an_oauth_token_sees_what_its_scopes_say() {
    let server = shared();
    let mut browser = sign_up(server, "olga");
    browser
        .post("/organization/", &json!({ "name": "olgas" }))
        .expect(201);
    let token = |scope: &str, prefix: &str| {
        let prefix = format!("{prefix:A<20}");
        query(
            server,
            &format!(
                "WITH app AS (
                     INSERT INTO oauth_application (client_id, organization_id, name, sealed_secret)
                     SELECT '{prefix}', id, 'app', '' FROM namespace WHERE name = 'olgas'
                     RETURNING id)
                 INSERT INTO oauth_token (application_id, account_id, prefix, secret_hash, scope, expires_at)
                 SELECT app.id, n.id, '{prefix}', sha256('BBBBBBBBBBBBBBBBBBBB'), '{scope}',
                        now() + interval '1 hour'
                   FROM app, namespace n WHERE n.name = 'olga' RETURNING to_jsonb(id)"
            ),
        );
        format!("{prefix}BBBBBBBBBBBBBBBBBBBB")
    };
    let ask = |method: &str, path: &str, token: &str| {
        server
            .request(method, &format!("/api/v1{path}"))
            .header("Authorization", &format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(br#"{"company": "x"}"#)
            .send()
    };
    let reader = token("user:read", "READ");
    let seen = ask("GET", "/user/", &reader).expect(200).json();
    assert_eq!(
        keys(&seen),
        ["anonymous", "avatar", "organizations", "username"]
    );
    let organization = &seen["organizations"][0];
    assert_eq!(
        keys(organization),
        ["avatar", "can_create_repo", "name", "public"]
    );
    assert_eq!(organization["can_create_repo"], false);
    ask("PUT", "/user/", &reader).expect(403);

    let admin = token("user:admin", "ADMIN");
    assert_eq!(
        ask("GET", "/user/", &admin).expect(200).json()["is_me"],
        true
    );
    ask("PUT", "/user/", &admin).expect(200);
    let other = token("repo:read", "OTHER");
    let refused = ask("GET", "/user/", &other).expect(401).json();
    assert_eq!(refused["session_required"], false);
    ask("GET", "/user/notifications", &other).expect(403);
}

#[test]
fn a_new_password_ends_all_other_logins() {
    let server = shared();
    let mut browser = sign_up(server, "paul");
    let mut elsewhere = Browser::sign_in(server, "paul", SECRET);
    let token = server.token_of("paul", SECRET, "repository:paul/x:pull,push");
    let upload = || {
        server
            .request("POST", "/v2/paul/x/blobs/uploads/")
            .header("Authorization", &format!("Bearer {token}"))
            .send()
            .status
    };
    assert_eq!(upload(), 202);
    for wrong in ["x", "has a space", ""] {
        let refused = browser
            .put("/user/", &json!({ "password": wrong }))
            .expect(400);
        let refused = refused.json();
        let detail = first_line(&refused["detail"]);
        assert!(detail.starts_with("Invalid password"), "{detail}");
    }
    let csrf = browser.csrf.clone();
    let changed = browser.put("/user/", &json!({ "password": "another-password" }));
    assert_eq!(changed.expect(200).json()["username"], "paul");
    assert_ne!(
        browser.csrf, csrf,
        "the session goes on with a new CSRF token"
    );
    browser
        .put("/user/", &json!({ "invoice_email": true }))
        .expect(200);

    elsewhere.get("/user/").expect(401);
    let mut again = Browser::open(server);
    let body = |password: &str| json!({ "username": "paul", "password": password });
    again.post("/signin", &body(SECRET)).expect(403);
    std::thread::sleep(Duration::from_millis(600));
    again.post("/signin", &body("another-password")).expect(200);
    wait_for("the old token ends", Duration::from_secs(6), || {
        (upload() == 401).then_some(())
    });
    let rows = logged(server, "account_change_password");
    let own: Vec<_> = rows
        .iter()
        .filter(|row| row["namespace"] == "paul")
        .collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["metadata"], json!({}));
}

#[test]
fn what_users_change_shows_and_is_logged() {
    let server = shared();
    let mut browser = sign_up(server, "carl");
    let changes = json!({
        "invoice_email": true,
        "invoice_email_address": "pay@example.com",
        "tag_expiration_s": 86_400,
        "email": "carl2@example.com",
    });
    let seen = browser.put("/user/", &changes).expect(200).json();
    for (member, value) in changes.as_object().unwrap() {
        assert_eq!(&seen[member], value);
    }
    let own = |kind: &str| -> Vec<Value> {
        let mut rows = logged(server, kind);
        rows.retain(|row| row["namespace"] == "carl");
        rows.into_iter()
            .map(|row| row["metadata"].clone())
            .collect()
    };
    assert_eq!(
        own("user_change_invoicing"),
        [json!({ "invoice_email": true, "invoice_email_address": "pay@example.com" })]
    );
    assert_eq!(
        own("user_change_tag_expiration"),
        [json!({ "tag_expiration": 86_400 })]
    );
    assert_eq!(
        own("user_change_email"),
        [json!({ "old_email": "carl@example.com", "email": "carl2@example.com" })]
    );
    let cleared = browser.put("/user/", &json!({ "invoice_email_address": null }));
    assert_eq!(
        cleared.expect(200).json()["invoice_email_address"],
        Value::Null
    );
    Browser::sign_in(server, "carl2@example.com", SECRET);
}

#[test]
fn changes_that_cannot_be_are_refused_as_a_whole() {
    let server = shared();
    let mut browser = sign_up(server, "cora");
    browser
        .put("/user/", &json!({ "invoice_email": true }))
        .expect(200);
    let refused = browser
        .put("/user/", &json!({ "tag_expiration_s": 12 }))
        .expect(400);
    assert_eq!(
        refused.json(),
        json!({ "message": "Invalid tag expiration option" })
    );
    for (body, text) in [
        (
            json!({ "tag_expiration_s": -1 }),
            "-1 is less than the minimum of 0",
        ),
        (
            json!({ "tag_expiration_s": "1d" }),
            "'1d' is not of type 'integer'",
        ),
        (
            json!({ "email": "A@example.com" }),
            "The email address is already in use",
        ),
        (
            json!({ "invoice_email": "yes" }),
            "'yes' is not of type 'boolean'",
        ),
    ] {
        let refused = browser.put("/user/", &body).expect(400);
        assert_eq!(first_line(&refused.json()["detail"]), text);
    }
    // Names and company are asked for only where that is switched on, names stay unless they may change.
    let seen = browser
        .put("/user/", &json!({ "company": "ACME", "username": "karl" }))
        .expect(200);
    assert_eq!(seen.json()["company"], Value::Null);
    assert_eq!(seen.json()["username"], "cora");
    // A part that is refused undoes the rest.
    let both = json!({ "invoice_email": false, "tag_expiration_s": 12 });
    browser.put("/user/", &both).expect(400);
    assert_eq!(
        browser.get("/user/").expect(200).json()["invoice_email"],
        true
    );
}

#[test]
fn names_and_company_are_asked_for_where_that_is_on() {
    let server = Server::start(&[
        ("accounts.user_metadata", "true"),
        ("registry.change_tag_expiration", "false"),
    ]);
    let mut browser = sign_up(&server, "mira");
    let seen = browser.get("/user/").expect(200).json();
    assert_eq!(seen["prompts"], json!(["enter_name", "enter_company"]));
    let seen = browser
        .put(
            "/user/",
            &json!({ "given_name": "Mira", "family_name": "M" }),
        )
        .expect(200)
        .json();
    assert_eq!(seen["prompts"], json!([]));
    assert_eq!(
        (&seen["given_name"], &seen["company"]),
        (&json!("Mira"), &Value::Null)
    );
    assert_eq!(logged(&server, "user_change_metadata").len(), 1);
    let refused = browser
        .put("/user/", &json!({ "tag_expiration_s": 86_400 }))
        .expect(400);
    assert_eq!(refused.json()["message"], "Invalid tag expiration option");
}

#[test]
fn a_renamed_user_takes_all_along_and_leaves_nothing() {
    let server = Server::start(&[("accounts.user_rename", "true")]);
    let mut browser = sign_up(&server, "mira");
    let token = server.token_of("mira", SECRET, "repository:mira/x:pull,push");
    let upload = |name: &str, token: &str| {
        server
            .request("POST", &format!("/v2/{name}/x/blobs/uploads/"))
            .header("Authorization", &format!("Bearer {token}"))
            .send()
            .status
    };
    assert_eq!(upload("mira", &token), 202);
    for (name, text) in [
        ("admin", "The username already exists"),
        ("No Name", "Invalid namespace No Name"),
    ] {
        let refused = browser
            .put("/user/", &json!({ "username": name }))
            .expect(400);
        let refused = refused.json();
        let detail = first_line(&refused["detail"]);
        assert!(detail.starts_with(text), "{detail}");
    }
    let seen = browser
        .put("/user/", &json!({ "username": "nora" }))
        .expect(200);
    assert_eq!(seen.json()["username"], "nora");
    assert_eq!(
        logged(&server, "user_change_name")[0]["metadata"],
        json!({ "old_username": "mira" })
    );
    browser.get("/users/mira").expect(404);
    wait_for("the old token ends", Duration::from_secs(6), || {
        (upload("mira", &token) == 401).then_some(())
    });
    let renamed = server.token_of("nora", SECRET, "repository:nora/x:pull,push");
    assert_eq!(
        upload("nora", &renamed),
        202,
        "the repository has moved along"
    );

    // Somebody else may have the old name, and nothing of what was there.
    sign_up(&server, "mira2")
        .put("/user/", &json!({ "username": "mira" }))
        .expect(200);
    let others = server.token_of("mira", SECRET, "repository:mira/x:pull,push");
    assert_eq!(upload("mira", &others), 202);
    let rows = query(
        &server,
        "SELECT to_jsonb(n.name) FROM repository r JOIN namespace n ON n.id = r.namespace_id
          WHERE r.name = 'x' ORDER BY r.id",
    );
    assert_eq!(rows, [json!("nora"), json!("mira")], "two repositories");
}

#[test]
fn an_encrypted_password_works_in_clients_only_for_its_user() {
    let server = shared();
    let mut browser = sign_up(server, "kim");
    let refused = browser
        .post("/user/clientkey", &json!({ "password": "bad" }))
        .expect(400);
    assert_eq!(
        first_line(&refused.json()["detail"]),
        "Invalid Username or Password"
    );
    std::thread::sleep(Duration::from_millis(600));
    let made = browser
        .post("/user/clientkey", &json!({ "password": SECRET }))
        .expect(200);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    server.token_of("kim", &key, "repository:kim/x:pull,push");
    let stolen = server
        .get("/v2/auth?scope=repository:admin/x:pull")
        .header("Authorization", &basic(ACCOUNT, &key))
        .send();
    assert_eq!(stolen.status, 401);
    let rows = logged(server, "user_generate_client_key");
    assert_eq!(
        rows.iter().filter(|row| row["namespace"] == "kim").count(),
        1
    );
}
