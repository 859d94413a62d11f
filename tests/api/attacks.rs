//! What an attacker tries: forged requests, names that look like others, statements in texts,
//! members that nobody asked for, and secrets in the log.
//!
//! Where it can be, an attack is made on every operation that is declared.

use serde_json::{Value, json};
use slipway::api::list_operations;
use slipway::api::operation::{Guard, Method, Operation};
use slipway::api::schema::Kind;

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, sample, shared};

const STATEMENTS: [&str; 5] = [
    "'; DROP TABLE namespace CASCADE; --",
    "' OR '1'='1",
    "\\'; SELECT pg_sleep(30); --",
    "$1::text || (SELECT password_phc FROM account LIMIT 1)",
    "%' UNION SELECT NULL, NULL --",
];

/// Operations that exist on a server of the default configuration.
fn operations(server: &Server) -> Vec<&'static Operation> {
    let described = server.get("/api/v1/discovery?internal=true").send();
    let described = described.expect(200).json();
    let is_there = |operation: &&Operation| {
        let path = format!("/api/v1{}", operation.path);
        let method = sample::method(operation).to_ascii_lowercase();
        operation.is_hidden || described["paths"][&path].get(&method).is_some()
    };
    list_operations().filter(is_there).collect()
}

/// What ends the account that asks, and takes no text.
fn ends_account(operation: &Operation) -> bool {
    operation.id == "deleteCurrentUser"
}

fn ends_sessions(operation: &Operation) -> bool {
    // Signing out and what changes the caller itself; the attack goes on in a new session.
    operation.id == "logout" || operation.path.starts_with("/user/") || operation.id == "signinUser"
}

#[test]
fn every_write_without_the_csrf_token_is_refused() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let token = std::mem::take(&mut admin.csrf);
    let mut tried = 0;
    for operation in operations(server) {
        if operation.method == Method::Get || operation.skips_csrf {
            continue;
        }
        let path = sample::path(operation, "some");
        let body = operation.body.map_or(json!({}), sample::body);
        let method = sample::method(operation);
        for wrong in ["", "0", &token[1..]] {
            wrong.clone_into(&mut admin.csrf);
            let answer = admin.send(method, &path, Some(&body)).expect(403);
            let text = "CSRF token was invalid or missing.";
            assert_eq!(answer.json()["error"], text, "{method} {path}");
        }
        tried += 1;
    }
    assert!(tried > 5, "{tried}");
    admin.csrf = token;
    admin.get("/superuser/registrystatus").expect(200);
}

