//! Invitations into teams that come by mail, and the page their links lead to.

use serde_json::{Value, json};

use super::mail::{sign_up_proven, start};
use crate::support::{Answer, Browser, Letter, MailCatcher, Server, logged, query};

const SECRET: &str = "a-good-password";
const TEAM: &str = "/organization/org/team/devs";

/// A browser whose user owns the organization.
fn owner<'a>(server: &'a Server, catcher: &MailCatcher) -> Browser<'a> {
    let mut owner = sign_up_proven(server, catcher, "owner");
    let body = json!({ "name": "org", "email": "org@example.com" });
    owner.post("/organization/", &body).expect(201);
    owner.put(TEAM, &json!({ "role": "member" })).expect(200);
    owner
}

fn invite(owner: &mut Browser<'_>, email: &str) {
    owner
        .put(&format!("{TEAM}/invite/{email}"), &json!({}))
        .expect(200);
}

fn open(server: &Server, code: &str, cookie: Option<&str>) -> Answer {
    let mut request = server.get(&format!("/confirminvite?code={code}"));
    if let Some(cookie) = cookie {
        request = request.header("Cookie", &format!("_csrf_token={cookie}"));
    }
    request.send()
}

fn members(owner: &mut Browser<'_>) -> Vec<String> {
    let listed = owner.get(&format!("{TEAM}/members")).expect(200).json();
    let rows = listed["members"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

fn speaks_of_the_team(letter: &Letter) {
    for word in [
        "owner",
        "org",
        "devs",
        "/confirminvite?code=urn:teaminvite:",
    ] {
        assert!(letter.text.contains(word), "{word}: {}", letter.text);
    }
}

#[test]
fn a_user_is_invited_by_mail_and_joins_by_the_link() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut owner = owner(&server, &catcher);
    let bob = sign_up_proven(&server, &catcher, "bob");
    let carol = sign_up_proven(&server, &catcher, "carol");
    let path = format!("{TEAM}/members/bob");
    let view = owner.put(&path, &json!({})).expect(200).json();
    assert_eq!(view["invited"], true);
    let letter = catcher.wait("bob@example.com", 1);
    speaks_of_the_team(&letter);
    let code = letter.code();

    let away = open(&server, &code, None).expect(302);
    let sign_in = format!("/signin?invite_code={code}");
    assert_eq!(away.header("location"), Some(sign_in.as_str()));
    let refused = open(&server, &code, carol.cookie.as_deref()).expect(403);
    assert!(refused.text().contains("another account"));
    assert!(members(&mut owner).iter().all(|name| name == "owner"));

    let joined = open(&server, &code, bob.cookie.as_deref()).expect(302);
    assert_eq!(
        joined.header("location"),
        Some("/organization/org/teams/devs")
    );
    assert_eq!(joined.header("referrer-policy"), Some("no-referrer"));
    assert!(members(&mut owner).contains(&"bob".to_owned()));
    let row = &logged(&server, "org_team_member_invite_accepted")[0];
    assert_eq!(
        row["metadata"],
        json!({ "member": "bob", "team": "devs", "inviter": "owner" })
    );
    open(&server, &code, bob.cookie.as_deref()).expect(403);
    for bad in ["", "none", "urn:teaminvite:x", "x%0d%0aSet-Cookie:%20a=b"] {
        open(&server, bad, bob.cookie.as_deref()).expect(403);
        open(&server, bad, None).expect(403);
    }
}

#[test]
fn an_address_is_invited_by_mail_and_signs_up_with_the_code() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut owner = owner(&server, &catcher);
    invite(&mut owner, "dave@example.com");
    let letter = catcher.wait("dave@example.com", 0);
    speaks_of_the_team(&letter);
    let body = json!({
        "username": "dave", "password": SECRET, "email": "dave@example.com",
        "invite_code": letter.code(),
    });
    Browser::open(&server).post("/user/", &body).expect(200);
    assert!(members(&mut owner).contains(&"dave".to_owned()));
    let login = json!({ "username": "dave", "password": SECRET });
    Browser::open(&server).post("/signin", &login).expect(200);

    // Somebody who has an account already gives the code with the sign-in.
    let mut eve = sign_up_proven(&server, &catcher, "eve");
    eve.post("/signout", &json!({})).expect(200);
    invite(&mut owner, "e.v.e@example.com");
    let code = catcher.wait("e.v.e@example.com", 0).code();
    let login = json!({ "username": "eve", "password": SECRET, "invite_code": code });
    Browser::open(&server).post("/signin", &login).expect(200);
    assert!(members(&mut owner).contains(&"eve".to_owned()));

    // Who asks again has the letter sent again, with the code that still holds.
    invite(&mut owner, "late@example.com");
    let first = catcher.wait("late@example.com", 0).code();
    invite(&mut owner, "late@example.com");
    assert_eq!(catcher.wait("late@example.com", 1).code(), first);
}

#[test]
fn an_address_that_cannot_be_one_is_not_invited_and_a_full_outbox_invites_nobody() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[("limits.mail_queue", "1")]);
    let mut owner = owner(&server, &catcher);
    for bad in ["nobody", "a@b%0d%0aBcc:x", "a@b%2cc@d"] {
        let path = format!("{TEAM}/invite/{bad}");
        let refused = owner.put(&path, &json!({})).expect(400).json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("Invalid email address"), "{refused}");
    }
    assert_eq!(invites(&server), 0);
    query(
        &server,
        "INSERT INTO outgoing_mail (id, recipient, sealed_letter, next_attempt_at)
         VALUES (gen_random_uuid(), 'x@example.com', 'x', now() + interval '1 day')
         RETURNING to_jsonb(recipient)",
    );
    let path = format!("{TEAM}/invite/late@example.com");
    owner.put(&path, &json!({})).expect(503);
    assert_eq!(invites(&server), 0, "an invitation without its letter");
}

fn invites(server: &Server) -> usize {
    let rows: Vec<Value> = query(server, "SELECT to_jsonb(id) FROM team_invite");
    rows.len()
}
