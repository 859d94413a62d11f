//! Making an account where that needs more than a name, and what signing in brings along.

use serde_json::json;

use super::users::sign_up;
use crate::support::{ACCOUNT, Browser, PASSWORD, Server, logged, logged_of, query, shared};

const SECRET: &str = "a-good-password";

#[test]
fn accounts_need_an_invitation_or_another_domain_where_so_configured() {
    let server = Server::start(&[
        ("accounts.invite_only", "true"),
        ("accounts.refused_email_domains", "bad.example"),
    ]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "club" }))
        .expect(201);
    let invite = |email: &str| {
        let rows = query(
            &server,
            &format!(
                "INSERT INTO team_invite (team_id, email, inviter_id)
                 SELECT t.id, '{email}', u.id FROM team t, namespace u
                  WHERE t.name = 'owners' AND u.name = 'admin' RETURNING to_jsonb(id)"
            ),
        );
        format!("urn:teaminvite:{}", rows[0].as_str().unwrap())
    };
    let body = |code: &str, email: &str| {
        json!({
            "username": "guest", "password": SECRET, "email": email, "invite_code": code,
        })
    };
    let code = invite("guest@example.com");
    let mut guest = Browser::open(&server);
    let unknown = "urn:teaminvite:7ab55677-ffc3-4d9c-b2fc-0a7e5d4f0490";
    for code in ["", "nonsense", unknown] {
        let refused = guest
            .post("/user/", &body(code, "guest@example.com"))
            .expect(400);
        assert_eq!(refused.json()["detail"], "Cannot create non-invited user");
    }
    let refused = guest
        .post("/user/", &body(&code, "guest@sub.bad.example"))
        .expect(400);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("contact an administrator"), "{detail}");
    let made = guest
        .post("/user/", &body(&code, "guest@example.com"))
        .expect(200)
        .json();
    assert_eq!(made["organizations"][0]["name"], "club");
    assert_eq!(made["organizations"][0]["is_org_admin"], true);
    let row = &logged(&server, "org_team_member_invite_accepted")[0];
    assert_eq!(
        row["metadata"],
        json!({ "member": "guest", "team": "owners", "inviter": "admin" })
    );
    let mut again = Browser::open(&server);
    let second = json!({
        "username": "guest2", "password": SECRET, "email": "g2@example.com", "invite_code": code,
    });
    again.post("/user/", &second).expect(400);
}

#[test]
fn an_invitation_is_accepted_while_signing_in() {
    let server = shared();
    sign_up(server, "host")
        .post("/organization/", &json!({ "name": "hosts" }))
        .expect(201);
    sign_up(server, "invited");
    let rows = query(
        server,
        "INSERT INTO team_invite (team_id, account_id)
         SELECT t.id, u.id FROM team t JOIN namespace o ON o.id = t.organization_id, namespace u
          WHERE o.name = 'hosts' AND u.name = 'invited' RETURNING to_jsonb(id)",
    );
    let code = format!("urn:teaminvite:{}", rows[0].as_str().unwrap());
    let login = |name: &str, code: &str| json!({ "username": name, "password": SECRET, "invite_code": code });
    let member_of = |browser: &mut Browser<'_>| {
        browser.get("/user/").expect(200).json()["organizations"].clone()
    };
    let mut stranger = sign_up(server, "uninvited");
    stranger
        .post("/signin", &login("uninvited", &code))
        .expect(200);
    assert_eq!(
        member_of(&mut stranger),
        json!([]),
        "it is for somebody else"
    );
    let mut invited = Browser::open(server);
    for code in ["nonsense", &code, &code] {
        invited.post("/signin", &login("invited", code)).expect(200);
    }
    assert_eq!(member_of(&mut invited)[0]["name"], "hosts");
    let rows = logged_of(
        server,
        "org_team_member_invite_accepted",
        "member",
        "invited",
    );
    assert_eq!(rows.len(), 1);
}

#[test]
fn the_last_visit_is_noted_unless_that_is_off() {
    for (switch, is_noted) in [("true", true), ("false", false)] {
        let server = Server::start(&[("accounts.user_last_accessed", switch)]);
        sign_up(&server, "guest");
        let noted = query(
            &server,
            "SELECT to_jsonb(coalesce(a.last_accessed_at > now() - interval '1 minute', false))
               FROM account a JOIN namespace n ON n.id = a.namespace_id WHERE n.name = 'guest'",
        );
        assert_eq!(noted[0] == json!(true), is_noted, "{noted:?}");
    }
}

#[test]
fn without_sign_up_there_is_no_such_path() {
    let server = Server::start(&[("accounts.user_creation", "false")]);
    let mut browser = Browser::open(&server);
    let body = json!({ "username": "ann", "password": SECRET });
    browser.post("/user/", &body).expect(404);
}
