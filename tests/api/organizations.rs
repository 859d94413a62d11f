//! Organizations: what each sees of them, changing, leaving and deleting them.

#![expect(
    clippy::too_many_lines,
    reason = "a test follows one thing through all its doors"
)]

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Browser, PASSWORD, Repo, Server, logged, logged_of, shared};

/// A browser of a new user.
pub(super) fn user<'a>(server: &'a Server, name: &str) -> Browser<'a> {
    server.add_user(name);
    Browser::sign_in(server, name, PASSWORD)
}

/// A repository with a token of this user.
pub(super) fn repo_of<'a>(server: &'a Server, username: &str, name: &str) -> Repo<'a> {
    let scope = format!("repository:{name}:pull,push");
    Repo {
        server,
        name: name.to_owned(),
        token: server.token_of(username, PASSWORD, &scope),
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn an_organization_looks_different_to_strangers_members_and_administrators() {
    let server = shared();
    let mut owner = user(server, "look-owner");
    let mut member = user(server, "look-member");
    let stranger = user(server, "look-stranger");
    let body = json!({ "name": "look", "email": "look@example.com" });
    owner.post("/organization/", &body).expect(201);
    let team = json!({ "role": "member", "description": "developers" });
    owner.put("/organization/look/team/devs", &team).expect(200);
    owner
        .put(
            "/organization/look/team/devs/members/look-member",
            &json!({}),
        )
        .expect(200);

    let seen = owner.get("/organization/look").expect(200).json();
    assert_eq!(
        keys(&seen),
        [
            "avatar",
            "email",
            "invoice_email",
            "invoice_email_address",
            "is_admin",
            "is_free_account",
            "is_member",
            "name",
            "ordered_teams",
            "tag_expiration_s",
            "teams",
        ]
    );
    assert_eq!(seen["email"], "look@example.com");
    assert_eq!(seen["ordered_teams"], json!(["owners", "devs"]));
    assert_eq!(seen["teams"]["devs"]["description"], "developers");
    assert_eq!(seen["teams"]["devs"]["member_count"], 1);
    assert_eq!(seen["tag_expiration_s"], 1_209_600);

    let seen = member.get("/organization/look").expect(200).json();
    assert_eq!(
        (&seen["email"], &seen["is_admin"]),
        (&json!(""), &json!(false))
    );
    assert_eq!(seen["is_member"], true);
    assert_eq!(seen["teams"]["owners"]["can_view"], false);
    assert_eq!(seen["teams"]["devs"]["can_view"], true);
    assert!(seen.get("invoice_email").is_none());

    for mut browser in [stranger, Browser::open(server)] {
        let seen = browser.get("/organization/look").expect(200).json();
        assert_eq!(
            keys(&seen),
            ["avatar", "email", "is_admin", "is_member", "name"]
        );
        assert_eq!(seen["is_member"], false);
        browser.get("/organization/look-not-here").expect(404);
    }
    // A user's name is no organization's.
    owner.get("/organization/look-owner").expect(404);
}

#[test]
fn settings_change_and_are_logged_and_refused_to_others() {
    let server = shared();
    let mut owner = user(server, "set-owner");
    let mut other = user(server, "set-other");
    owner
        .post("/organization/", &json!({ "name": "set-org" }))
        .expect(201);
    let change = json!({
        "email": "set@example.com", "invoice_email": true,
        "invoice_email_address": "bills@example.com", "tag_expiration_s": 86_400,
        "contact_email": "talk@example.com", "unknown": 1,
    });
    let seen = owner
        .put("/organization/set-org", &change)
        .expect(200)
        .json();
    assert_eq!(seen["email"], "set@example.com");
    assert_eq!(seen["tag_expiration_s"], 86_400);
    assert_eq!(seen["invoice_email_address"], "bills@example.com");
    assert_eq!(owner.get("/organization/set-org").expect(200).json(), seen);

    let log = |kind: &str| {
        let mut rows = logged_of(server, kind, "namespace", "set-org");
        rows.pop().expect(kind)["metadata"].clone()
    };
    let email = log("org_change_email");
    assert_eq!(email["email"], "set@example.com");
    assert!(email["old_email"].is_null());
    assert_eq!(log("org_change_tag_expiration")["tag_expiration"], 86_400);
    assert_eq!(
        log("org_change_invoicing")["invoice_email_address"],
        "bills@example.com"
    );

    let answer = owner
        .put(
            "/organization/set-org",
            &json!({ "tag_expiration_s": 12_345 }),
        )
        .expect(400);
    assert_eq!(
        answer.json(),
        json!({ "message": "Invalid tag expiration option" })
    );
    let taken = json!({ "email": "Set-Other@example.com" });
    let answer = owner.put("/organization/set-org", &taken).expect(400);
    assert_eq!(answer.json()["error_type"], "invalid_request");
    for bad in [
        json!({ "email": 5 }),
        json!({ "tag_expiration_s": -1 }),
        json!([]),
    ] {
        owner.put("/organization/set-org", &bad).expect(400);
    }
    other.put("/organization/set-org", &change).expect(403);
    other.put("/organization/set-not-here", &change).expect(403);
    Browser::open(server)
        .put("/organization/set-org", &change)
        .expect(401);
    let two = json!({ "name": "set-two", "email": "set@example.com" });
    owner.post("/organization/", &two).expect(201);
}

#[test]
fn members_and_collaborators_are_told_apart_and_removed() {
    let server = shared();
    let mut owner = user(server, "crew-owner");
    let mut helper = user(server, "crew-helper");
    server.add_user("crew-guest");
    owner
        .post("/organization/", &json!({ "name": "crew" }))
        .expect(201);
    owner
        .put(
            "/organization/crew/team/devs",
            &json!({ "role": "creator" }),
        )
        .expect(200);
    let add = "/organization/crew/team/devs/members/crew-helper";
    owner.put(add, &json!({})).expect(200);
    repo_of(server, "crew-helper", "crew/tool").push_image("v1", b"crew");
    let role = json!({ "role": "read" });
    owner
        .put("/repository/crew/tool/permissions/user/crew-guest", &role)
        .expect(200);

    let members = owner.get("/organization/crew/members").expect(200).json();
    let rows = members["members"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let row = rows
        .iter()
        .find(|row| row["name"] == "crew-helper")
        .unwrap();
    assert_eq!(row["teams"][0]["name"], "devs");
    assert_eq!(row["repositories"], json!(["tool"]));
    assert_eq!(row["kind"], "user");
    let one = owner
        .get("/organization/crew/members/crew-helper")
        .expect(200)
        .json();
    assert_eq!(&one, row);
    owner
        .get("/organization/crew/members/crew-guest")
        .expect(404);
    let found = owner
        .get("/organization/crew/collaborators")
        .expect(200)
        .json();
    let names: Vec<_> = found["collaborators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["name"])
        .collect();
    assert_eq!(names, ["crew-guest"]);

    helper.get("/organization/crew/members").expect(403);
    helper
        .delete("/organization/crew/members/crew-owner")
        .expect(403);
    let last = owner
        .delete("/organization/crew/members/crew-owner")
        .expect(400);
    let text = "Cannot remove user as they are the only organization admin";
    assert_eq!(last.json(), json!({ "message": text }));
    owner
        .delete("/organization/crew/members/crew-helper")
        .expect(204);
    owner
        .get("/organization/crew/members/crew-helper")
        .expect(404);
    owner
        .delete("/organization/crew/members/nobody-here")
        .expect(404);
    let left = logged_of(server, "org_remove_team_member", "member", "crew-helper");
    assert_eq!(left[0]["metadata"]["team"], "devs");
    let lost = logged_of(server, "delete_repo_permission", "username", "crew-helper");
    assert_eq!(lost[0]["metadata"]["repo"], "tool");
    let token = server.token_of("crew-helper", PASSWORD, "repository:crew/tool:pull");
    let gone = Repo {
        server,
        name: "crew/tool".to_owned(),
        token,
    };
    gone.get("manifests/v1").expect(401);
}

#[test]
fn the_name_of_a_deleted_organization_is_free_and_old_tokens_end() {
    let server = shared();
    let mut first = user(server, "free-first");
    let mut second = user(server, "free-second");
    first
        .post(
            "/organization/",
            &json!({ "name": "free", "email": "f@example.com" }),
        )
        .expect(201);
    let old = repo_of(server, "free-first", "free/app");
    old.push_image("v1", b"of the first");
    old.get("manifests/v1").expect(200);
    let upload = old.start_upload();
    second.delete("/organization/free").expect(403);
    Browser::open(server)
        .delete("/organization/free")
        .expect(401);
    first.delete("/organization/free").expect(204);
    first.get("/organization/free").expect(404);
    second
        .post("/organization/", &json!({ "name": "free" }))
        .expect(201);
    let new = repo_of(server, "free-second", "free/app");
    new.get("manifests/v1").expect(404);
    new.push_image("v2", b"of the second");
    crate::support::wait_for(
        "the old token ends",
        std::time::Duration::from_secs(5),
        || (old.get("manifests/v2").status == 401).then_some(()),
    );
    old.patch(&upload, None, b"late").expect(401);
    old.request("POST", "blobs/uploads/").send().expect(401);
    let refreshed = repo_of(server, "free-first", "free/app");
    refreshed.get("manifests/v2").expect(401);
    new.get("manifests/v2").expect(200);
    new.get("manifests/v1").expect(404);
    let row = logged_of(server, "org_delete", "namespace", "free")
        .pop()
        .unwrap();
    assert_eq!(row["performer"], "free-first");
    second.delete("/organization/free").expect(204);
}

#[test]
fn superusers_list_rename_delete_and_take_organizations() {
    let server = Server::start(&[("auth.superusers_full_access", "true")]);
    let mut root = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let mut alice = user(&server, "alice");
    let mut bob = user(&server, "bob");
    for name in ["one-org", "two-org", "three-org"] {
        alice
            .post("/organization/", &json!({ "name": name }))
            .expect(201);
    }
    let page = root
        .get("/superuser/organizations/?limit=2")
        .expect(200)
        .json();
    assert_eq!(page["organizations"].as_array().unwrap().len(), 2);
    assert_eq!(page["organizations"][0]["avatar"]["kind"], "org");
    let next = format!(
        "/superuser/organizations/?limit=2&next_page={}",
        page["next_page"].as_str().unwrap()
    );
    let page = root.get(&next).expect(200).json();
    assert_eq!(page["organizations"][0]["name"], "three-org");
    assert!(page.get("next_page").is_none());

    let old = repo_of(&server, "alice", "one-org/app");
    old.push_image("v1", b"renamed");
    let path = "/superuser/organizations/one-org";
    let renamed = root
        .put(path, &json!({ "name": "uno-org" }))
        .expect(200)
        .json();
    assert_eq!(renamed["name"], "uno-org");
    let taken = root
        .put(
            "/superuser/organizations/uno-org",
            &json!({ "name": "alice" }),
        )
        .expect(400);
    assert_eq!(
        taken.json()["detail"],
        "A user or organization with this name already exists"
    );
    root.put(
        "/superuser/organizations/uno-org",
        &json!({ "name": "Not A Name" }),
    )
    .expect(400);
    repo_of(&server, "alice", "uno-org/app")
        .get("manifests/v1")
        .expect(200);
    bob.post("/organization/", &json!({ "name": "one-org" }))
        .expect(201);
    repo_of(&server, "bob", "one-org/app")
        .get("manifests/v1")
        .expect(404);
    let row = logged(&server, "org_change_name").pop().unwrap();
    assert_eq!(
        row["metadata"],
        json!({ "old_name": "one-org", "new_name": "uno-org", "superuser": ACCOUNT })
    );

    root.delete("/superuser/organizations/two-org").expect(204);
    root.delete("/superuser/organizations/two-org").expect(404);
    alice.get("/organization/two-org").expect(404);
    assert_eq!(
        logged_of(&server, "org_delete", "namespace", "two-org").len(),
        1
    );

    // Not even a superuser leaves an organization without anybody who administers it.
    let last = "/organization/three-org/team/owners";
    root.delete(&format!("{last}/members/alice")).expect(400);
    root.put(last, &json!({ "role": "member" })).expect(400);
    root.delete(last).expect(400);
    root.delete("/organization/three-org/members/alice")
        .expect(400);

    for path in ["three-org", "bob"] {
        let taken = root
            .post(&format!("/superuser/takeownership/{path}"), &json!({}))
            .expect(200);
        assert_eq!(taken.json(), json!({ "namespace": path }));
        let seen = root
            .get(&format!("/organization/{path}"))
            .expect(200)
            .json();
        assert_eq!(seen["teams"]["owners"]["role"], "admin");
    }
    let rows = logged(&server, "take_ownership");
    assert_eq!(rows[0]["metadata"]["was_user"], false);
    assert_eq!(rows[1]["metadata"]["was_user"], true);
    let body = json!({ "username": "bob", "password": PASSWORD });
    Browser::open(&server).post("/signin", &body).expect(403);
    bob.get("/organization/one-org/members").expect(401);
    let own = format!("/superuser/takeownership/{ACCOUNT}");
    root.post(&own, &json!({})).expect(400);
    root.post("/superuser/takeownership/nobody-here", &json!({}))
        .expect(404);

    alice.get("/superuser/organizations/").expect(403);
    alice
        .put("/superuser/organizations/uno-org", &json!({}))
        .expect(403);
    alice.delete("/superuser/organizations/uno-org").expect(403);
    alice
        .post("/superuser/takeownership/uno-org", &json!({}))
        .expect(403);
    let mut nobody = Browser::open(&server);
    nobody.get("/superuser/organizations/").expect(401);
    nobody
        .post("/superuser/takeownership/uno-org", &json!({}))
        .expect(401);

    // It lasts: a new process says the same.
    let server = server.restart_with(&[]);
    let mut root = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let seen = root.get("/organization/bob").expect(200).json();
    assert_eq!(seen["is_admin"], true);
    root.get("/organization/two-org").expect(404);
}

#[test]
fn only_superusers_make_organizations_when_so_configured() {
    let server = Server::start(&[("accounts.superusers_org_creation_only", "true")]);
    let mut root = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let mut alice = user(&server, "alice");
    alice
        .post("/organization/", &json!({ "name": "by-alice" }))
        .expect(403);
    root.post("/organization/", &json!({ "name": "by-root" }))
        .expect(201);
    assert_eq!(
        logged_of(&server, "org_create", "namespace", "by-root").len(),
        1
    );
}
