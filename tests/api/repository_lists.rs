//! Lists of repositories: who sees what, page by page.

use std::time::Duration;

use serde_json::{Value, json};

use super::repositories::{grant, organization, private};
use crate::support::{ACCOUNT, Browser, PASSWORD, Repo, Server, query, shared, wait_for};

fn names(page: &Value) -> Vec<&str> {
    let rows = page["repositories"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap()).collect()
}

/// All rows of a list, and on how many pages they were.
fn walk(browser: &mut Browser<'_>, filter: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut pages) = (Vec::new(), 0);
    let mut path = format!("/repository?{filter}");
    loop {
        let page = browser.get(&path).expect(200).json();
        let found = page["repositories"].as_array().unwrap();
        assert!(found.len() <= 100);
        rows.extend(found.iter().cloned());
        pages += 1;
        let Some(token) = page.get("next_page") else {
            return (rows, pages);
        };
        path = format!("/repository?{filter}&next_page={}", token.as_str().unwrap());
    }
}

fn public(namespace: &str, name: &str) -> Value {
    let mut body = private(namespace, name);
    body["visibility"] = json!("public");
    body
}

#[test]
fn a_list_holds_what_the_viewer_has_a_role_on_and_public_ones_when_asked() {
    let server = shared();
    let mut admin = organization(server, "listed");
    for body in [
        private("listed", "hidden"),
        public("listed", "open"),
        private("listed", "granted"),
    ] {
        admin.post("/repository", &body).expect(201);
    }
    for name in ["li-reader", "li-member"] {
        server.add_user(name);
    }
    grant(server, "listed/granted", "li-reader", "read");
    let joined = query(
        server,
        "INSERT INTO team_member (team_id, account_id)
         SELECT t.id, a.id FROM team t JOIN namespace o ON o.id = t.organization_id, namespace a
          WHERE t.name = 'owners' AND o.name = 'listed' AND a.name = 'li-member'
         RETURNING to_jsonb(team_id)",
    );
    assert_eq!(joined.len(), 1);
    let path = "/repository?namespace=listed";
    let with_public = format!("{path}&public=true");
    let mut stranger = Browser::open(server);
    let mut reader = Browser::sign_in(server, "li-reader", PASSWORD);
    let mut owner = Browser::sign_in(server, "li-member", PASSWORD);
    let all = ["hidden", "open", "granted"];
    for (browser, own, seen) in [
        (&mut stranger, vec![], vec!["open"]),
        (&mut reader, vec!["granted"], vec!["open", "granted"]),
        (&mut owner, all.to_vec(), all.to_vec()),
        (&mut admin, all.to_vec(), all.to_vec()),
    ] {
        let page = browser.get(path).expect(200).json();
        assert_eq!(names(&page), own);
        let page = browser.get(&with_public).expect(200).json();
        assert_eq!(names(&page), seen);
        // Over all namespaces: no more than by namespace.
        let rows = walk(browser, "public=true").0;
        let rows = rows.iter().filter(|row| row["namespace"] == "listed");
        let of_namespace: Vec<&Value> = rows.map(|row| &row["name"]).collect();
        assert_eq!(of_namespace, seen);
    }
    let page = reader.get(path).expect(200).json();
    let expected = json!({ "repositories": [{
        "namespace": "listed", "name": "granted", "description": "", "is_public": false,
        "kind": "image", "state": "NORMAL", "is_starred": false,
        "quota_report": { "quota_bytes": 0, "configured_quota": null },
    }] });
    assert_eq!(page, expected);
    let page = stranger.get(&with_public).expect(200).json();
    assert!(page["repositories"][0].get("is_starred").is_none());
}

#[test]
fn a_list_needs_a_filter_and_takes_any_other_parameter() {
    let server = shared();
    let mut admin = organization(server, "filters");
    admin
        .post("/repository", &private("filters", "app"))
        .expect(201);
    let refused = admin.get("/repository").expect(400).json();
    let text = "namespace, starred or public are required for this API call";
    assert_eq!(refused["detail"], text);
    let refused = Browser::open(server).get("/repository?starred=true");
    assert!(refused.expect(400).json()["message"].is_string());
    for query in [
        "namespace=filters&next_page=garbage",
        "namespace=filters&next_page=",
        "namespace=filters&zzz=1&limit=-5",
        "namespace=filters&repo_kind=image",
    ] {
        let page = admin.get(&format!("/repository?{query}")).expect(200);
        assert_eq!(names(&page.json()), ["app"], "{query}");
    }
    for query in [
        "namespace=no-such-namespace",
        "namespace=filters&repo_kind=application",
        "namespace=%27%3B--&public=true",
    ] {
        let page = admin.get(&format!("/repository?{query}")).expect(200);
        assert_eq!(page.json(), json!({ "repositories": [] }), "{query}");
    }
}

