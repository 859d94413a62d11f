//! The end of a user: deleted, or made an organization.

use std::time::Duration;

use serde_json::{Value, json};

use super::users::sign_up;
use crate::support::{
    ACCOUNT, Browser, PASSWORD, Server, basic, logged, logged_of, query, shared, wait_for,
};

const SECRET: &str = "a-good-password";

fn upload(server: &Server, repository: &str, token: &str) -> u16 {
    server
        .request("POST", &format!("/v2/{repository}/blobs/uploads/"))
        .header("Authorization", &format!("Bearer {token}"))
        .send()
        .status
}

#[test]
fn a_deleted_user_is_gone_and_its_name_is_free_and_empty() {
    let server = shared();
    let mut browser = sign_up(server, "dora");
    let mut elsewhere = Browser::sign_in(server, "dora", SECRET);
    let token = server.token_of("dora", SECRET, "repository:dora/x:pull,push");
    assert_eq!(upload(server, "dora/x", &token), 202);
    browser.delete("/user/").expect(204);
    browser.get("/user/").expect(401);
    elsewhere.get("/user/").expect(401);
    elsewhere.get("/users/dora").expect(404);
    let body = json!({ "username": "dora", "password": SECRET });
    Browser::open(server).post("/signin", &body).expect(403);
    wait_for("the token ends", Duration::from_secs(6), || {
        (upload(server, "dora/x", &token) == 401).then_some(())
    });
    assert_eq!(
        logged_of(server, "user_delete", "username", "dora").len(),
        1
    );

    let mut second = sign_up(server, "dora");
    let own = second.get("/user/").expect(200).json();
    assert_eq!(
        own["email"], "dora@example.com",
        "the address is free as well"
    );
    assert_eq!(
        upload(server, "dora/x", &token),
        401,
        "an old token is nobody's"
    );
    let fresh = server.token_of("dora", SECRET, "repository:dora/x:pull,push");
    assert_eq!(upload(server, "dora/x", &fresh), 202);
    let states = query(
        server,
        "SELECT to_jsonb(r.state) FROM repository r JOIN namespace n ON n.id = r.namespace_id
          WHERE r.name = 'x' AND (n.name = 'dora' OR n.id IN
                (SELECT namespace_id FROM usage_log WHERE kind = 'user_delete'
                    AND metadata ->> 'username' = 'dora'))
          ORDER BY r.id",
    );
    assert_eq!(states, [json!("MARKED_FOR_DELETION"), json!("NORMAL")]);
}

#[test]
fn the_only_admin_of_an_organization_stays() {
    let server = shared();
    let mut browser = sign_up(server, "sole");
    for name in ["sole-b", "sole-a"] {
        browser
            .post("/organization/", &json!({ "name": name }))
            .expect(201);
    }
    let refused = browser.delete("/user/").expect(400).json();
    let text = "Cannot delete sole as you are the only admin for organizations: sole-a, sole-b";
    assert_eq!(refused, json!({ "message": text }));
    browser.get("/user/").expect(200);

    sign_up(server, "helper");
    query(
        server,
        "INSERT INTO team_member (team_id, account_id)
         SELECT t.id, u.id FROM team t JOIN namespace o ON o.id = t.organization_id, namespace u
          WHERE o.name LIKE 'sole-%' AND u.name = 'helper' RETURNING to_jsonb(account_id)",
    );
    browser.delete("/user/").expect(204);
}

#[test]
fn an_old_password_is_asked_for_before_the_end() {
    let server = Server::start(&[("accounts.fresh_login_timeout", "1s")]);
    let mut browser = sign_up(&server, "stale");
    std::thread::sleep(Duration::from_millis(1100));
    let refused = browser.delete("/user/").expect(401).json();
    assert_eq!(refused["error_type"], "fresh_login_required");
    browser
        .put("/user/", &json!({ "password": "another-password" }))
        .expect(401);
    browser
        .post("/signin/verify", &json!({ "password": SECRET }))
        .expect(200);
    browser.delete("/user/").expect(204);
}

#[test]
fn a_user_becomes_an_organization_of_another() {
    let server = shared();
    let mut browser = sign_up(server, "convertee");
    sign_up(server, "converter");
    let token = server.token_of("convertee", SECRET, "repository:convertee/x:pull,push");
    assert_eq!(upload(server, "convertee/x", &token), 202);
    let ask = |browser: &mut Browser<'_>, user: &str, password: &str| {
        let body = json!({ "adminUser": user, "adminPassword": password });
        browser.post("/user/convert", &body)
    };
    for (user, password, text) in [
        ("convertee", SECRET, "The admin user is not valid"),
        (
            "convertee@example.com",
            SECRET,
            "The admin user is not valid",
        ),
        (
            "converter",
            "bad",
            "The admin user credentials are not valid",
        ),
        (
            "nobody-at-all",
            "bad-password",
            "The admin user credentials are not valid",
        ),
    ] {
        let refused = ask(&mut browser, user, password).expect(400).json();
        assert_eq!(refused["detail"], text, "{user}");
        assert_eq!(refused["reason"], "invaliduser");
    }
    let body = json!({ "adminUser": "converter" });
    browser.post("/user/convert", &body).expect(400);

    std::thread::sleep(Duration::from_millis(600));
    let done = ask(&mut browser, "converter", SECRET).expect(200).json();
    assert_eq!(done, json!({ "success": true }));
    let own = browser.get("/user/").expect(200).json();
    assert_eq!(
        own["username"], "converter",
        "the administrator is signed in"
    );
    assert_eq!(own["organizations"][0]["name"], "convertee");
    assert_eq!(own["organizations"][0]["is_org_admin"], true);
    browser.get("/users/convertee").expect(404);
    let row = logged(server, "account_convert");
    assert!(
        row.iter()
            .any(|row| row["namespace"] == "convertee" && row["metadata"] == json!({}))
    );

    let refused = server
        .get("/v2/auth?scope=repository:convertee/x:pull")
        .header("Authorization", &basic("convertee", SECRET))
        .send();
    assert_eq!(refused.status, 401, "it has no password any more");
    wait_for("the old token ends", Duration::from_secs(6), || {
        (upload(server, "convertee/x", &token) == 401).then_some(())
    });
    let admins = server.token_of("converter", SECRET, "repository:convertee/x:pull,push");
    assert_eq!(upload(server, "convertee/x", &admins), 202);
}

#[test]
fn deletions_last_over_a_crash() {
    let server = Server::start(&[]);
    sign_up(&server, "brief").delete("/user/").expect(204);
    let server = server.kill_and_restart();
    let mut browser = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    browser.get("/users/brief").expect(404);
    let own: Value = browser.get("/user/").expect(200).json();
    assert_eq!(own["username"], ACCOUNT);
}
