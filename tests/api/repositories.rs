//! Repositories: making, showing and describing them.

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Browser, PASSWORD, Repo, Server, first_line, logged_of, query, shared,
};

/// A body that makes a private repository.
pub(super) fn private(namespace: &str, name: &str) -> Value {
    json!({
        "repository": name, "namespace": namespace, "visibility": "private", "description": "",
    })
}

/// An organization of the account.
pub(super) fn organization<'a>(server: &'a Server, name: &str) -> Browser<'a> {
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": name }))
        .expect(201);
    admin
}

/// A repository as an account with a token of it sees it.
pub(super) fn as_account<'a>(server: &'a Server, account: &str, name: &str) -> Repo<'a> {
    let scope = format!("repository:{name}:pull,push");
    Repo {
        server,
        name: name.to_owned(),
        token: server.token_of(account, PASSWORD, &scope),
    }
}

/// Gives an account a role in a team of its own.
fn join_team(server: &Server, organization: &str, account: &str, role: &str) {
    let made = query(
        server,
        &format!(
            "WITH made AS (INSERT INTO team (organization_id, name, role)
               SELECT id, 'of-{account}', '{role}' FROM namespace WHERE name = '{organization}'
               RETURNING id)
             INSERT INTO team_member (team_id, account_id)
             SELECT made.id, n.id FROM made, namespace n WHERE n.name = '{account}'
             RETURNING to_jsonb(team_id)"
        ),
    );
    assert_eq!(made.len(), 1);
}

/// Gives an account a role on a repository.
pub(super) fn grant(server: &Server, repository: &str, account: &str, role: &str) {
    let made = query(
        server,
        &format!(
            "INSERT INTO repository_permission (repository_id, account_id, role)
             SELECT r.id, a.id, '{role}' FROM repository r
               JOIN namespace n ON n.id = r.namespace_id, namespace a
              WHERE n.name || '/' || r.name = '{repository}' AND a.name = '{account}'
             RETURNING to_jsonb(repository_id)"
        ),
    );
    assert_eq!(made.len(), 1);
}

#[test]
fn a_new_repository_takes_pushes_and_outlives_a_crash() {
    let server = Server::start(&[]);
    let mut admin = organization(&server, "acme");
    let body = json!({
        "repository": "app/web", "namespace": "acme", "visibility": "private",
        "description": "# App", "zzz": 1,
    });
    let made = admin.post("/repository", &body).expect(201).json();
    let expected = json!({ "namespace": "acme", "name": "app/web", "kind": "image" });
    assert_eq!(made, expected);
    let own = json!({ "repository": "mine", "visibility": "public", "description": "" });
    let made = admin.post("/repository", &own).expect(201).json();
    assert_eq!(made["namespace"], ACCOUNT);

    let rows = logged_of(&server, "create_repo", "repo", "app/web");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["metadata"],
        json!({ "namespace": "acme", "repo": "app/web" })
    );
    assert_eq!(rows[0]["performer"], ACCOUNT);
    assert_eq!(rows[0]["namespace"], "acme");
    as_account(&server, ACCOUNT, "acme/app/web").push_image("v1", b"layer");

    let server = server.kill_and_restart();
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let shown = admin.get("/repository/acme/app/web").expect(200).json();
    assert_eq!(shown["description"], "# App");
    assert_eq!(shown["tags"]["v1"]["name"], "v1");
    let repo = as_account(&server, ACCOUNT, "acme/app/web");
    repo.get("manifests/v1").expect(200);
}

#[test]
fn what_cannot_be_made_is_refused_in_the_words_of_the_api() {
    let server = shared();
    let mut admin = organization(server, "refusals");
    let taken = private("refusals", "taken");
    admin.post("/repository", &taken).expect(201);
    let again = admin.post("/repository", &taken).expect(400).json();
    assert_eq!(again["detail"], "Repository already exists");
    assert_eq!(again["error_type"], "invalid_request");

    let long = "a".repeat(250);
    for name in [
        "App Bad", "", "a//b", "/a", "a/", "..", "a/../b", ".a", &long,
    ] {
        let refused = admin.post("/repository", &private("refusals", name));
        let refused = refused.expect(400).json();
        assert_eq!(
            first_line(&refused["detail"]),
            "Invalid repository name",
            "{name}"
        );
    }
    let cases = [
        (
            json!({ "repository": "a" }),
            "'visibility' is a required property",
        ),
        (
            json!({ "repository": "a", "visibility": "x", "description": "" }),
            "'x' is not one of ['public', 'private']",
        ),
        (
            json!({ "repository": 5, "visibility": "public", "description": "" }),
            "5 is not of type 'string'",
        ),
        (
            json!({
                "repository": "a", "visibility": "public", "description": "",
                "namespace": "refusals", "repo_kind": "chart",
            }),
            "'chart' is not one of ['image']",
        ),
    ];
    for (body, text) in cases {
        let refused = admin.post("/repository", &body).expect(400).json();
        assert_eq!(first_line(&refused["detail"]), text);
    }
    let mut huge = private("refusals", "huge");
    huge["description"] = json!("ä".repeat(40_000));
    let refused = admin.post("/repository", &huge).expect(400).json();
    assert_eq!(
        first_line(&refused["detail"]),
        "the description is longer than 65536 bytes"
    );
    admin.get("/repository/refusals/huge").expect(404);
}

