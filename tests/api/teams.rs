//! Teams: their roles, their members, and invitations into them.

#![expect(
    clippy::too_many_lines,
    reason = "a test follows one thing through all its doors"
)]

use serde_json::{Value, json};

use super::organizations::{repo_of, user};
use crate::support::{Browser, PASSWORD, Server, first_line, logged, logged_of, query, shared};

/// A robot's row, until it is asked for by the API.
pub(super) fn add_robot(server: &Server, owner: &str, short: &str) {
    let made = query(
        server,
        &format!(
            "WITH made AS (
                INSERT INTO namespace (name, kind, tag_expiration_s)
                VALUES ('{owner}+{short}', 'robot', 0) RETURNING id
             ), robot AS (
                INSERT INTO robot (namespace_id, owner_id, short_name, sealed_token)
                SELECT made.id, o.id, '{short}', '' FROM made, namespace o WHERE o.name = '{owner}'
             )
             SELECT to_jsonb(id) FROM made"
        ),
    );
    assert_eq!(made.len(), 1);
}

#[test]
fn a_team_is_made_changed_and_deleted() {
    let server = shared();
    let mut owner = user(server, "team-owner");
    let mut dev = user(server, "team-dev");
    owner
        .post("/organization/", &json!({ "name": "team-org" }))
        .expect(201);
    let path = "/organization/team-org/team/devs";
    let body = json!({ "role": "member", "description": "developers" });
    let made = owner.put(path, &body).expect(200).json();
    assert_eq!(made["new_team"], true);
    assert_eq!(made["avatar"]["kind"], "team");
    owner
        .put(&format!("{path}/members/team-dev"), &json!({}))
        .expect(200);
    assert_eq!(
        repo_of(server, "team-dev", "team-org/x")
            .request("POST", "blobs/uploads/")
            .send()
            .status,
        401
    );

    let body = json!({ "role": "creator", "description": "builders" });
    let changed = owner.put(path, &body).expect(200).json();
    assert_eq!(
        (&changed["new_team"], &changed["role"]),
        (&json!(false), &json!("creator"))
    );
    repo_of(server, "team-dev", "team-org/x").push_image("v1", b"creator");
    let rows = |kind: &str| logged_of(server, kind, "team", "devs");
    let of_org = |kind: &str| {
        rows(kind)
            .into_iter()
            .filter(|row| row["namespace"] == "team-org")
            .count()
    };
    assert_eq!(of_org("org_create_team"), 1);
    assert_eq!(of_org("org_set_team_role"), 1);
    assert_eq!(of_org("org_set_team_description"), 1);
    assert_eq!(of_org("org_add_team_member"), 1);

    let bad = owner.put(path, &json!({ "role": "king" })).expect(400);
    assert_eq!(
        first_line(&bad.json()["detail"]),
        "'king' is not one of ['member', 'creator', 'admin']"
    );
    owner.put(path, &json!({})).expect(400);
    let bad = owner
        .put(
            "/organization/team-org/team/O!!",
            &json!({ "role": "member" }),
        )
        .expect(400);
    let text =
        "Invalid team name O!!: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$";
    assert_eq!(bad.json(), json!({ "message": text }));
    dev.put(path, &body).expect(403);
    dev.delete(path).expect(403);
    Browser::open(server).put(path, &body).expect(401);

    owner.delete(path).expect(204);
    let gone = owner.delete(path).expect(400);
    assert_eq!(
        gone.json(),
        json!({ "message": "Team 'devs' is not a team in org 'team-org'" })
    );
    assert_eq!(of_org("org_delete_team"), 1);
    assert!(
        dev.get("/organization/team-org")
            .expect(200)
            .json()
            .get("teams")
            .is_none()
    );
}

#[test]
fn the_last_admin_stays() {
    let server = shared();
    let mut owner = user(server, "last-owner");
    server.add_user("last-other");
    owner
        .post("/organization/", &json!({ "name": "last" }))
        .expect(201);
    let path = "/organization/last/team/owners";
    let refused = |answer: crate::support::Answer, text: &str| {
        assert_eq!(answer.expect(400).json(), json!({ "message": text }));
    };
    refused(
        owner.put(path, &json!({ "role": "member" })),
        "Cannot remove admin from team 'owners' because calling user would no longer have admin on org 'last'",
    );
    refused(
        owner.delete(path),
        "Deleting team 'owners' would remove admin ability for user 'last-owner' in organization 'last'",
    );
    refused(
        owner.delete(&format!("{path}/members/last-owner")),
        "User cannot remove themselves from their only admin team.",
    );
    refused(
        owner.put(&format!("{path}/members/last-owner"), &json!({})),
        "User 'last-owner' is already a member of team 'owners'",
    );
    let second = "/organization/last/team/chiefs";
    owner.put(second, &json!({ "role": "admin" })).expect(200);
    owner
        .put(&format!("{second}/members/last-owner"), &json!({}))
        .expect(200);
    owner.put(path, &json!({ "role": "member" })).expect(200);
    owner.delete(path).expect(204);
    refused(
        owner.delete(second),
        "Deleting team 'chiefs' would remove admin ability for user 'last-owner' in organization 'last'",
    );
}

