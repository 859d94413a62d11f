//! Sessions: cookies, CSRF tokens, signing in and out.

use serde_json::json;

use super::users::sign_up;
use crate::support::{ACCOUNT, Browser, PASSWORD, Server, shared};

#[test]
fn a_write_needs_the_sessions_csrf_token() {
    let server = shared();
    let body = json!({ "name": "csrf-org" });
    let mut stranger = Browser::open(server);
    let token = std::mem::take(&mut stranger.csrf);
    let refused = stranger.post("/organization/", &body).expect(403);
    assert_eq!(
        refused.json()["error"],
        "CSRF token was invalid or missing."
    );
    stranger.csrf = format!("{token}x");
    stranger.post("/organization/", &body).expect(403);
    stranger.csrf = token;
    let refused = stranger.post("/organization/", &body).expect(401);
    assert_eq!(refused.json()["error_type"], "invalid_token");

    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let other = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let own = std::mem::replace(&mut admin.csrf, other.csrf);
    admin.post("/organization/", &body).expect(403);
    admin.csrf = own;
    let made = admin.post("/organization/", &body).expect(201);
    assert_eq!(made.json(), json!("Created"));
    let again = admin.post("/organization/", &body).expect(400);
    let text = "A user or organization with this name already exists";
    assert_eq!(again.json()["detail"], text);
    server.token_of(ACCOUNT, PASSWORD, "repository:csrf-org/x:pull,push");
}

#[test]
fn signing_in_makes_a_new_session_and_signing_out_ends_all() {
    let server = shared();
    // Signing out ends every session, so no other test may use this account.
    let (name, password) = ("signer", "a-good-password");
    sign_up(server, name);
    let mut browser = Browser::open(server);
    let before = (browser.cookie.clone(), browser.csrf.clone());
    let body = json!({ "username": name, "password": password });
    let answer = browser.post("/signin", &body).expect(200);
    assert_eq!(answer.json(), json!({ "success": true }));
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_ne!(
        browser.cookie, before.0,
        "no fixed session survives a login"
    );
    assert_ne!(browser.csrf, before.1);

    let verify = json!({ "password": password });
    let mut second = Browser::sign_in(server, name, password);
    second.post("/signin/verify", &verify).expect(200);
    second.post("/signout", &json!({})).expect(200);
    let refused = browser.post("/signin/verify", &verify).expect(403);
    assert_eq!(
        refused.json()["error"],
        "CSRF token was invalid or missing."
    );
}

#[test]
fn wrong_credentials_and_bodies_are_told_apart() {
    let mut browser = Browser::open(shared());
    let wrong = json!({ "username": "nobody-here", "password": "whatever-1" });
    let answer = browser.post("/signin", &wrong).expect(403);
    assert_eq!(
        answer.json(),
        json!({
            "needsEmailVerification": false,
            "invalidCredentials": true,
            "message": "Invalid Username or Password",
        })
    );
    let answer = browser
        .post("/signin", &json!({ "username": "x" }))
        .expect(400);
    let text = "'password' is a required property";
    assert_eq!(answer.json()["detail"], text);
    assert!(
        answer.json()["type"]
            .as_str()
            .unwrap()
            .starts_with("http://")
    );
}

#[test]
fn forged_cookies_are_nobodys() {
    let server = shared();
    for value in ["s.", "s.AAAA", "a.nonce.bad", "a.", "x", "s.%00", "\u{e9}"] {
        let mut browser = Browser::open(server);
        browser.cookie = Some(value.to_owned());
        browser
            .post("/organization/", &json!({ "name": "forged" }))
            .expect(403);
    }
}

#[test]
fn paths_and_methods_that_are_not_there_are_told_apart() {
    let mut browser = Browser::open(shared());
    assert_eq!(browser.get("/signin").status, 405);
    assert_eq!(browser.put("/no/such/path", &json!({})).status, 404);
    assert_eq!(browser.delete("/no/such/path").status, 404);
    let moved = browser
        .post("/organization", &json!({ "name": "x" }))
        .expect(308);
    assert_eq!(moved.header("location"), Some("/api/v1/organization/"));
}

#[test]
fn a_browsers_read_needs_its_header_only_where_that_is_switched_on() {
    let server = Server::start(&[("api.browser_xhr_only", "true")]);
    let ask = |server: &Server, headers: &[(&str, &str)]| {
        let request = server.get("/api/v1/repository?public=true");
        let with = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        with.send().status
    };
    let browser = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    assert_eq!(ask(&server, &[browser]), 400);
    assert_eq!(
        ask(&server, &[browser, ("X-Requested-With", "XMLHttpRequest")]),
        200
    );
    assert_eq!(ask(&server, &[("User-Agent", "curl/8")]), 200);
    assert_eq!(ask(shared(), &[browser]), 200);
}
