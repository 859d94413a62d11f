//! Who may call the operations of organizations, teams, permissions and default permissions: a
//! table of operations against callers.
//!
//! Requests are made so that they change nothing: whoever is let in is answered by the operation
//! itself, with 200 or with what it says of a thing that is not there.

#![expect(clippy::too_many_lines, reason = "the table is one")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::organizations::repo_of;
use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, query};

/// Who is let in; others are answered 401 without a login and 403 with one.
#[derive(Clone, Copy)]
enum Who {
    Everybody,
    Makers,
    OrganizationWrite,
    OrganizationRead,
    OrganizationView,
    TeamView,
    RepositoryWrite,
    RepositoryRead,
    SuperuserWrite,
    SuperuserRead,
    /// The path is not there at all.
    Nobody,
}

/// A request, who is let in, and what they are answered.
struct Row(&'static str, &'static str, Option<Value>, Who, u16);

fn rows() -> Vec<Row> {
    let role = |role: &str| Some(json!({ "role": role }));
    let none = "/organization/acc/team/none";
    let invite = "/organization/acc/team/devs/invite/x@example.com";
    let delegate = json!({ "role": "read", "delegate": { "kind": "user", "name": "nobody-here" } });
    let users = "/repository/acc/app/permissions/user";
    let teams = "/repository/acc/app/permissions/team";
    let proto = "/organization/acc/prototypes/00000000-0000-4000-8000-000000000000";
    let path = |base: &str, end: &str| -> &'static str { format!("{base}{end}").leak() };
    vec![
        Row(
            "POST",
            "/organization/",
            Some(json!({ "name": "A!" })),
            Who::Makers,
            400,
        ),
        Row("GET", "/organization/acc", None, Who::Everybody, 200),
        Row(
            "PUT",
            "/organization/acc",
            Some(json!({ "tag_expiration_s": 5 })),
            Who::OrganizationWrite,
            400,
        ),
        Row(
            "DELETE",
            "/organization/doomed",
            None,
            Who::OrganizationWrite,
            204,
        ),
        Row(
            "GET",
            "/organization/acc/members",
            None,
            Who::OrganizationRead,
            200,
        ),
        Row(
            "GET",
            "/organization/acc/members/nobody-here",
            None,
            Who::OrganizationRead,
            404,
        ),
        Row(
            "DELETE",
            "/organization/acc/members/nobody-here",
            None,
            Who::OrganizationWrite,
            404,
        ),
        Row(
            "GET",
            "/organization/acc/collaborators",
            None,
            Who::OrganizationView,
            200,
        ),
        Row(
            "PUT",
            "/organization/acc/team/owners",
            role("admin"),
            Who::OrganizationWrite,
            200,
        ),
        Row("DELETE", none, None, Who::OrganizationWrite, 400),
        Row(
            "GET",
            "/organization/acc/team/devs/members",
            None,
            Who::TeamView,
            200,
        ),
        Row(
            "PUT",
            "/organization/acc/team/devs/members/nobody-here",
            None,
            Who::OrganizationWrite,
            400,
        ),
        Row(
            "DELETE",
            "/organization/acc/team/devs/members/nobody-here",
            None,
            Who::OrganizationWrite,
            404,
        ),
        Row("PUT", invite, None, Who::Nobody, 404),
        Row("DELETE", invite, None, Who::Nobody, 404),
        Row("PUT", "/teaminvite/none", None, Who::Nobody, 404),
        Row("DELETE", "/teaminvite/none", None, Who::Nobody, 404),
        Row(
            "GET",
            "/organization/acc/team/devs/permissions",
            None,
            Who::OrganizationRead,
            200,
        ),
        Row("GET", path(users, "/"), None, Who::RepositoryRead, 200),
        Row(
            "GET",
            path(users, "/nobody-here"),
            None,
            Who::RepositoryRead,
            400,
        ),
        Row(
            "GET",
            path(users, "/nobody-here/transitive"),
            None,
            Who::RepositoryRead,
            404,
        ),
        Row(
            "PUT",
            path(users, "/nobody-here"),
            role("read"),
            Who::RepositoryWrite,
            400,
        ),
        Row(
            "DELETE",
            path(users, "/nobody-here"),
            None,
            Who::RepositoryWrite,
            400,
        ),
        Row("GET", path(teams, "/"), None, Who::RepositoryRead, 200),
        Row("GET", path(teams, "/none"), None, Who::RepositoryRead, 400),
        Row(
            "PUT",
            path(teams, "/none"),
            role("read"),
            Who::RepositoryWrite,
            400,
        ),
        Row(
            "DELETE",
            path(teams, "/none"),
            None,
            Who::RepositoryWrite,
            400,
        ),
        Row(
            "GET",
            "/organization/acc/prototypes",
            None,
            Who::OrganizationRead,
            200,
        ),
        Row(
            "POST",
            "/organization/acc/prototypes",
            Some(delegate),
            Who::OrganizationWrite,
            400,
        ),
        Row("PUT", proto, role("read"), Who::OrganizationWrite, 404),
        Row("DELETE", proto, None, Who::OrganizationWrite, 404),
        Row(
            "GET",
            "/superuser/organizations/",
            None,
            Who::SuperuserRead,
            200,
        ),
        Row(
            "PUT",
            "/superuser/organizations/not-here",
            Some(json!({})),
            Who::SuperuserWrite,
            404,
        ),
        Row(
            "DELETE",
            "/superuser/organizations/not-here",
            None,
            Who::SuperuserWrite,
            404,
        ),
        Row(
            "POST",
            "/superuser/takeownership/not-here",
            Some(json!({})),
            Who::SuperuserWrite,
            404,
        ),
    ]
}