#[test]
fn only_who_may_create_in_a_namespace_makes_a_repository_there() {
    let server = shared();
    let mut admin = organization(server, "creators");
    for (name, role) in [
        ("cr-member", "member"),
        ("cr-creator", "creator"),
        ("cr-admin", "admin"),
    ] {
        server.add_user(name);
        join_team(server, "creators", name, role);
    }
    for (name, status) in [("cr-member", 403), ("cr-creator", 201), ("cr-admin", 201)] {
        let mut user = Browser::sign_in(server, name, PASSWORD);
        let body = private("creators", &format!("of-{name}"));
        user.post("/repository", &body).expect(status);
        user.post("/repository", &private(ACCOUNT, "foreign"))
            .expect(403);
        user.post("/repository", &private("no-such-namespace", "app"))
            .expect(403);
    }
    // Whoever makes a repository administers it, though a creator does not administer the others.
    let mut creator = Browser::sign_in(server, "cr-creator", PASSWORD);
    let own = creator
        .get("/repository/creators/of-cr-creator")
        .expect(200);
    assert_eq!(own.json()["can_admin"], true);
    creator.get("/repository/creators/of-cr-admin").expect(403);

    let mut stranger = Browser::open(server);
    let body = private("creators", "anonymous");
    let refused = stranger.post("/repository", &body).expect(403).json();
    assert_eq!(refused["error_type"], "insufficient_scope");
    stranger.csrf.clear();
    let refused = stranger.post("/repository", &body).expect(403).json();
    assert_eq!(refused["error"], "CSRF token was invalid or missing.");
    admin.get("/repository/creators/anonymous").expect(404);
}

#[test]
fn restricted_users_and_readers_of_everything_make_nothing() {
    let server = Server::start(&[
        ("accounts.restricted_users", "true"),
        ("accounts.restricted_users_whitelist", ACCOUNT),
        ("auth.global_readonly_superusers", "auditor"),
        ("auth.superusers_full_access", "true"),
    ]);
    server.add_user("limited");
    server.add_user("auditor");
    let mut admin = organization(&server, "acme");
    admin
        .post("/repository", &private("acme", "app"))
        .expect(201);
    let mut limited = Browser::sign_in(&server, "limited", PASSWORD);
    limited
        .post("/repository", &private("limited", "x"))
        .expect(403);
    let mut auditor = Browser::sign_in(&server, "auditor", PASSWORD);
    auditor
        .post("/repository", &private("acme", "y"))
        .expect(403);
    let shown = auditor.get("/repository/acme/app").expect(200).json();
    assert_eq!(
        (&shown["can_write"], &shown["can_admin"]),
        (&json!(false), &json!(true))
    );
    auditor
        .put("/repository/acme/app", &json!({ "description": "x" }))
        .expect(403);
    auditor.delete("/repository/acme/app").expect(403);
    let seen = auditor.get("/repository?namespace=acme").expect(200).json();
    assert_eq!(seen["repositories"][0]["name"], "app");

    // A superuser with full access makes one anywhere, but no namespace.
    admin
        .post("/repository", &private("limited", "x"))
        .expect(201);
    admin
        .post("/repository", &private("nobodys", "x"))
        .expect(404);
}