#[test]
fn whoever_is_not_signed_in_gets_nowhere_without_an_open_door() {
    let server = shared();
    let mut tried = 0;
    for operation in operations(server) {
        if matches!(operation.guard, Guard::Open) {
            continue;
        }
        let mut stranger = Browser::open(server);
        let path = sample::path(operation, "some");
        let body = operation.body.map(sample::body);
        let answer = stranger.send(sample::method(operation), &path, body.as_ref());
        // An organization that nobody has may answer as not there, but only to no avail.
        assert_eq!(
            answer.status,
            401,
            "{} {path}: {}",
            operation.id,
            answer.text()
        );
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn superusers_operations_are_theirs_alone() {
    let server = Server::start(&[("auth.global_readonly_superusers", "rory")]);
    server.add_user("mallory");
    server.add_user("rory");
    let mut mallory = Browser::sign_in(&server, "mallory", PASSWORD);
    let mut rory = Browser::sign_in(&server, "rory", PASSWORD);
    let mut tried = 0;
    for operation in operations(&server) {
        let Guard::Superuser { readers } = operation.guard else {
            continue;
        };
        let path = sample::path(operation, "some");
        let body = operation.body.map(sample::body);
        let method = sample::method(operation);
        mallory.send(method, &path, body.as_ref()).expect(403);
        let answer = rory.send(method, &path, body.as_ref());
        let is_let_in = answer.status != 403;
        assert_eq!(is_let_in, readers, "{method} {path}: {}", answer.status);
        assert!(
            !readers || operation.method == Method::Get,
            "{}",
            operation.id
        );
        tried += 1;
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn a_session_that_was_given_before_the_login_is_not_the_login() {
    let server = shared();
    let mut victim = Browser::open(server);
    let planted = victim.cookie.clone().unwrap();
    let planted_csrf = victim.csrf.clone();
    let login = json!({ "username": ACCOUNT, "password": PASSWORD });
    victim.post("/signin", &login).expect(200);
    assert_ne!(victim.cookie.as_deref(), Some(planted.as_str()));
    assert_ne!(victim.csrf, planted_csrf);
    let mut attacker = Browser::open(server);
    attacker.cookie = Some(planted);
    attacker.csrf = planted_csrf;
    attacker.get("/user/logs").expect(401);

    let first = victim.cookie.clone();
    victim.post("/signin", &login).expect(200);
    assert_ne!(
        victim.cookie, first,
        "a second login is a session of its own"
    );
    for made_up in ["s.AAAA", "a.x.y", "s.", "a.", "..", "s.' OR 1=1 --"] {
        attacker.cookie = Some(made_up.to_owned());
        attacker.get("/user/logs").expect(401);
    }
    victim.get("/user/logs").expect(200);
}

#[test]
fn names_that_look_like_others_or_lead_elsewhere_are_refused() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let long = "a".repeat(256);
    for name in [
        "\u{430}dmin",   // Cyrillic a
        "\u{ff41}dmin",  // fullwidth a
        "ad\u{200b}min", // zero width space
        "admin\u{301}",  // combining accent
        "\u{202e}nimda", // written from the right
        "adm\u{131}n",   // dotless i
        "Admin",
        "admin ",
        " admin",
        "admin\n",
        "..",
        ".",
        "../admin",
        "a/b",
        "a\\b",
        "%2e%2e",
        "a%00",
        "a\u{0}b",
        "-admin",
        "admin-",
        "a..b",
        "admin+robot",
        "$deleted-1",
        "",
        "a",
        &long,
    ] {
        let answer = admin.post("/organization/", &json!({ "name": name }));
        assert_eq!(answer.status, 400, "{name:?}: {}", answer.text());
    }
}

#[test]
fn paths_that_lead_elsewhere_find_nothing() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    for path in [
        "/superuser/keys/..%2f..%2flogs",
        "/superuser/keys/%2e%2e",
        "/superuser/keys/%00",
        "/superuser/keys/%ff",
        "/superuser/keys/%",
        "/organization/..%2fadmin/logs",
        "/organization/%2e%2e/logs",
        "//superuser/logs",
        "/superuser//logs",
        "/superuser/./logs",
        "/SUPERUSER/LOGS",
        "/superuser/logs%2f",
        "/superuser/logs;a=b",
    ] {
        let answer = admin.get(path);
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    for target in [
        "/keys/services/%00/keys",
        "/keys/services/quay/keys/%00",
        "/keys/services/quay/keys/..%2f..",
    ] {
        server.get(target).send().expect(404);
    }
    // A traversal ends where it begins: nothing above the API is reached through it.
    admin.get("/../../config").expect(404);
}

/// Puts each statement into each text of each body, path and query.
/// A text without the statements that were stored by earlier attempts, or came with this one.
fn without_statements(text: &str) -> String {
    STATEMENTS.iter().fold(text.to_owned(), |left, statement| {
        let quoted = json!(statement).to_string();
        let inner = quoted.trim_matches('"').to_owned();
        left.replace(&inner, "").replace(statement, "")
    })
}

#[test]
fn statements_in_any_text_are_only_text() {
    let server = Server::start(&[("auth.lockout", "false")]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let mut tried = 0;
    for operation in operations(&server) {
        let method = sample::method(operation);
        if ends_account(operation) {
            continue;
        }
        for statement in STATEMENTS {
            let encoded: String = statement
                .bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect();
            let mut attempts: Vec<(String, Option<Value>)> = Vec::new();
            let plain = operation.body.map(sample::body);
            attempts.push((sample::path(operation, &encoded), plain.clone()));
            for param in operation.query {
                let path = sample::path(operation, "some");
                attempts.push((format!("{path}?{}={encoded}", param.name), plain.clone()));
            }
            for place in operation.body.map(sample::places).unwrap_or_default() {
                let mut body = plain.clone().unwrap();
                if let Some(member) = body.pointer_mut(&place.pointer)
                    && member.is_string()
                {
                    *member = json!(statement);
                    attempts.push((sample::path(operation, "some"), Some(body)));
                }
            }
            for (path, body) in attempts {
                let answer = admin.send(method, &path, body.as_ref());
                assert!(
                    answer.status < 500,
                    "{method} {path} {body:?}: {} {}",
                    answer.status,
                    answer.text()
                );
                let said = without_statements(&answer.text());
                for word in ["syntax error", "relation ", "argon2", "pg_"] {
                    assert!(!said.contains(word), "{method} {path}: {said}");
                }
                tried += 1;
            }
        }
        if ends_sessions(operation) {
            admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
        }
    }
    assert!(tried > 100, "{tried}");
    let log = server.log();
    assert!(!log.contains("syntax error"), "{log}");
    Browser::sign_in(&server, ACCOUNT, PASSWORD)
        .get("/superuser/logs")
        .expect(200);
}

#[test]
fn members_that_nobody_asked_for_change_nothing() {
    let server = Server::start(&[("auth.lockout", "false")]);
    server.add_user("mallory");
    let mut mallory = Browser::sign_in(&server, "mallory", PASSWORD);
    let extra = json!({
        "superuser": true, "super_user": true, "is_admin": true, "admin": true, "enabled": true,
        "verified": true, "id": 1, "namespace_id": 1, "account_id": 1, "role": "admin",
        "full_access": true, "global_readonly_super_user": true, "owner": ACCOUNT,
        "scopes": ["super:user"], "csrf": "",
    });
    for operation in operations(&server) {
        let Some(schema) = operation.body else {
            continue;
        };
        let mut body = sample::body(schema);
        let members = body.as_object_mut();
        if let Some(members) = members {
            for (name, value) in extra.as_object().unwrap() {
                members.entry(name.clone()).or_insert(value.clone());
            }
        }
        let path = sample::path(operation, "mallory");
        let answer = mallory.send(sample::method(operation), &path, Some(&body));
        assert!(answer.status < 500, "{}: {}", operation.id, answer.text());
        if ends_sessions(operation) {
            mallory = Browser::sign_in(&server, "mallory", PASSWORD);
        }
        mallory.get("/superuser/logs").expect(403);
    }
}

#[test]
fn wrong_types_are_refused_and_the_member_is_named() {
    let server = Server::start(&[("auth.superusers_full_access", "true")]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let made = json!({ "name": "some" });
    admin.post("/organization/", &made).expect(201);
    let mut tried = 0;
    for operation in operations(&server) {
        let Some(schema) = operation.body else {
            continue;
        };
        for place in sample::places(schema) {
            let Some(wrong) = sample::wrong(place.kind) else {
                continue;
            };
            let mut body = sample::body(schema);
            *body.pointer_mut(&place.pointer).unwrap() = wrong;
            let path = sample::path(operation, "some");
            let answer = admin.send(sample::method(operation), &path, Some(&body));
            // What hides behind the path of a thing that is not there is 404 before that.
            let refused = answer.expect(400).json();
            let detail = refused["detail"].as_str().unwrap_or_default();
            let named = format!("['{}']", place.name);
            assert!(detail.contains(&named), "{}: {refused}", operation.id);
            let is_nullable = matches!(place.kind, Kind::Nullable(_) | Kind::Any);
            let first = detail.lines().next().unwrap_or_default();
            assert!(first.contains(" is not "), "{}: {detail}", operation.id);
            assert!(is_nullable || !detail.contains("None is"), "{detail}");
            tried += 1;
        }
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn deep_and_large_bodies_are_refused() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let send = |admin: &Browser<'_>, text: String| {
        let cookie = format!("_csrf_token={}", admin.cookie.as_ref().unwrap());
        server
            .request("POST", "/api/v1/organization/")
            .header("Cookie", &cookie)
            .header("X-CSRF-Token", &admin.csrf)
            .header("Content-Type", "application/json")
            .body(text.as_bytes())
            .send()
    };
    for depth in [200, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        send(&admin, format!(r#"{{"name":"deep-org","x":{nested}}}"#)).expect(400);
        send(&admin, format!(r#"{{"name":{nested}}}"#)).expect(400);
    }
    let long = "x".repeat(2 * 1024 * 1024);
    send(&admin, format!(r#"{{"name":"large-org","x":"{long}"}}"#)).expect(413);
    for broken in [
        "{",
        "",
        "nul",
        "{\"name\":}",
        "\u{feff}{}",
        "{\"name\":\"a\\ud800\"}",
    ] {
        send(&admin, broken.to_owned()).expect(400);
    }
    admin.get("/superuser/registrystatus").expect(200);
}

#[test]
fn the_cookie_is_secure_behind_a_trusted_proxy_and_hidden_from_scripts() {
    let server = Server::start(&[("server.trusted_proxies", "127.0.0.1")]);
    let ask = |server: &Server, scheme: &str| {
        let request = server.get("/csrf_token");
        let answer = request.header("X-Forwarded-Proto", scheme).send();
        let cookie = answer.expect(200);
        cookie.header("set-cookie").unwrap().to_owned()
    };
    let secure = ask(&server, "https");
    for flag in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(secure.contains(flag), "{flag} in {secure}");
    }
    assert!(!ask(&server, "http").contains("Secure"));
    let untrusted = ask(shared(), "https");
    assert!(!untrusted.contains("Secure"), "{untrusted}");
    assert!(untrusted.contains("HttpOnly"));
}

#[test]
fn no_page_shows_an_answer_inside_itself() {
    let server = shared();
    for target in [
        "/config",
        "/csrf_token",
        "/api/v1/discovery",
        "/api/v1/nosuch",
        "/api/v1/user/logs",
        "/nosuch",
        "/v2/",
        "/health/instance",
        "/.well-known/change-password",
        "/keys/services/quay/keys",
    ] {
        let answer = server.get(target).send();
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{target}");
        let guard = answer.header("x-content-type-options");
        assert_eq!(guard, Some("nosniff"), "{target}");
    }
}

#[test]
fn no_secret_stands_in_the_log() {
    let server = Server::start(&[("log.level", "trace"), ("auth.lockout", "false")]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let wrong = "a-wrong-password-of-somebody";
    let login = json!({ "username": ACCOUNT, "password": wrong });
    Browser::open(&server).post("/signin", &login).expect(403);
    let body = json!({ "service": "svc", "expiration": null });
    let made = admin.post("/superuser/keys", &body).expect(200).json();
    let pem = made["private_key"].as_str().unwrap();
    let line = pem.lines().nth(1).unwrap().to_owned();
    let token = server.token("repository:admin/x:pull,push");
    server
        .get("/v2/admin/x/tags/list")
        .bearer(&token)
        .send()
        .expect(404);
    let bogus = "bogus-bearer-token-0123456789abcdefghij";
    let target = "/api/v1/user/logs";
    server.get(target).bearer(bogus).send().expect(401);
    for operation in operations(&server) {
        if ends_account(operation) {
            server.add_user("doomed");
            let mut doomed = Browser::sign_in(&server, "doomed", PASSWORD);
            doomed.send(sample::method(operation), operation.path, None);
            continue;
        }
        let mut body = operation.body.map(sample::body);
        if let Some(password) = body.as_mut().and_then(|body| body.get_mut("password")) {
            *password = json!(wrong);
        }
        let path = sample::path(operation, "some");
        admin.send(sample::method(operation), &path, body.as_ref());
        if ends_sessions(operation) {
            admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
        }
    }
    let cookie = admin.cookie.clone().unwrap();
    let csrf = admin.csrf.clone();
    let log = server.log();
    assert!(log.len() > 1000, "the log holds something");
    let secrets = [PASSWORD, wrong, &line, &token, bogus, &cookie, &csrf];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
}
