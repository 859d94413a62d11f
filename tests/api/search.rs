//! Search: who finds what.

use serde_json::{Value, json};

use super::repositories::{grant, organization, private};
use crate::support::{Browser, PASSWORD, Server, query, shared};

fn names(found: &Value) -> Vec<&str> {
    let rows = found["results"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap()).collect()
}

fn of_kind<'a>(found: &'a Value, kind: &str) -> Vec<&'a str> {
    let rows = found["results"].as_array().unwrap().iter();
    rows.filter(|row| row["kind"] == kind)
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}

/// An organization with a public and two private repositories.
fn fill<'a>(server: &'a Server, organization_name: &str) -> Browser<'a> {
    let mut admin = organization(server, organization_name);
    for (name, visibility, description) in [
        ("quartz", "public", "clocks"),
        ("quartz-core", "private", ""),
        ("granite", "private", "next to Quartz_100%"),
    ] {
        let mut body = private(organization_name, name);
        body["visibility"] = json!(visibility);
        body["description"] = json!(description);
        admin.post("/repository", &body).expect(201);
    }
    admin
}

#[test]
fn a_search_finds_names_before_descriptions_and_nothing_hidden() {
    let server = Server::start(&[]);
    let mut admin = fill(&server, "acme");
    let found = admin
        .get("/find/repositories?query=quartz")
        .expect(200)
        .json();
    assert_eq!(names(&found), ["quartz", "quartz-core", "granite"]);
    let first = &found["results"][0];
    assert_eq!(first["kind"], "repository");
    assert_eq!(first["title"], "repo");
    assert_eq!(first["score"], 4);
    assert_eq!(first["href"], "/repository/acme/quartz");
    assert_eq!(first["namespace"]["kind"], "organization");
    assert_eq!(first["namespace"]["href"], "/organization/acme");
    assert!(first.get("stars").is_none());
    let paging = json!([false, 1, 10, 0]);
    let members = ["has_additional", "page", "page_size", "start_index"];
    assert_eq!(json!(members.map(|name| found[name].clone())), paging);
    let usage = admin.get("/find/repositories?query=quartz&includeUsage=true");
    let usage = usage.expect(200).json();
    assert_eq!(usage["results"][0]["stars"], 0);
    assert_eq!(usage["results"][0]["popularity"], 0.0);
    assert_eq!(usage["results"][0]["last_modified"], Value::Null);

    server.add_user("reader");
    grant(&server, "acme/granite", "reader", "read");
    let mut reader = Browser::sign_in(&server, "reader", PASSWORD);
    let mut stranger = Browser::open(&server);
    for (browser, expected) in [
        (&mut stranger, vec!["quartz"]),
        (&mut reader, vec!["quartz", "granite"]),
    ] {
        for query in ["quartz", "QUARTZ", "uart"] {
            let path = format!("/find/repositories?query={query}");
            let found = browser.get(&path).expect(200).json();
            assert_eq!(names(&found), expected, "{query}");
        }
    }
}

#[test]
fn words_of_a_search_are_taken_as_they_are() {
    let server = Server::start(&[]);
    let mut admin = fill(&server, "acme");
    for (query, expected) in [
        ("acme%2Fquartz-core", vec!["quartz-core"]),
        ("z_100%25", vec!["granite"]),
        ("q%25z", vec![]),
        ("q_artz", vec![]),
        ("%5C", vec![]),
        ("', 1); --", vec![]),
    ] {
        let path = format!("/find/repositories?query={}", query.replace(' ', "%20"));
        let found = admin.get(&path).expect(200).json();
        assert_eq!(names(&found), expected, "{query}");
    }
    let long = "q".repeat(300);
    let found = admin.get(&format!("/find/repositories?query={long}"));
    assert_eq!(found.expect(200).json()["results"], json!([]));
    admin.delete("/repository/acme/quartz-core").expect(204);
    let found = admin
        .get("/find/repositories?query=core")
        .expect(200)
        .json();
    assert_eq!(found["results"], json!([]));
    let indexes = query(
        &server,
        "SELECT to_jsonb(indexname) FROM pg_indexes WHERE indexname LIKE 'repository_%_parts'",
    );
    assert_eq!(indexes.len(), 2, "the embedded server has trigrams");
}

#[test]
fn pages_of_a_search_end_at_the_last_allowed_one() {
    let server = Server::start(&[("api.search_page_size", "4"), ("api.search_max_pages", "2")]);
    let mut admin = organization(&server, "acme");
    let made = query(
        &server,
        "INSERT INTO repository (namespace_id, name, visibility)
         SELECT n.id, 'app' || g, 'private' FROM namespace n, generate_series(0, 8) g
          WHERE n.name = 'acme' RETURNING to_jsonb(id)",
    );
    assert_eq!(made.len(), 9);
    for (page, start, expected) in [
        ("1", 0, ["app0", "app1", "app2", "app3"]),
        ("2", 4, ["app4", "app5", "app6", "app7"]),
        ("3", 4, ["app4", "app5", "app6", "app7"]),
        ("-7", 0, ["app0", "app1", "app2", "app3"]),
    ] {
        let path = format!("/find/repositories?query=app&page={page}");
        let found = admin.get(&path).expect(200).json();
        assert_eq!(names(&found), expected, "page {page}");
        assert_eq!(found["start_index"], start);
        assert_eq!(found["has_additional"], true);
    }
    admin.get("/find/repositories?query=app&page=x").expect(400);
}

