//! Mail: addresses are proven, passwords recovered, and nothing that waits is lost.

use std::time::Duration;

use serde_json::json;

use super::users::sign_up;
use crate::support::{
    ACCOUNT, Answer, Browser, Letter, MailCatcher, PASSWORD, Server, logged, logged_of, query,
    wait_for,
};

const SECRET: &str = "a-good-password";
const URL: &str = "https://registry.example.com";

pub(super) fn start(catcher: &MailCatcher, more: &[(&str, &str)]) -> Server {
    let port = catcher.address.port().to_string();
    let mut keys = vec![
        ("mail.server", "127.0.0.1"),
        ("mail.port", port.as_str()),
        ("mail.tls", "none"),
        ("mail.sender", "Registry <registry@example.com>"),
        ("mail.retry_after", "1s"),
        ("server.url", URL),
    ];
    keys.extend(more);
    Server::start(&keys)
}

fn open(server: &Server, page: &str, letter: &Letter) -> Answer {
    let link = format!("{URL}/{page}?code={}", letter.code());
    assert!(letter.text.contains(&link), "{}", letter.text);
    server
        .get(&format!("/{page}?code={}", letter.code()))
        .send()
}

/// Makes an account whose address is proven.
pub(super) fn sign_up_proven<'a>(
    server: &'a Server,
    catcher: &MailCatcher,
    name: &str,
) -> Browser<'a> {
    let email = format!("{name}@example.com");
    let body = json!({ "username": name, "password": SECRET, "email": email });
    Browser::open(server).post("/user/", &body).expect(200);
    open(server, "confirm", &catcher.wait(&email, 0)).expect(302);
    Browser::sign_in(server, name, SECRET)
}

#[test]
fn an_address_is_proven_before_the_first_sign_in() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut browser = Browser::open(&server);
    let cookie = browser.cookie.clone();
    let body = json!({ "username": "dave", "password": SECRET, "email": "dave@example.com" });
    let made = browser.post("/user/", &body).expect(200).json();
    assert_eq!(made, json!({ "awaiting_verification": true }));
    assert_eq!(browser.cookie, cookie, "nobody is signed in");
    let login = json!({ "username": "dave", "password": SECRET });
    let refused = browser.post("/signin", &login).expect(403).json();
    assert_eq!(
        refused,
        json!({ "needsEmailVerification": true, "invalidCredentials": false, "message": null })
    );

    let letter = catcher.wait("dave@example.com", 0);
    assert!(letter.text.contains("confirm"), "{}", letter.text);
    assert!(
        letter
            .text
            .contains("From: \"Registry\" <registry@example.com>")
            || letter
                .text
                .contains("From: Registry <registry@example.com>"),
        "{}",
        letter.text
    );
    let stored = query(
        &server,
        "SELECT to_jsonb(encode(code_hash, 'escape')) FROM confirmation",
    );
    assert!(!stored[0].as_str().unwrap().contains(&letter.code()));
    let opened = open(&server, "confirm", &letter).expect(302);
    assert_eq!(opened.header("location"), Some("/"));
    assert_eq!(opened.header("set-cookie"), None, "a link signs nobody in");
    browser.post("/signin", &login).expect(200);
    let again = open(&server, "confirm", &letter).expect(403);
    assert!(again.text().contains("used already"), "{}", again.text());
    for header in ["cache-control", "referrer-policy", "x-frame-options"] {
        assert!(again.header(header).is_some(), "{header}");
    }
}

#[test]
fn an_account_without_a_sound_address_is_not_made() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut browser = Browser::open(&server);
    for (body, text) in [
        (
            json!({ "username": "dave2", "password": SECRET }),
            "Email address is required",
        ),
        (
            json!({ "username": "dave3", "password": SECRET, "email": "bad" }),
            "Invalid email address: bad",
        ),
        (
            json!({ "username": "dave4", "password": SECRET, "email": "a@b\r\nBcc: x@y" }),
            "Invalid email address: a@b\r\nBcc: x@y",
        ),
    ] {
        let refused = browser.post("/user/", &body).expect(400);
        assert_eq!(refused.json()["detail"], text);
    }
    let made = query(
        &server,
        "SELECT to_jsonb(name) FROM namespace WHERE name LIKE 'dave%'",
    );
    assert!(made.is_empty(), "{made:?}");
}

