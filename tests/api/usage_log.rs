//! Reading the usage log: pages, days, who may.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, shared};

fn kinds(page: &Value) -> Vec<&str> {
    let rows = page["logs"].as_array().unwrap().iter();
    rows.map(|row| row["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_long_log_is_read_page_by_page_without_gaps() {
    let server = Server::start(&[]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    for number in 0..45 {
        let body = json!({ "name": format!("org{number:02}") });
        admin.post("/organization/", &body).expect(201);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut path = "/superuser/logs".to_owned();
    let mut pages = 0;
    loop {
        let page = admin.get(&path).expect(200).json();
        assert!(page["logs"].as_array().unwrap().len() <= 20);
        for row in page["logs"].as_array().unwrap() {
            if row["kind"] == "org_create" {
                assert_eq!(row["performer"]["name"], ACCOUNT);
                assert_eq!(row["performer"]["is_robot"], false);
                assert_eq!(row["namespace"]["kind"], "org");
                assert_eq!(row["namespace"]["name"], row["metadata"]["namespace"]);
                assert!(row["ip"].as_str().unwrap().starts_with("127."));
                assert!(row["datetime"].as_str().unwrap().ends_with(" -0000"));
                seen.push(row["metadata"]["namespace"].as_str().unwrap().to_owned());
            }
        }
        pages += 1;
        match page.get("next_page") {
            Some(token) => {
                path = format!("/superuser/logs?next_page={}", token.as_str().unwrap());
            }
            None => break,
        }
    }
    let mut expected: Vec<String> = (0..45).map(|number| format!("org{number:02}")).collect();
    expected.reverse();
    assert_eq!(seen, expected);
    assert!(pages >= 3, "{pages}");
}

#[test]
fn a_page_token_of_another_list_or_of_nobody_is_the_first_page() {
    let server = Server::start(&[]);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    for number in 0..25 {
        let body = json!({ "name": format!("org{number:02}") });
        admin.post("/organization/", &body).expect(201);
    }
    let first = admin.get("/superuser/logs").expect(200).json();
    let token = first["next_page"].as_str().unwrap();
    let other = admin.get(&format!("/user/logs?next_page={token}"));
    let own = admin.get("/user/logs").expect(200).json();
    assert_eq!(kinds(&other.expect(200).json()), kinds(&own));
    for garbage in ["garbage", "", "AAAA", &token[1..]] {
        let again = admin.get(&format!("/superuser/logs?next_page={garbage}"));
        assert_eq!(again.expect(200).json()["logs"], first["logs"], "{garbage}");
    }
}

#[test]
fn days_limit_the_log_and_what_is_no_day_does_not() {
    let server = shared();
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "log-days" }))
        .expect(201);
    let path = "/organization/log-days/logs";
    let usual = admin.get(path).expect(200).json();
    assert_eq!(kinds(&usual), ["org_create"]);
    assert!(usual["logs"][0].get("namespace").is_none());
    let past = admin.get(&format!("{path}?starttime=11/01/2020&endtime=11/30/2020"));
    let past = past.expect(200).json();
    assert_eq!(past["start_time"], "Sun, 01 Nov 2020 00:00:00 -0000");
    assert_eq!(past["end_time"], "Tue, 01 Dec 2020 00:00:00 -0000");
    assert_eq!(past["logs"], json!([]));
    let wrong = admin.get(&format!("{path}?starttime=zz&endtime=31/31/2020"));
    assert_eq!(kinds(&wrong.expect(200).json()), ["org_create"]);
    let by = |who: &str| format!("{path}?performer={who}");
    assert_eq!(
        kinds(&admin.get(&by(ACCOUNT)).expect(200).json()),
        ["org_create"]
    );
    let nobody = admin.get(&by("nosuch")).expect(200).json();
    assert_eq!(nobody["logs"], json!([]));

    let counted = admin
        .get("/organization/log-days/aggregatelogs")
        .expect(200);
    let counted = counted.json();
    assert_eq!(counted["aggregated"][0]["kind"], "org_create");
    assert_eq!(counted["aggregated"][0]["count"], 1);
    let day = counted["aggregated"][0]["datetime"].as_str().unwrap();
    assert!(day.ends_with("00:00:00 -0000"), "{day}");
    let none = admin.get("/organization/log-days/aggregatelogs?endtime=01/01/2020");
    assert_eq!(none.expect(200).json(), json!({ "aggregated": [] }));
}

#[test]
fn a_repositorys_log_tells_of_its_pushes_and_of_nothing_else() {
    let server = Server::start(&[]);
    server.add_user("lena");
    server.repo("logged").push_image("v1", b"a layer");
    server.repo("other").push_image("v1", b"a layer");
    let path = format!("/repository/{ACCOUNT}/logged");
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let page = admin.get(&format!("{path}/logs")).expect(200).json();
    let mut names = kinds(&page);
    names.sort_unstable();
    assert_eq!(names, ["create_repo", "push_repo"], "{page}");
    assert!(!page.to_string().contains("other"), "{page}");
    let counted = admin.get(&format!("{path}/aggregatelogs")).expect(200);
    assert_eq!(counted.json()["aggregated"].as_array().unwrap().len(), 2);
    let mut lena = Browser::sign_in(&server, "lena", PASSWORD);
    let mut stranger = Browser::open(&server);
    for list in ["logs", "aggregatelogs"] {
        lena.get(&format!("{path}/{list}")).expect(403);
        stranger.get(&format!("{path}/{list}")).expect(401);
        let missing = format!("/repository/{ACCOUNT}/nosuch/{list}");
        admin.get(&missing).expect(404);
        lena.get(&missing).expect(403);
    }
}

#[test]
fn a_log_is_read_by_those_who_administer_what_it_is_about() {
    let server = Server::start(&[]);
    server.add_user("lena");
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "closed" }))
        .expect(201);
    let mut lena = Browser::sign_in(&server, "lena", PASSWORD);
    let mut stranger = Browser::open(&server);
    for list in ["logs", "aggregatelogs"] {
        for place in ["/superuser", "/organization/closed"] {
            let path = format!("{place}/{list}");
            stranger.get(&path).expect(401);
            lena.get(&path).expect(403);
            admin.get(&path).expect(200);
        }
        stranger.get(&format!("/user/{list}")).expect(401);
    }
    let own = lena.get("/user/logs").expect(200).json();
    assert!(kinds(&own).contains(&"login_success"), "{own}");
    let counted = lena.get("/user/aggregatelogs").expect(200).json();
    let kinds = counted["aggregated"].as_array().unwrap().iter();
    assert!(kinds.clone().any(|row| row["kind"] == "login_success"));
    let shown = own.to_string();
    assert!(!shown.contains("closed"), "{shown}");
}