#[test]
fn pages_of_a_long_list_have_no_gaps_and_stay_with_their_list() {
    let server = Server::start(&[]);
    let mut admin = organization(&server, "many");
    organization(&server, "other");
    let made = query(
        &server,
        "INSERT INTO repository (namespace_id, name, visibility)
         SELECT n.id, 'r' || lpad(g::text, 3, '0'), CASE g % 3 WHEN 0 THEN 'public' ELSE 'private' END
           FROM namespace n, generate_series(0, 249) g WHERE n.name = 'many'
         RETURNING to_jsonb(id)",
    );
    assert_eq!(made.len(), 250);
    let expected: Vec<String> = (0..250).map(|number| format!("r{number:03}")).collect();
    let mut anonymous = Browser::open(&server);
    let public: Vec<String> = expected.iter().step_by(3).cloned().collect();
    let check = |browser: &mut Browser<'_>, filter: &str, wanted: &[String], pages: usize| {
        let (rows, walked) = walk(browser, filter);
        let seen: Vec<&str> = rows
            .iter()
            .map(|row| row["name"].as_str().unwrap())
            .collect();
        assert_eq!(seen, wanted, "{filter}");
        assert_eq!(walked, pages, "{filter}");
    };
    check(&mut admin, "namespace=many", &expected, 3);
    check(&mut admin, "public=true", &expected, 3);
    check(&mut anonymous, "public=true", &public, 1);
    check(&mut anonymous, "namespace=many", &[], 1);
    // A page token holds for its own operation only.
    let page = admin.get("/repository?namespace=many").expect(200).json();
    let token = page["next_page"].as_str().unwrap();
    let forged = format!("/repository?namespace=many&next_page=x{token}");
    assert_eq!(names(&admin.get(&forged).expect(200).json())[0], "r000");
}

#[test]
fn a_list_says_when_how_much_and_how_big() {
    let server = Server::start(&[("audit.flush_interval", "100ms")]);
    let mut admin = organization(&server, "facts");
    for name in ["quiet", "busy"] {
        admin
            .post("/repository", &private("facts", name))
            .expect(201);
    }
    let token = server.token_of(ACCOUNT, PASSWORD, "repository:facts/busy:pull,push");
    let repo = Repo {
        server: &server,
        name: "facts/busy".to_owned(),
        token,
    };
    repo.push_image("v1", b"0123456789");
    repo.get("manifests/v1").expect(200);
    let path = "/repository?namespace=facts&last_modified=true&popularity=true";
    let busy = wait_for("the pull is counted", Duration::from_secs(10), || {
        let page = admin.get(path).expect(200).json();
        let quiet = &page["repositories"][0];
        assert_eq!(quiet["last_modified"], Value::Null);
        assert_eq!(quiet["popularity"], 0.0);
        let busy = page["repositories"][1].clone();
        (busy["popularity"].as_f64().unwrap() >= 1.0).then_some(busy)
    });
    assert!(busy["last_modified"].as_i64().unwrap() > 1_700_000_000);
    // Layer and config.
    assert_eq!(busy["quota_report"]["quota_bytes"], 12);

    // What happened on earlier days is shown day by day, today is not over yet.
    query(
        &server,
        "UPDATE repository_action_count SET day = day - 3, count = 7 RETURNING to_jsonb(count)",
    );
    let shown = admin.get("/repository/facts/busy?includeStats=true");
    let days = shown.expect(200).json()["stats"].take();
    assert_eq!(days[2]["count"], 7);
    let counted = days.as_array().unwrap().iter();
    let counted: i64 = counted.map(|day| day["count"].as_i64().unwrap()).sum();
    assert_eq!(counted, 7);
    let page = admin.get(path).expect(200).json();
    let popularity = page["repositories"][1]["popularity"].as_f64().unwrap();
    assert!((5.0..6.0).contains(&popularity), "{popularity}");
}

#[test]
fn stars_are_listed_while_the_viewer_may_still_see_the_repository() {
    let server = shared();
    let mut admin = organization(server, "starred");
    for name in ["one", "two", "three"] {
        admin
            .post("/repository", &private("starred", name))
            .expect(201);
    }
    server.add_user("st-reader");
    for name in ["one", "two"] {
        grant(server, &format!("starred/{name}"), "st-reader", "read");
    }
    let starred = query(
        server,
        "INSERT INTO star (account_id, repository_id)
         SELECT a.id, r.id FROM namespace a, repository r JOIN namespace n ON n.id = r.namespace_id
          WHERE a.name = 'st-reader' AND n.name = 'starred' RETURNING to_jsonb(repository_id)",
    );
    assert_eq!(starred.len(), 3);
    let mut reader = Browser::sign_in(server, "st-reader", PASSWORD);
    let page = reader.get("/repository?starred=true").expect(200).json();
    assert_eq!(names(&page), ["one", "two"]);
    assert_eq!(page["repositories"][0]["is_starred"], true);
    let shown = reader.get("/repository/starred/one").expect(200).json();
    assert_eq!(shown["is_starred"], true);
    admin.delete("/repository/starred/two").expect(204);
    let page = reader.get("/repository?starred=true").expect(200).json();
    assert_eq!(names(&page), ["one"]);
}