#[test]
fn members_come_and_go_and_see_their_own_team() {
    let server = shared();
    let mut owner = user(server, "join-owner");
    let mut dev = user(server, "join-dev");
    owner
        .post("/organization/", &json!({ "name": "join" }))
        .expect(201);
    owner
        .post("/organization/", &json!({ "name": "join-else" }))
        .expect(201);
    add_robot(server, "join", "ci");
    add_robot(server, "join-else", "ci");
    let team = "/organization/join/team/devs";
    owner.put(team, &json!({ "role": "member" })).expect(200);
    let members = format!("{team}/members");
    let added = owner
        .put(&format!("{members}/join-dev"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(
        (&added["kind"], &added["invited"]),
        (&json!("user"), &json!(false))
    );
    let added = owner
        .put(&format!("{members}/join+ci"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(
        (&added["is_robot"], &added["avatar"]["kind"]),
        (&json!(true), &json!("robot"))
    );
    let foreign = owner
        .put(&format!("{members}/join-else+ci"), &json!({}))
        .expect(400);
    let text =
        "Cannot add the specified robot to this team, as it is not a member of the organization";
    assert_eq!(foreign.json(), json!({ "message": text }));
    let unknown = owner
        .put(&format!("{members}/nobody-here"), &json!({}))
        .expect(400);
    assert_eq!(unknown.json()["detail"], "Unknown user");
    owner
        .put(&format!("{members}/join"), &json!({}))
        .expect(400);
    owner
        .put("/organization/join/team/none/members/join-dev", &json!({}))
        .expect(404);

    let seen = dev.get(&members).expect(200).json();
    assert_eq!(seen["can_edit"], false);
    assert_eq!(seen["members"].as_array().unwrap().len(), 2);
    assert_eq!(owner.get(&members).expect(200).json()["can_edit"], true);
    dev.get("/organization/join/team/owners/members")
        .expect(403);
    dev.get(&format!("{team}/permissions")).expect(403);
    dev.put(&format!("{members}/join-owner"), &json!({}))
        .expect(403);
    Browser::open(server).get(&members).expect(401);
    owner
        .get("/organization/join/team/none/members")
        .expect(404);
    let pending = owner
        .get(&format!("{members}?includePending=true"))
        .expect(200)
        .json();
    assert_eq!(pending, owner.get(&members).expect(200).json());

    repo_of(server, "join-owner", "join/app").push_image("v1", b"join");
    owner
        .put(
            "/repository/join/app/permissions/team/devs",
            &json!({ "role": "write" }),
        )
        .expect(200);
    let held = owner.get(&format!("{team}/permissions")).expect(200).json();
    let row = json!({ "repository": { "name": "app", "is_public": false }, "role": "write" });
    assert_eq!(held, json!({ "permissions": [row] }));
    repo_of(server, "join-dev", "join/app").push_image("v2", b"join 2");

    dev.delete(&format!("{members}/join+ci")).expect(403);
    owner.delete(&format!("{members}/join-dev")).expect(204);
    let gone = owner.delete(&format!("{members}/join-dev")).expect(400);
    assert_eq!(
        gone.json(),
        json!({ "message": "User join-dev does not belong to team devs" })
    );
    owner.delete(&format!("{members}/nobody-here")).expect(404);
    assert_eq!(
        logged_of(server, "org_remove_team_member", "member", "join-dev").len(),
        1
    );
    dev.get(&members).expect(403);
    repo_of(server, "join-dev", "join/app")
        .get("manifests/v1")
        .expect(401);
    // Mail is off: nobody is invited, and the paths are not there.
    owner
        .put(&format!("{team}/invite/x@example.com"), &json!({}))
        .expect(404);
}

fn code_of(server: &Server, username: &str) -> String {
    let notices = query(
        server,
        &format!(
            "SELECT u.metadata FROM user_notification u JOIN namespace n ON n.id = u.target_id
              WHERE u.kind = 'org_team_invite' AND n.name = '{username}'"
        ),
    );
    assert_eq!(
        notices.len(),
        1,
        "one notice, however often somebody is invited"
    );
    notices[0]["code"].as_str().unwrap().to_owned()
}

fn notice_count(server: &Server) -> usize {
    query(server, "SELECT metadata FROM user_notification").len()
}

#[test]
fn with_mail_strangers_are_invited_and_may_decline() {
    // Nothing listens there: an invitation does not wait for its mail.
    let server = Server::start(&[
        ("mail.server", "127.0.0.1"),
        ("mail.port", "9"),
        ("mail.sender", "registry@example.com"),
        ("server.url", "http://registry.example.com"),
    ]);
    let mut owner = user(&server, "owner");
    let mut bob = user(&server, "bob");
    let mut carol = user(&server, "carol");
    owner
        .post("/organization/", &json!({ "name": "org" }))
        .expect(201);
    add_robot(&server, "org", "ci");
    let team = "/organization/org/team/devs";
    owner.put(team, &json!({ "role": "member" })).expect(200);
    let add = |browser: &mut Browser<'_>, name: &str| -> Value {
        let path = format!("{team}/members/{name}");
        browser.put(&path, &json!({})).expect(200).json()
    };
    assert_eq!(add(&mut owner, "bob")["invited"], true);
    assert_eq!(add(&mut owner, "bob")["invited"], true);
    assert_eq!(add(&mut owner, "org+ci")["invited"], false);
    let code = code_of(&server, "bob");
    assert!(code.starts_with("urn:teaminvite:"), "{code}");
    let invite = format!("{team}/invite/x@example.com");
    let view = owner.put(&invite, &json!({})).expect(200).json();
    assert_eq!(
        (&view["kind"], &view["invited"]),
        (&json!("invite"), &json!(true))
    );
    let pending = owner
        .get(&format!("{team}/members?includePending=true"))
        .expect(200)
        .json();
    let invited: Vec<_> = pending["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["invited"] == true)
        .collect();
    assert_eq!(invited.len(), 2);
    assert_eq!(
        owner.get(&format!("{team}/members")).expect(200).json()["members"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    bob.get(&format!("{team}/members")).expect(403);
    bob.put(&invite, &json!({})).expect(403);
    let path = format!("/teaminvite/{code}");
    let wrong = carol.put(&path, &json!({})).expect(400).json();
    assert_eq!(
        wrong["message"],
        "This invite is intended for user 'bob'.\nPlease login to that account and try again."
    );
    Browser::open(&server).put(&path, &json!({})).expect(401);
    let joined = bob.put(&path, &json!({})).expect(200).json();
    assert_eq!(joined, json!({ "org": "org", "team": "devs" }));
    bob.get(&format!("{team}/members")).expect(200);
    for path in [path.as_str(), "/teaminvite/none"] {
        let answer = bob.put(path, &json!({})).expect(400);
        assert_eq!(
            answer.json(),
            json!({ "message": "Invalid confirmation code." })
        );
    }
    let row = logged(&server, "org_team_member_invite_accepted")
        .pop()
        .unwrap();
    assert_eq!(
        row["metadata"],
        json!({ "member": "bob", "team": "devs", "inviter": "owner" })
    );
    assert_eq!(notice_count(&server), 0);
    // Who is in the organization needs no invitation any more.
    owner
        .put("/organization/org/team/ops", &json!({ "role": "member" }))
        .expect(200);
    let ops = owner
        .put("/organization/org/team/ops/members/bob", &json!({}))
        .expect(200)
        .json();
    assert_eq!(ops["invited"], false);

    assert_eq!(add(&mut owner, "carol")["invited"], true);
    let code = code_of(&server, "carol");
    carol.delete(&format!("/teaminvite/{code}")).expect(204);
    carol.delete("/teaminvite/none").expect(400);
    assert_eq!(logged(&server, "org_team_member_invite_declined").len(), 1);
    assert_eq!(add(&mut owner, "carol")["invited"], true);
    owner.delete(&format!("{team}/members/carol")).expect(204);
    assert_eq!(notice_count(&server), 0);
    owner.delete(&invite).expect(204);
    owner.delete(&invite).expect(404);
    assert_eq!(logged(&server, "org_delete_team_member_invite").len(), 2);
    assert_eq!(
        logged_of(&server, "org_invite_team_member", "member", "x@example.com").len(),
        1
    );
    // An address's invitation is accepted by whoever holds its code.
    owner.put(&invite, &json!({})).expect(200);
    let id = query(
        &server,
        "SELECT to_jsonb(id) FROM team_invite WHERE email IS NOT NULL",
    );
    let path = format!("/teaminvite/urn:teaminvite:{}", id[0].as_str().unwrap());
    carol.put(&path, &json!({})).expect(200);
    carol.get(&format!("{team}/members")).expect(200);
    let body = json!({ "username": "carol", "password": PASSWORD });
    Browser::open(&server).post("/signin", &body).expect(200);
}