const USERS: [&str; 9] = [
    "stranger",
    "reader",
    "writer",
    "repo-admin",
    "org-admin",
    "creator",
    "member",
    "restricted",
    "observer",
];
const SCOPES: [&str; 8] = [
    "repo:read",
    "repo:write",
    "repo:admin",
    "repo:create",
    "user:read",
    "user:admin",
    "org:admin",
    "super:user",
];

/// Says whether a caller is one of those; `is_full` when superusers have full access.
fn is_let_in(who: Who, caller: &str, is_full: bool) -> bool {
    let full = is_full && matches!(caller, ACCOUNT | "admin super:user");
    let administers = matches!(caller, "org-admin" | "org-admin org:admin") || full;
    let has_repository = matches!(caller, "repo-admin" | "org-admin" | "org-admin repo:admin")
        // The scope `super:user` has no share in repositories.
        || (is_full && caller == ACCOUNT);
    let observes = caller == "observer";
    let is_superuser = matches!(caller, ACCOUNT | "admin super:user");
    match who {
        Who::Everybody => true,
        Who::Nobody => false,
        Who::Makers => {
            let is_user = USERS.contains(&caller) || caller == ACCOUNT;
            (is_user || caller == "org-admin user:admin") && caller != "restricted"
        }
        Who::OrganizationWrite => administers,
        Who::OrganizationRead => administers || observes,
        Who::OrganizationView => administers || observes || is_superuser,
        Who::TeamView => {
            let is_in_team = matches!(caller, "creator" | "member" | "restricted");
            administers || observes || is_superuser || is_in_team
        }
        Who::RepositoryWrite => has_repository,
        Who::RepositoryRead => has_repository || observes,
        Who::SuperuserWrite => is_superuser,
        Who::SuperuserRead => is_superuser || observes,
    }
}

/// How a caller proves who it is.
enum Proof<'a> {
    Browser(Box<Browser<'a>>),
    Token(String),
}

impl Proof<'_> {
    fn send(&mut self, server: &Server, row: &Row) -> Answer {
        match self {
            Self::Browser(browser) => browser.send(row.0, row.1, row.2.as_ref()),
            Self::Token(token) => {
                let request = server
                    .request(row.0, &format!("/api/v1{}", row.1))
                    .bearer(token);
                match &row.2 {
                    Some(body) => request
                        .header("Content-Type", "application/json")
                        .body(body.to_string().as_bytes())
                        .send(),
                    None => request.send(),
                }
            }
        }
    }
}

/// An OAuth token of a user, as its row; answers the token.
fn add_token(server: &Server, username: &str, scope: &str) -> String {
    let number = Sha256::digest(format!("{username} {scope}"));
    let hex: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
    let (prefix, secret) = (&hex[..20], &hex[20..40]);
    let hash: String = Sha256::digest(secret)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let made = query(
        server,
        &format!(
            "WITH app AS (
                INSERT INTO oauth_application (client_id, organization_id, name, sealed_secret)
                SELECT '{prefix}', id, 'app', '' FROM namespace WHERE name = 'acc' RETURNING id
             ), made AS (
                INSERT INTO oauth_token (application_id, account_id, prefix, secret_hash, scope, expires_at)
                SELECT app.id, n.id, '{prefix}', decode('{hash}', 'hex'), '{scope}', now() + interval '1 hour'
                  FROM app, namespace n WHERE n.name = '{username}' RETURNING id
             )
             SELECT to_jsonb(id) FROM made"
        ),
    );
    assert_eq!(made.len(), 1);
    format!("{prefix}{secret}")
}