#[test]
fn a_forgotten_password_is_replaced_by_mail_only() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut old = sign_up_proven(&server, &catcher, "emma");
    let mut browser = Browser::open(&server);
    let sent = json!({ "status": "sent" });
    for email in ["nobody@example.com", "Emma@example.com", "emma@example.com"] {
        let answer = browser
            .post("/recovery", &json!({ "email": email }))
            .expect(200);
        assert_eq!(answer.json(), sent, "{email}");
    }
    browser.post("/recovery", &json!({})).expect(400);
    let letter = catcher.wait("emma@example.com", 1);
    let opened = open(&server, "recovery", &letter).expect(302);
    let target = opened.header("location").unwrap();
    assert_eq!(target, "/user/emma?tab=settings&action=password");
    let cookie = opened.header("set-cookie").unwrap();
    let (_, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    let mut recovered = Browser::open(&server);
    recovered.cookie = Some(value.to_owned());
    let token = server
        .get("/csrf_token")
        .header("Cookie", &format!("_csrf_token={value}"))
        .send();
    token.expect(200).json()["csrf_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut recovered.csrf);
    recovered
        .put("/user/", &json!({ "password": "another-password" }))
        .expect(200);
    old.get("/user/").expect(401);
    Browser::sign_in(&server, "emma", "another-password");
    let notice = catcher.wait("emma@example.com", 2);
    assert!(notice.text.contains("was changed"), "{}", notice.text);
    open(&server, "recovery", &letter).expect(403);
    let logins = logged(&server, "login_success");
    assert!(
        logins
            .iter()
            .any(|row| row["metadata"]["type"] == "recovery")
    );
}

#[test]
fn recovery_is_mailed_once_a_minute_and_strange_codes_are_refused() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    sign_up_proven(&server, &catcher, "erik");
    let mut browser = Browser::open(&server);
    for _ in 0..3 {
        let body = json!({ "email": "erik@example.com" });
        browser.post("/recovery", &body).expect(200);
    }
    catcher.wait("erik@example.com", 1);
    for code in ["", "x", "%00", "%zz"] {
        server
            .get(&format!("/recovery?code={code}"))
            .send()
            .expect(403);
        server
            .get(&format!("/confirm?code={code}"))
            .send()
            .expect(403);
    }
    std::thread::sleep(Duration::from_millis(500));
    let letters = catcher.letters();
    let to_erik = letters.iter().filter(|l| l.recipient == "erik@example.com");
    assert_eq!(
        to_erik.count(),
        2,
        "one to prove the address, one to recover"
    );
}

#[test]
fn a_code_proves_only_what_it_was_made_for_and_not_for_ever() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    sign_up_proven(&server, &catcher, "otto");
    let mut browser = Browser::open(&server);
    browser
        .post("/recovery", &json!({ "email": "otto@example.com" }))
        .expect(200);
    let letter = catcher.wait("otto@example.com", 1);
    let code = letter.code();
    server
        .get(&format!("/confirm?code={code}"))
        .send()
        .expect(403);
    query(
        &server,
        "UPDATE confirmation SET expires_at = now() - interval '1 second' RETURNING to_jsonb(purpose)",
    );
    server
        .get(&format!("/recovery?code={code}"))
        .send()
        .expect(403);
}

#[test]
fn a_new_address_counts_when_it_is_proven() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut browser = sign_up_proven(&server, &catcher, "finn");
    sign_up_proven(&server, &catcher, "flora");
    for (email, text) in [
        ("flora@example.com", "The email address is already in use"),
        ("bad", "Invalid email address: bad"),
    ] {
        let refused = browser
            .put("/user/", &json!({ "email": email }))
            .expect(400);
        assert_eq!(refused.json()["detail"], text);
    }
    let new = json!({ "email": "finn2@example.com" });
    let seen = browser.put("/user/", &new).expect(200).json();
    assert_eq!(seen["email"], "finn@example.com", "not yet");
    open(&server, "confirm", &catcher.wait("finn2@example.com", 0)).expect(302);
    let seen = browser.get("/user/").expect(200).json();
    assert_eq!(seen["email"], "finn2@example.com");
    let row = &logged_of(&server, "user_change_email", "email", "finn2@example.com")[0];
    assert_eq!(row["metadata"]["old_email"], "finn@example.com");
    let notice = catcher.wait("finn@example.com", 1);
    assert!(notice.text.contains("finn2@example.com"), "{}", notice.text);

    // Somebody took the address between asking and proving.
    browser
        .put("/user/", &json!({ "email": "taken@example.com" }))
        .expect(200);
    let letter = catcher.wait("taken@example.com", 0);
    let body = json!({ "username": "quick", "password": SECRET, "email": "taken@example.com" });
    Browser::open(&server).post("/user/", &body).expect(200);
    let refused = open(&server, "confirm", &letter).expect(403);
    assert!(
        refused.text().contains("another account") || refused.text().contains("Another account")
    );
    assert_eq!(
        browser.get("/user/").expect(200).json()["email"],
        "finn2@example.com"
    );
}