#[test]
fn a_search_over_everything_holds_what_is_the_callers() {
    let server = Server::start(&[]);
    let mut admin = fill(&server, "quarry");
    let made = query(
        &server,
        "WITH owner AS (SELECT id FROM namespace WHERE name = 'quarry'
         ), team AS (
             INSERT INTO team (organization_id, name, role) SELECT id, 'quartermasters', 'member' FROM owner
         ), named AS (
             INSERT INTO namespace (name, kind, tag_expiration_s) VALUES ('quarry+quick', 'robot', 0) RETURNING id
         )
         INSERT INTO robot (namespace_id, owner_id, short_name, sealed_token)
         SELECT named.id, owner.id, 'quick', '' FROM named, owner RETURNING to_jsonb(namespace_id)",
    );
    assert_eq!(made.len(), 1);
    let found = admin.get("/find/all?query=qua").expect(200).json();
    assert_eq!(
        of_kind(&found, "repository"),
        ["quartz", "quartz-core", "granite"]
    );
    assert_eq!(of_kind(&found, "organization"), ["quarry"]);
    assert_eq!(of_kind(&found, "team"), ["quartermasters"]);
    let scores = found["results"].as_array().unwrap().iter();
    let scores: Vec<f64> = scores.map(|row| row["score"].as_f64().unwrap()).collect();
    assert!(
        scores.is_sorted_by(|left, right| left >= right),
        "{scores:?}"
    );
    let best = 4.0 * (3.0 + 3.0 * 0.9) / 6.0;
    assert!((scores[0] - best).abs() < 1e-9);
    let robots = admin.get("/find/all?query=quick").expect(200).json();
    assert_eq!(of_kind(&robots, "robot"), ["quarry+quick"]);

    server.add_user("stranger");
    let mut stranger = Browser::sign_in(&server, "stranger", PASSWORD);
    for browser in [&mut stranger, &mut Browser::open(&server)] {
        let found = browser.get("/find/all?query=qua").expect(200).json();
        assert_eq!(names(&found), ["quartz", "quarry"]);
        let found = browser.get("/find/all?query=quick").expect(200).json();
        assert_eq!(found["results"], json!([]));
        for path in ["/find/all", "/find/all?query=", "/find/all?query=%20"] {
            let found = browser.get(path).expect(200).json();
            assert_eq!(found, json!({ "results": [] }));
        }
    }
}

#[test]
fn names_are_completed_with_members_first_and_teams_for_members_only() {
    let server = shared();
    let mut admin = organization(server, "ent-org");
    for name in ["ent-zoe", "ent-adam"] {
        server.add_user(name);
    }
    let made = query(
        server,
        "WITH made AS (
             INSERT INTO team (organization_id, name, role)
             SELECT id, 'ent-team', 'member' FROM namespace WHERE name = 'ent-org' RETURNING id)
         INSERT INTO team_member (team_id, account_id)
         SELECT made.id, n.id FROM made, namespace n WHERE n.name = 'ent-zoe'
         RETURNING to_jsonb(team_id)",
    );
    assert_eq!(made.len(), 1);
    let path = "/entities/ent-?namespace=ent-org&includeTeams=true&includeOrgs=true";
    let found = admin.get(path).expect(200).json();
    assert_eq!(
        names(&found),
        ["ent-team", "ent-zoe", "ent-adam", "ent-org"]
    );
    let members: Vec<&Value> = found["results"].as_array().unwrap().iter().collect();
    assert_eq!(members[1]["is_org_member"], true);
    assert_eq!(members[1]["kind"], "user");
    assert_eq!(members[1]["is_robot"], false);
    assert_eq!(members[2]["is_org_member"], false);
    assert_eq!(members[3]["kind"], "org");
    let mut adam = Browser::sign_in(server, "ent-adam", PASSWORD);
    for browser in [&mut adam, &mut Browser::open(server)] {
        let found = browser.get(path).expect(200).json();
        assert_eq!(names(&found), ["ent-adam", "ent-zoe"]);
        assert!(found["results"][0].get("is_org_member").is_none());
    }
    for path in [
        "/entities/ent%25",
        "/entities/ent_zoe",
        "/entities/zzz-nobody",
    ] {
        let found = admin.get(path).expect(200).json();
        assert_eq!(found, json!({ "results": [] }), "{path}");
    }
}

#[test]
fn only_whole_names_are_completed_when_the_registry_says_so() {
    let server = Server::start(&[("api.partial_user_autocomplete", "false")]);
    server.add_user("wholename");
    let mut anyone = Browser::open(&server);
    let found = anyone.get("/entities/whole").expect(200).json();
    assert_eq!(found["results"], json!([]));
    let found = anyone.get("/entities/wholename").expect(200).json();
    assert_eq!(names(&found), ["wholename"]);
}
