//! Users as superusers see and change them.

use std::time::Duration;

use serde_json::{Value, json};

use super::users::sign_up;
use crate::support::{ACCOUNT, Browser, PASSWORD, Server, logged_of, shared, wait_for};

const USERS: &str = "/superuser/users/";

#[test]
fn a_superuser_makes_users() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let body = json!({ "username": "walt", "email": "walt@example.com" });
    let made = admin.post(USERS, &body).expect(200).json();
    assert_eq!(made["username"], "walt");
    assert_eq!(made["email"], "walt@example.com");
    let password = made["password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 32);
    let encrypted = made["encrypted_password"].as_str().unwrap();
    server.token_of("walt", encrypted, "repository:walt/x:pull,push");
    Browser::sign_in(server, "walt", &password);
    let row = &logged_of(server, "user_create", "username", "walt")[0];
    assert_eq!(
        row["metadata"],
        json!({ "username": "walt", "email": "walt@example.com", "superuser": ACCOUNT })
    );
    assert_eq!(row["performer"], ACCOUNT);

    let refused = admin
        .post(USERS, &json!({ "username": "walt" }))
        .expect(400)
        .json();
    let text = "Username has already been taken by user cannot be reused: walt";
    assert_eq!(refused, json!({ "message": text }));
    admin
        .post(USERS, &json!({ "email": "x@example.com" }))
        .expect(400);
    admin
        .post(USERS, &json!({ "username": "Not A Name" }))
        .expect(400);

    admin.delete(&format!("{USERS}walt")).expect(204);
    admin.post(USERS, &body).expect(200);
}

#[test]
fn a_superuser_sees_changes_and_deletes_users() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let mut wilma = sign_up(server, "wilma");
    let path = format!("{USERS}wilma");
    let seen = admin.get(&path).expect(200).json();
    let avatar = seen["avatar"].clone();
    assert_eq!(
        seen,
        json!({
            "kind": "user", "name": "wilma", "username": "wilma", "email": "wilma@example.com",
            "verified": true, "avatar": avatar, "super_user": false,
            "global_readonly_super_user": false, "enabled": true,
        })
    );
    let changed = admin
        .put(&path, &json!({ "email": "wilma2@example.com" }))
        .expect(200)
        .json();
    assert_eq!(changed["email"], "wilma2@example.com");
    let row = &logged_of(server, "user_change_email", "email", "wilma2@example.com")[0];
    assert_eq!(row["metadata"]["superuser"], ACCOUNT);

    admin.put(&path, &json!({ "password": "x" })).expect(400);
    admin
        .put(&path, &json!({ "password": "chosen-for-wilma" }))
        .expect(200);
    wilma.get("/user/").expect(401);
    Browser::sign_in(server, "wilma", "chosen-for-wilma");
    let row = &logged_of(server, "user_change_password", "username", "wilma")[0];
    assert_eq!(row["metadata"]["superuser"], ACCOUNT);

    admin.delete(&path).expect(204);
    admin.get(&path).expect(404);
    admin.put(&path, &json!({ "enabled": true })).expect(404);
    admin.delete(&path).expect(404);
    assert_eq!(
        logged_of(server, "user_delete", "username", "wilma").len(),
        1
    );
}

#[test]
fn a_disabled_user_is_out_at_once_and_comes_back() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let mut user = sign_up(server, "idle");
    let password = "a-good-password";
    let token = server.token_of("idle", password, "repository:idle/x:pull,push");
    let upload = |token: &str| {
        server
            .request("POST", "/v2/idle/x/blobs/uploads/")
            .header("Authorization", &format!("Bearer {token}"))
            .send()
            .status
    };
    let path = format!("{USERS}idle");
    let changed = admin
        .put(&path, &json!({ "enabled": false }))
        .expect(200)
        .json();
    assert_eq!(changed["enabled"], false);
    user.get("/user/").expect(401);
    let body = json!({ "username": "idle", "password": password });
    let refused = Browser::open(server)
        .post("/signin", &body)
        .expect(403)
        .json();
    let text = "This user has been disabled. Please contact your administrator.";
    assert_eq!(refused["message"], text);
    wait_for("the token ends", Duration::from_secs(6), || {
        (upload(&token) == 401).then_some(())
    });
    assert_eq!(
        logged_of(server, "user_disable", "username", "idle").len(),
        1
    );
    // Once more changes nothing and is no event.
    admin.put(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!(
        logged_of(server, "user_disable", "username", "idle").len(),
        1
    );

    admin.put(&path, &json!({ "enabled": true })).expect(200);
    let row = &logged_of(server, "user_enable", "username", "idle")[0];
    assert_eq!(
        row["metadata"],
        json!({ "username": "idle", "superuser": ACCOUNT })
    );
    Browser::sign_in(server, "idle", password);
}