#[test]
fn superusers_prove_addresses_and_send_recovery() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let users = "/superuser/users/";
    let refused = admin
        .post(users, &json!({ "username": "gina" }))
        .expect(400);
    assert_eq!(refused.json()["detail"], "Email address is required");
    let body = json!({ "username": "gina", "email": "gina@example.com" });
    let made = admin.post(users, &body).expect(200).json();
    let login = json!({ "username": "gina", "password": made["password"] });
    Browser::open(&server).post("/signin", &login).expect(403);
    catcher.wait("gina@example.com", 0);
    let path = format!("{users}gina");
    assert_eq!(admin.get(&path).expect(200).json()["verified"], false);
    let changed = admin
        .put(&path, &json!({ "email": "gina@example.com" }))
        .expect(200);
    assert_eq!(changed.json()["verified"], true);
    Browser::open(&server).post("/signin", &login).expect(200);

    let send = "/superusers/users/gina/sendrecovery";
    let answer = admin.post(send, &json!({})).expect(200).json();
    assert_eq!(answer, json!({ "email": "gina@example.com" }));
    let letter = catcher.wait("gina@example.com", 1);
    open(&server, "recovery", &letter).expect(302);
    admin
        .post("/superusers/users/nosuch/sendrecovery", &json!({}))
        .expect(404);
    sign_up_proven(&server, &catcher, "gus")
        .post(send, &json!({}))
        .expect(403);
    Browser::open(&server).post(send, &json!({})).expect(401);
}

#[test]
fn a_mail_waits_out_failures_and_a_crash() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    catcher.refuse(&["451 later", "451 later"]);
    let body = json!({ "username": "hugo", "password": SECRET, "email": "hugo@example.com" });
    Browser::open(&server).post("/user/", &body).expect(200);
    catcher.wait("hugo@example.com", 0);
    wait_for("the row goes", Duration::from_secs(5), || {
        query(&server, "SELECT to_jsonb(id) FROM outgoing_mail")
            .is_empty()
            .then_some(())
    });

    // Refused for as long as the server lives; the next start sends it.
    catcher.refuse(&["451 later"; 3]);
    let body = json!({ "username": "iris", "password": SECRET, "email": "iris@example.com" });
    Browser::open(&server).post("/user/", &body).expect(200);
    let sealed = query(
        &server,
        "SELECT to_jsonb(encode(sealed_letter, 'escape')) FROM outgoing_mail",
    );
    assert_eq!(sealed.len(), 1);
    assert!(
        !sealed[0].as_str().unwrap().contains("code="),
        "codes are sealed"
    );
    let server = server.kill_and_restart();
    let letter = catcher.wait("iris@example.com", 0);
    open(&server, "confirm", &letter).expect(302);
    assert!(
        !server.log().contains("@example.com"),
        "no address in the log"
    );
    assert!(!server.log().contains(&letter.code()), "no code in the log");
}

#[test]
fn a_mailbox_that_does_not_exist_is_given_up() {
    let catcher = MailCatcher::start();
    let server = start(&catcher, &[]);
    catcher.refuse(&["550 <jane@example.com> unknown"]);
    let body = json!({ "username": "jane", "password": SECRET, "email": "jane@example.com" });
    Browser::open(&server).post("/user/", &body).expect(200);
    wait_for("the mail is given up", Duration::from_secs(10), || {
        server.log().contains("a mail was given up").then_some(())
    });
    assert!(!server.log().contains("jane@example.com"));
    // The line is written before the row goes.
    wait_for("the row is gone", Duration::from_secs(10), || {
        let rows = query(&server, "SELECT to_jsonb(id) FROM outgoing_mail");
        rows.is_empty().then_some(())
    });
}

#[test]
fn too_many_waiting_mails_refuse_what_needs_one() {
    let catcher = MailCatcher::start();
    let server = start(
        &catcher,
        &[("limits.mail_queue", "1"), ("mail.retry_after", "1h")],
    );
    catcher.refuse(&["451 later"; 8]);
    let body = |name: &str| json!({ "username": name, "password": SECRET, "email": format!("{name}@example.com") });
    let mut browser = Browser::open(&server);
    browser.post("/user/", &body("kate")).expect(200);
    let refused = browser.post("/user/", &body("lars")).expect(503);
    assert!(refused.header("retry-after").is_some());
    let made = query(
        &server,
        "SELECT to_jsonb(name) FROM namespace WHERE name IN ('kate', 'lars')",
    );
    assert_eq!(made, [json!("kate")], "nothing is half made");
}

#[test]
fn without_a_mail_server_there_is_no_recovery() {
    let server = Server::start(&[]);
    let mut browser = Browser::open(&server);
    browser
        .post("/recovery", &json!({ "email": "a@example.com" }))
        .expect(404);
    sign_up(&server, "nomail");
}