#[test]
fn a_repository_is_shown_with_its_tags_and_days() {
    let server = shared();
    let mut admin = organization(server, "shown");
    admin
        .post("/repository", &private("shown", "app"))
        .expect(201);
    let repo = as_account(server, ACCOUNT, "shown/app");
    let digest = repo.push_image("v1", b"0123456789");
    let path = "/repository/shown/app";
    let shown = admin.get(&format!("{path}?includeStats=true")).expect(200);
    let mut shown = shown.json();
    let days = shown["stats"].take();
    let days = days.as_array().unwrap();
    assert_eq!(days.len(), 91);
    assert_eq!(days[0]["count"], 0);
    let dates: Vec<&str> = days
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    assert!(
        dates.is_sorted_by(|later, earlier| later > earlier),
        "{dates:?}"
    );
    let token = shown["status_token"].take();
    assert_eq!(token.as_str().unwrap().len(), 36);
    let modified = shown["tags"]["v1"]["last_modified"].take();
    assert!(modified.as_str().unwrap().ends_with(" -0000"));
    let size = shown["tags"]["v1"]["size"].take();
    assert!(size.as_u64().unwrap() >= 10, "{size}");
    let expected = json!({
        "namespace": "shown", "name": "app", "kind": "image", "description": "",
        "is_public": false, "is_organization": true, "is_starred": false, "status_token": null,
        "trust_enabled": false, "tag_expiration_s": 1_209_600, "is_free_account": true,
        "state": "NORMAL", "can_write": true, "can_admin": true, "stats": null,
        "tags": { "v1": {
            "name": "v1", "size": null, "last_modified": null, "manifest_digest": digest,
        } },
    });
    assert_eq!(shown, expected);
    let bare = admin.get(&format!("{path}?includeTags=false")).expect(200);
    assert!(bare.json().get("tags").is_none());
}

#[test]
fn a_repository_is_shown_to_whom_may_read_it() {
    let server = shared();
    let mut admin = organization(server, "readable");
    admin
        .post("/repository", &private("readable", "app"))
        .expect(201);
    let path = "/repository/readable/app";

    server.add_user("sh-reader");
    let mut stranger = Browser::open(server);
    let refused = stranger.get(path).expect(401).json();
    assert_eq!(refused["error_type"], "invalid_token");
    let mut reader = Browser::sign_in(server, "sh-reader", PASSWORD);
    reader.get(path).expect(403);
    reader.get("/repository/readable/missing").expect(403);
    admin.get("/repository/readable/missing").expect(404);
    grant(server, "readable/app", "sh-reader", "read");
    let shown = reader.get(path).expect(200).json();
    assert_eq!(
        (&shown["can_write"], &shown["can_admin"]),
        (&json!(false), &json!(false))
    );
    let body = json!({ "description": "x" });
    reader.put(path, &body).expect(403);
    let visible = json!({ "visibility": "public" });
    admin
        .post(&format!("{path}/changevisibility"), &visible)
        .expect(200);
    let shown = stranger.get(path).expect(200).json();
    assert_eq!(shown["status_token"], "");
    assert_eq!(shown["is_public"], true);
}

#[test]
fn a_description_is_changed_by_writers_and_has_a_limit() {
    let server = shared();
    let mut admin = organization(server, "described");
    admin
        .post("/repository", &private("described", "app"))
        .expect(201);
    for (name, role) in [("de-reader", "read"), ("de-writer", "write")] {
        server.add_user(name);
        grant(server, "described/app", name, role);
    }
    let path = "/repository/described/app";
    let body = json!({ "description": "new desc" });
    let mut writer = Browser::sign_in(server, "de-writer", PASSWORD);
    let changed = writer.put(path, &body).expect(200);
    assert_eq!(changed.json(), json!({ "success": true }));
    assert_eq!(admin.get(path).json()["description"], "new desc");
    let rows = logged_of(server, "set_repo_description", "namespace", "described");
    let metadata = json!({ "namespace": "described", "repo": "app", "description": "new desc" });
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["metadata"], metadata);
    assert_eq!(rows[0]["performer"], "de-writer");

    let refused = writer.put(path, &json!({})).expect(400).json();
    assert_eq!(
        first_line(&refused["detail"]),
        "'description' is a required property"
    );
    let huge = json!({ "description": "x".repeat(65_537) });
    writer.put(path, &huge).expect(400);
    let longest = json!({ "description": "x".repeat(65_536) });
    writer.put(path, &longest).expect(200);
    let mut reader = Browser::sign_in(server, "de-reader", PASSWORD);
    reader.put(path, &body).expect(403);
    Browser::open(server).put(path, &body).expect(401);
    admin
        .put("/repository/described/missing", &body)
        .expect(404);
    // A writer is no administrator.
    writer.delete(path).expect(403);
    let public = json!({ "visibility": "public" });
    writer
        .post(&format!("{path}/changevisibility"), &public)
        .expect(403);
    let state = json!({ "state": "READ_ONLY" });
    writer
        .put(&format!("{path}/changestate"), &state)
        .expect(403);
}

#[test]
fn there_is_no_trust_server() {
    let server = shared();
    let mut admin = organization(server, "trusting");
    admin
        .post("/repository", &private("trusting", "app"))
        .expect(201);
    server.add_user("tr-stranger");
    let path = "/repository/trusting/app/changetrust";
    let body = json!({ "trust_enabled": true });
    Browser::open(server).post(path, &body).expect(401);
    let mut stranger = Browser::sign_in(server, "tr-stranger", PASSWORD);
    stranger.post(path, &body).expect(403);
    admin.post(path, &body).expect(404);
}
