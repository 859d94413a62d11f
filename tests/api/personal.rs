//! What belongs to one user alone: starred repositories and notifications.

use serde_json::{Value, json};

use super::users::{keys, sign_up};
use crate::support::{query, shared};

const SECRET: &str = "a-good-password";

#[test]
fn stars_are_for_what_one_may_read() {
    let server = shared();
    let mut browser = sign_up(server, "stella");
    let token = server.token_of("stella", SECRET, "repository:stella/sky:pull,push");
    server
        .request("POST", "/v2/stella/sky/blobs/uploads/")
        .header("Authorization", &format!("Bearer {token}"))
        .send()
        .expect(202);
    let star = json!({ "namespace": "stella", "repository": "sky" });
    let made = browser.post("/user/starred", &star).expect(201).json();
    assert_eq!(made, star);
    assert_eq!(
        browser.post("/user/starred", &star).expect(200).json(),
        Value::Null
    );
    let listed = browser.get("/user/starred").expect(200).json();
    let sky = json!({
        "namespace": "stella", "name": "sky", "description": "", "is_public": false,
    });
    assert_eq!(listed, json!({ "repositories": [sky] }));

    let mut other = sign_up(server, "stan");
    for body in [
        star.clone(),
        json!({ "namespace": "stella", "repository": "nosuch" }),
        json!({ "namespace": "..", "repository": "/" }),
    ] {
        let answer = other.post("/user/starred", &body).expect(200);
        assert_eq!(answer.json(), Value::Null, "{body}");
    }
    other.delete("/user/starred/stella/sky").expect(404);
    other.delete("/user/starred/stella/nosuch").expect(404);
    assert_eq!(
        other.get("/user/starred").expect(200).json(),
        json!({ "repositories": [] })
    );
    browser.delete("/user/starred/stella/sky").expect(204);
    assert_eq!(
        browser.get("/user/starred").expect(200).json(),
        json!({ "repositories": [] })
    );
}

#[test]
fn starred_repositories_come_in_pages() {
    let server = shared();
    let mut browser = sign_up(server, "many-stars");
    query(
        server,
        "WITH made AS (
             INSERT INTO repository (namespace_id, name, visibility)
             SELECT n.id, 'r' || i, 'private' FROM namespace n, generate_series(1, 130) i
              WHERE n.name = 'many-stars' RETURNING id, namespace_id)
         INSERT INTO star (account_id, repository_id) SELECT namespace_id, id FROM made
         RETURNING to_jsonb(repository_id)",
    );
    let first = browser.get("/user/starred").expect(200).json();
    assert_eq!(first["repositories"].as_array().unwrap().len(), 100);
    let token = first["next_page"].as_str().unwrap();
    let second = browser
        .get(&format!("/user/starred?next_page={token}"))
        .expect(200)
        .json();
    assert_eq!(second["repositories"].as_array().unwrap().len(), 30);
    assert_eq!(second.get("next_page"), None);
}

#[test]
fn notifications_are_read_by_those_they_are_for() {
    let server = shared();
    let mut browser = sign_up(server, "nick");
    browser
        .post("/organization/", &json!({ "name": "nicks" }))
        .expect(201);
    query(
        server,
        "INSERT INTO user_notification (kind, target_id, metadata, created_at)
         SELECT 'maintenance', n.id, jsonb_build_object('number', i), now() + make_interval(secs => i)
           FROM namespace n, generate_series(1, 6) i WHERE n.name = 'nick'
         UNION ALL
         SELECT 'quota_error', n.id, '{}', now() - interval '1 day' FROM namespace n WHERE n.name = 'nicks'
         RETURNING to_jsonb(id)",
    );
    let first = browser.get("/user/notifications").expect(200).json();
    assert_eq!(first["additional"], true);
    let found = first["notifications"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    assert_eq!(found[0]["metadata"]["number"], 6, "the newest first");
    assert_eq!(
        keys(&found[0]),
        [
            "created",
            "dismissed",
            "id",
            "kind",
            "metadata",
            "organization"
        ]
    );
    assert!(found[0]["created"].as_str().unwrap().ends_with(" -0000"));
    let second = browser.get("/user/notifications?page=1").expect(200).json();
    assert_eq!(second["additional"], false);
    assert_eq!(second["notifications"][1]["organization"], "nicks");
    browser.get("/user/notifications?limit=x").expect(400);

    let path = format!("/user/notifications/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(browser.get(&path).expect(200).json(), found[0]);
    let dismissed = browser
        .put(&path, &json!({ "dismissed": true }))
        .expect(200)
        .json();
    assert_eq!(dismissed["dismissed"], true);
    let rest = browser
        .get("/user/notifications?limit=50")
        .expect(200)
        .json();
    assert_eq!(rest["notifications"].as_array().unwrap().len(), 6);
    assert_eq!(browser.get(&path).expect(200).json()["dismissed"], true);

    let mut other = sign_up(server, "nils");
    other.get(&path).expect(404);
    other.put(&path, &json!({ "dismissed": false })).expect(404);
    other.get("/user/notifications/someuuid").expect(404);
    browser
        .put(&path, &json!({ "dismissed": "yes" }))
        .expect(400);
}
