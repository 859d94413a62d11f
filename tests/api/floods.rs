//! Floods of passwords: one network, one name, and what goes on meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{ACCOUNT, Answer, Browser, PASSWORD, Server, basic, logged, noise, wait_for};

fn try_password(browser: &mut Browser<'_>, name: &str, password: &str) -> Answer {
    browser.post(
        "/signin",
        &json!({ "username": name, "password": password }),
    )
}

#[test]
fn one_password_on_many_names_is_stopped_and_known_logins_go_on() {
    let server = Server::start(&[("limits.signins_per_minute_per_ip", "20")]);
    let mut known = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let mut attacker = Browser::open(&server);
    let refused = (0..60).find_map(|number| {
        let answer = try_password(&mut attacker, &format!("victim{number}"), "Summer2026!");
        (answer.status != 403).then_some((number, answer))
    });
    let (number, answer) = refused.expect("sixty names were tried");
    assert!((10..=25).contains(&number), "after {number}");
    assert_eq!(answer.status, 429, "{}", answer.text());
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let token = server
        .get("/v2/auth?scope=repository:admin/x:pull")
        .header("Authorization", &basic("somebody", "Summer2026!"))
        .send();
    assert_eq!(token.status, 429, "the token service counts as well");

    // A password that was right lately is no guess.
    known.get("/user/").expect(200);
    server.token_of(ACCOUNT, PASSWORD, "repository:admin/x:pull");
    assert_eq!(try_password(&mut attacker, ACCOUNT, PASSWORD).status, 200);
}

#[test]
fn many_passwords_on_one_name_are_stopped() {
    let server = Server::start(&[
        ("limits.signins_per_minute_per_account", "5"),
        ("auth.lockout", "false"),
    ]);
    let mut attacker = Browser::open(&server);
    for name in [ACCOUNT, "Nobody"] {
        let statuses: Vec<u16> = (0..8)
            .map(|number| try_password(&mut attacker, name, &format!("guess-{number}")).status)
            .collect();
        assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429, 429], "{name}");
    }
    let upper = try_password(&mut attacker, "NOBODY", "guess-9");
    assert_eq!(upper.status, 429, "the same name in other letters");
    assert_eq!(
        try_password(&mut attacker, "another", "guess-9").status,
        403
    );
}

#[test]
fn wrong_passwords_lock_out_for_a_while_with_quays_text() {
    let server = Server::start(&[]);
    let mut browser = Browser::open(&server);
    for _ in 0..4 {
        try_password(&mut browser, ACCOUNT, "wrong-password");
    }
    let answer = try_password(&mut browser, ACCOUNT, PASSWORD);
    assert_eq!(answer.status, 429, "the right one waits too");
    assert_eq!(
        answer.text(),
        "Too many login attempts. \nPlease reset your Quay password and try again."
    );
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(answer.header("retry-after").is_some());
    wait_for("the lock-out ends", Duration::from_secs(15), || {
        (try_password(&mut browser, ACCOUNT, PASSWORD).status == 200).then_some(())
    });
}

#[test]
fn a_lock_out_meets_only_the_network_of_the_wrong_passwords() {
    let server = Server::start(&[("server.trusted_proxies", "127.0.0.0/8")]);
    let ask = |network: &str, password: &str| {
        server
            .get("/v2/auth?scope=repository:admin/x:pull")
            .header("X-Forwarded-For", network)
            .header("Authorization", &basic(ACCOUNT, password))
            .send()
            .status
    };
    for _ in 0..4 {
        ask("192.0.2.1", "wrong-password");
    }
    assert_eq!(ask("192.0.2.1", PASSWORD), 429);
    assert_eq!(
        ask("192.0.2.2", PASSWORD),
        200,
        "the user is not locked out"
    );
}

#[test]
fn pulls_go_on_while_passwords_are_guessed() {
    let server = Server::start(&[
        ("limits.signins_per_minute_per_ip", "0"),
        ("auth.lockout", "false"),
    ]);
    let repo = server.repo("busy");
    repo.push_image("v1", &noise(11, 4000));
    let (done, times) = (
        std::sync::atomic::AtomicBool::new(false),
        std::sync::Mutex::new(Vec::new()),
    );
    std::thread::scope(|scope| {
        for worker in 0..24 {
            let (server, done) = (&server, &done);
            scope.spawn(move || {
                let mut browser = Browser::open(server);
                let mut number = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    number += 1;
                    let name = format!("name-{worker}-{number}");
                    let status = try_password(&mut browser, &name, "guess-guess").status;
                    assert!([403, 429, 503].contains(&status), "{status}");
                }
            });
        }
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..60 {
            let begin = Instant::now();
            repo.get("manifests/v1").expect(200);
            times.lock().unwrap().push(begin.elapsed());
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let mut times = times.into_inner().unwrap();
    times.sort_unstable();
    assert!(times[30] < Duration::from_millis(500), "{times:?}");
}

#[test]
fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let server = Server::start(&[
        ("limits.signins_per_minute_per_ip", "0"),
        ("limits.signins_per_minute_per_account", "0"),
        ("auth.lockout", "false"),
    ]);
    let mut browser = Browser::open(&server);
    let mut measure = |name: &str, number: usize| {
        let begin = Instant::now();
        let answer = try_password(&mut browser, name, &format!("wrong-{number}-x"));
        assert_eq!(answer.status, 403);
        begin.elapsed()
    };
    // One after the other, so that whatever else runs meanwhile slows both alike.
    let (mut known, mut unknown): (Vec<Duration>, Vec<Duration>) = (0..60)
        .map(|number| {
            let known = measure(ACCOUNT, number);
            (known, measure(&format!("ghost{number}"), number))
        })
        .unzip();
    known.sort_unstable();
    unknown.sort_unstable();
    // The quick quarter is what the work itself takes.
    let (known, unknown) = (known[15], unknown[15]);
    let (low, high) = (known.min(unknown), known.max(unknown));
    assert!(high < low * 2, "known {known:?}, unknown {unknown:?}");
}

#[test]
fn failures_are_logged_when_asked_and_logins_unless_told_otherwise() {
    let server = Server::start(&[("audit.login_failures", "true")]);
    let mut browser = Browser::open(&server);
    try_password(&mut browser, ACCOUNT, "wrong-password");
    try_password(&mut browser, "ghost", "wrong-password");
    let rows = logged(&server, "login_failure");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0]["metadata"],
        json!({
            "type": "quayauth", "kind": "user", "useragent": null, "username": ACCOUNT,
            "message": "Invalid Username or Password",
        })
    );
    assert_eq!(rows[0]["namespace"], ACCOUNT);
    assert_eq!(rows[1]["namespace"], json!(null));
    std::thread::sleep(Duration::from_millis(600));
    let mut browser = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    browser.post("/signout", &json!({})).expect(200);
    let logins = logged(&server, "login_success");
    assert_eq!(
        logins[0]["metadata"],
        json!({ "type": "quayauth", "useragent": null })
    );
    assert_eq!(logged(&server, "logout_success")[0]["performer"], ACCOUNT);

    let server = Server::start(&[("audit.logins", "false")]);
    let mut browser = Browser::open(&server);
    try_password(&mut browser, ACCOUNT, "wrong-password");
    std::thread::sleep(Duration::from_millis(600));
    let mut browser = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    browser.post("/signout", &json!({})).expect(200);
    for kind in ["login_failure", "login_success", "logout_success"] {
        assert!(logged(&server, kind).is_empty(), "{kind}");
    }
}