fn start(full_access: &str) -> Server {
    let listed = USERS.map(|name| {
        if name == "restricted" {
            "nobody-here"
        } else {
            name
        }
    });
    let listed = listed.join(",");
    Server::start(&[
        ("auth.superusers_full_access", full_access),
        ("auth.global_readonly_superusers", "observer"),
        ("accounts.restricted_users", "true"),
        ("accounts.restricted_users_whitelist", &listed),
    ])
}

/// Makes the organization `acc` with a team, a repository and roles; answers the callers.
fn prepare(server: &Server) -> BTreeMap<String, Proof<'_>> {
    USERS.iter().for_each(|name| server.add_user(name));
    let mut owner = Browser::sign_in(server, "org-admin", PASSWORD);
    owner
        .post("/organization/", &json!({ "name": "acc" }))
        .expect(201);
    for (team, role) in [("devs", "member"), ("makers", "creator")] {
        let path = format!("/organization/acc/team/{team}");
        owner.put(&path, &json!({ "role": role })).expect(200);
    }
    for place in [
        "makers/members/creator",
        "devs/members/creator",
        "devs/members/member",
        "devs/members/restricted",
    ] {
        owner
            .put(&format!("/organization/acc/team/{place}"), &json!({}))
            .expect(200);
    }
    repo_of(server, "org-admin", "acc/app").push_image("v1", b"access");
    for (name, role) in [
        ("reader", "read"),
        ("writer", "write"),
        ("repo-admin", "admin"),
    ] {
        let path = format!("/repository/acc/app/permissions/user/{name}");
        owner.put(&path, &json!({ "role": role })).expect(200);
    }
    let browser = |name: &str| Proof::Browser(Box::new(Browser::sign_in(server, name, PASSWORD)));
    let mut callers: BTreeMap<String, Proof<'_>> = BTreeMap::new();
    callers.insert(
        "anonymous".to_owned(),
        Proof::Browser(Box::new(Browser::open(server))),
    );
    callers.insert(ACCOUNT.to_owned(), browser(ACCOUNT));
    for name in USERS {
        callers.insert(name.to_owned(), browser(name));
    }
    for scope in SCOPES {
        let token = add_token(server, "org-admin", scope);
        callers.insert(format!("org-admin {scope}"), Proof::Token(token));
    }
    let token = add_token(server, ACCOUNT, "super:user");
    callers.insert("admin super:user".to_owned(), Proof::Token(token));
    callers
}

/// Sends every request as every caller; answers how many there were and which went wrong.
fn compare(server: &Server, is_full: bool) -> (usize, Vec<String>) {
    let mut callers = prepare(server);
    let mut owner = Browser::sign_in(server, "org-admin", PASSWORD);
    let (mut count, mut wrong) = (0, Vec::new());
    for row in rows() {
        for (caller, proof) in &mut callers {
            if row.1 == "/organization/doomed" {
                // Made again after somebody was allowed to delete it.
                owner.send("POST", "/organization/", Some(&json!({ "name": "doomed" })));
            }
            let expected = match row.3 {
                Who::Nobody => row.4,
                who if is_let_in(who, caller, is_full) => row.4,
                _ if caller == "anonymous" => 401,
                _ => 403,
            };
            let answer = proof.send(server, &row);
            count += 1;
            if answer.status != expected {
                let (method, path, status) = (row.0, row.1, answer.status);
                wrong.push(format!(
                    "{method} {path} as {caller}: {status}, not {expected}"
                ));
            }
        }
    }
    (count, wrong)
}

#[test]
fn every_operation_lets_in_whom_it_should_and_nobody_else() {
    let (full, plain) = (start("true"), start("false"));
    let (count, mut wrong) = compare(&full, true);
    let (second, other) = compare(&plain, false);
    wrong.extend(other);
    println!("{} answers compared", count + second);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        count + second,
        2 * rows().len() * (2 + USERS.len() + SCOPES.len() + 1)
    );
}