#[test]
fn superusers_leave_each_other_alone() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let path = format!("{USERS}{ACCOUNT}");
    assert_eq!(admin.get(&path).expect(200).json()["super_user"], true);
    let refused = admin
        .put(&path, &json!({ "enabled": false }))
        .expect(400)
        .json();
    assert_eq!(refused["detail"], "Cannot update a superuser");
    let refused = admin.delete(&path).expect(400).json();
    assert_eq!(refused["detail"], "Cannot delete a superuser");
}

#[test]
fn others_may_not_and_readers_only_read() {
    let server = Server::start(&[("auth.global_readonly_superusers", "reader")]);
    let (mut user, mut reader) = (sign_up(&server, "plain"), sign_up(&server, "reader"));
    let mut stranger = Browser::open(&server);
    let seen = reader.get("/user/").expect(200).json();
    assert_eq!(seen["global_readonly_super_user"], true);
    for path in [USERS, "/superuser/users/plain", "/superuser/users/nosuch"] {
        stranger.get(path).expect(401);
        let refused = user.get(path).expect(403).json();
        assert_eq!(refused["error_type"], "insufficient_scope");
        reader
            .get(path)
            .expect(if path.ends_with("nosuch") { 404 } else { 200 });
    }
    for (browser, status) in [(&mut stranger, 401), (&mut user, 403), (&mut reader, 403)] {
        browser
            .post(USERS, &json!({ "username": "zed" }))
            .expect(status);
        for name in ["plain", "nosuch"] {
            let path = format!("{USERS}{name}");
            browser
                .put(&path, &json!({ "enabled": false }))
                .expect(status);
            browser.delete(&path).expect(status);
        }
    }
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let path = "/superusers/users/plain/sendrecovery";
    admin.post(path, &json!({})).expect(404);
}

#[test]
fn the_list_comes_in_pages_and_leaves_out_what_it_is_told() {
    let server = Server::start(&[]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    for number in 1..=4 {
        let body = json!({ "username": format!("user{number}") });
        admin.post(USERS, &body).expect(200);
    }
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap().iter();
        users
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = admin.get(&format!("{USERS}?limit=3")).expect(200).json();
    assert_eq!(names(&first), [ACCOUNT, "user1", "user2"]);
    let token = first["next_page"].as_str().unwrap();
    let second = admin
        .get(&format!("{USERS}?limit=3&next_page={token}"))
        .expect(200)
        .json();
    assert_eq!(names(&second), ["user3", "user4"]);
    assert_eq!(second.get("next_page"), None);
    for wrong in ["nonsense", &token[1..]] {
        let page = admin
            .get(&format!("{USERS}?limit=3&next_page={wrong}"))
            .expect(200)
            .json();
        assert_eq!(
            names(&page),
            names(&first),
            "an unreadable token is the first page"
        );
    }
    let refused = admin.get(&format!("{USERS}?limit=1000")).expect(400).json();
    assert_eq!(refused["detail"], "Page limit cannot be above 100");
    let refused = admin.get(&format!("{USERS}?limit=x")).expect(400).json();
    let text = "Limit to the number of results to return per page. Max 100.";
    assert_eq!(refused, json!({ "message": { "limit": text } }));

    admin
        .put(&format!("{USERS}user2"), &json!({ "enabled": false }))
        .expect(200);
    let all = admin.get(USERS).expect(200).json();
    assert_eq!(names(&all).len(), 5);
    let enabled = admin
        .get(&format!("{USERS}?disabled=false"))
        .expect(200)
        .json();
    assert_eq!(names(&enabled), [ACCOUNT, "user1", "user3", "user4"]);
}
