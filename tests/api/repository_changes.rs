//! Changes that take access away or end a repository, also several at once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::repositories::{as_account, grant, organization, private};
use crate::support::{
    ACCOUNT, Answer, Browser, PASSWORD, Server, first_line, logged_of, query, shared, wait_for,
};

fn pull_without_login(server: &Server, name: &str, below: &str) -> Answer {
    let target = format!(
        "/v2/auth?service={}&scope=repository:{name}:pull",
        server.address
    );
    let token = server.get(&target).send().expect(200).json();
    let token = token["token"].as_str().unwrap().to_owned();
    let request = server.get(&format!("/v2/{name}/{below}")).bearer(&token);
    request.send()
}

#[test]
fn a_private_repository_is_closed_within_seconds_to_tokens_of_before() {
    let server = shared();
    let mut admin = organization(server, "visible");
    admin
        .post("/repository", &private("visible", "app"))
        .expect(201);
    as_account(server, ACCOUNT, "visible/app").push_image("v1", b"layer");
    pull_without_login(server, "visible/app", "manifests/v1").expect(401);
    let path = "/repository/visible/app/changevisibility";
    let changed = admin
        .post(path, &json!({ "visibility": "public" }))
        .expect(200);
    assert_eq!(changed.json(), json!({ "success": true }));
    pull_without_login(server, "visible/app", "manifests/v1").expect(200);
    let auth = "/v2/auth?scope=repository:visible/app:pull&service=";
    let token = server.get(&format!("{auth}{}", server.address)).send();
    let token = token.expect(200).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let pull = || {
        let request = server.get("/v2/visible/app/manifests/v1");
        request.bearer(&token).send()
    };
    pull().expect(200);

    admin
        .post(path, &json!({ "visibility": "private" }))
        .expect(200);
    pull_without_login(server, "visible/app", "manifests/v1").expect(401);
    wait_for("the token dies", Duration::from_secs(8), || {
        (pull().status == 401).then_some(())
    });
    as_account(server, ACCOUNT, "visible/app")
        .get("manifests/v1")
        .expect(200);
    let rows = logged_of(server, "change_repo_visibility", "namespace", "visible");
    let metadata = json!({ "namespace": "visible", "repo": "app", "visibility": "private" });
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["metadata"], metadata);

    for body in [json!({}), json!({ "visibility": "secret" })] {
        admin.post(path, &body).expect(400);
    }
    let body = json!({ "visibility": "public" });
    let mut stranger = Browser::open(server);
    stranger.post(path, &body).expect(401);
    admin
        .post("/repository/visible/missing/changevisibility", &body)
        .expect(404);
}

#[test]
fn a_repository_that_is_read_only_or_a_mirror_takes_no_push() {
    let server = shared();
    let mut admin = organization(server, "states");
    admin
        .post("/repository", &private("states", "app"))
        .expect(201);
    let path = "/repository/states/app/changestate";
    let repo = as_account(server, ACCOUNT, "states/app");
    repo.push_image("v1", b"layer");
    for state in ["READ_ONLY", "MIRROR"] {
        let changed = admin.put(path, &json!({ "state": state })).expect(200);
        assert_eq!(changed.json(), json!({ "success": true }));
        // Before the token has died.
        let refused = repo.request("POST", "blobs/uploads/").send();
        assert!([401, 405].contains(&refused.status), "{}", refused.status);
        let fresh = as_account(server, ACCOUNT, "states/app");
        fresh.get("manifests/v1").expect(200);
        fresh.request("POST", "blobs/uploads/").send().expect(401);
        assert_eq!(admin.get("/repository/states/app").json()["state"], state);
    }
    admin.put(path, &json!({ "state": "NORMAL" })).expect(200);
    as_account(server, ACCOUNT, "states/app").push_image("v2", b"other");
    let rows = logged_of(server, "change_repo_state", "namespace", "states");
    let states: Vec<&Value> = rows
        .iter()
        .map(|row| &row["metadata"]["state_changed"])
        .collect();
    assert_eq!(states, ["READ_ONLY", "MIRROR", "NORMAL"]);

    let refused = admin.put(path, &json!({ "state": "X" })).expect(400).json();
    assert_eq!(
        first_line(&refused["detail"]),
        "'X' is not one of ['NORMAL', 'READ_ONLY', 'MIRROR']"
    );
    let body = json!({ "state": "NORMAL" });
    Browser::open(server).put(path, &body).expect(401);
    admin
        .put("/repository/states/missing/changestate", &body)
        .expect(404);
}

#[test]
fn a_deleted_repository_is_gone_and_its_name_is_free_at_once() {
    let server = Server::start(&[]);
    server.add_user("watcher");
    let mut admin = organization(&server, "acme");
    admin
        .post("/repository", &private("acme", "app"))
        .expect(201);
    grant(&server, "acme/app", "watcher", "read");
    let old = as_account(&server, ACCOUNT, "acme/app");
    let manifest = old.push_image("v1", b"secret of the old one");
    let layer = old.push_blob(b"secret of the old one");
    let upload = old.start_upload();
    old.get("manifests/v1").expect(200);

    let mut watcher = Browser::sign_in(&server, "watcher", PASSWORD);
    watcher.delete("/repository/acme/app").expect(403);
    Browser::open(&server)
        .delete("/repository/acme/app")
        .expect(401);
    let deleted = admin.delete("/repository/acme/app").expect(204);
    assert!(deleted.body.is_empty());
    admin.get("/repository/acme/app").expect(404);
    for below in [
        "manifests/v1",
        "tags/list",
        &format!("blobs/{layer}"),
        &upload,
    ] {
        let answer = old.get(below);
        assert!(
            [401, 404].contains(&answer.status),
            "{below}: {}",
            answer.status
        );
    }
    let seen = admin.get("/repository?namespace=acme").expect(200).json();
    assert_eq!(seen["repositories"], json!([]));
    admin.delete("/repository/acme/app").expect(204);
    let rows = logged_of(&server, "delete_repo", "repo", "app");
    assert_eq!(rows.len(), 1, "only what was there is deleted");
    assert_eq!(
        rows[0]["metadata"],
        json!({ "namespace": "acme", "repo": "app" })
    );

    admin
        .post("/repository", &private("acme", "app"))
        .expect(201);
    let new = as_account(&server, ACCOUNT, "acme/app");
    new.get("manifests/v1").expect(404);
    new.get(&format!("manifests/{manifest}")).expect(404);
    new.head(&format!("blobs/{layer}")).expect(404);
    new.get(&upload).expect(404);
    assert_eq!(new.get("tags/list").expect(200).json()["tags"], json!([]));
    watcher.get("/repository/acme/app").expect(403);
    new.push_image("v2", b"layer of the new one");

    let server = server.kill_and_restart();
    let new = as_account(&server, ACCOUNT, "acme/app");
    new.get("manifests/v1").expect(404);
    new.get("manifests/v2").expect(200);
    new.head(&format!("blobs/{layer}")).expect(404);
}

/// What six browsers of the account are answered who do `work` at once.
fn at_once(server: &Server, work: &(dyn Fn(&mut Browser<'_>, usize) -> u16 + Sync)) -> Vec<u16> {
    let mut browsers: Vec<Browser<'_>> = (0..6)
        .map(|_| Browser::sign_in(server, ACCOUNT, PASSWORD))
        .collect();
    std::thread::scope(|scope| {
        let browsers = browsers.iter_mut().enumerate();
        let running: Vec<_> = browsers
            .map(|(number, browser)| scope.spawn(move || work(browser, number)))
            .collect();
        let ended = running.into_iter();
        ended.map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_conflicting_writes_each_has_its_whole_effect_or_none() {
    let server = shared();
    let mut admin = organization(server, "races");
    let made = at_once(server, &|browser, _| {
        browser.post("/repository", &private("races", "app")).status
    });
    assert_eq!(
        made.iter().filter(|status| **status == 201).count(),
        1,
        "{made:?}"
    );
    assert!(
        made.iter().all(|status| [201, 400].contains(status)),
        "{made:?}"
    );

    let changed = at_once(server, &|browser, number| {
        let body = json!({ "description": format!("text {number}") });
        browser.put("/repository/races/app", &body).status
    });
    assert_eq!(changed, [200; 6]);
    let rows = logged_of(server, "set_repo_description", "namespace", "races");
    let texts: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["metadata"]["description"].as_str().unwrap())
        .collect();
    assert_eq!(texts.len(), 6, "no change without its row");
    let last = admin.get("/repository/races/app").expect(200).json();
    let newest = rows.last().unwrap();
    assert_eq!(last["description"], newest["metadata"]["description"]);
}

#[test]
fn of_a_deletion_and_other_changes_at_once_none_reaches_the_next_repository() {
    let server = shared();
    let mut admin = organization(server, "endings");
    admin
        .post("/repository", &private("endings", "app"))
        .expect(201);
    let ended = at_once(server, &|browser, number| {
        if number % 2 == 0 {
            return browser.delete("/repository/endings/app").status;
        }
        let body = json!({ "visibility": "public" });
        let path = "/repository/endings/app/changevisibility";
        browser.post(path, &body).status
    });
    assert!(
        ended.iter().all(|status| [200, 204, 404].contains(status)),
        "{ended:?}"
    );
    assert_eq!(
        logged_of(server, "delete_repo", "namespace", "endings").len(),
        1
    );
    admin.get("/repository/endings/app").expect(404);
    admin
        .post("/repository", &private("endings", "app"))
        .expect(201);
    let fresh = admin.get("/repository/endings/app").expect(200).json();
    assert_eq!(
        fresh["is_public"], false,
        "a change of the old one does not reach the new one"
    );
}

#[test]
fn what_others_delete_and_make_anew_is_noticed_within_seconds() {
    let server = Server::start(&[]);
    let mut admin = organization(&server, "acme");
    admin
        .post("/repository", &private("acme", "app"))
        .expect(201);
    let old = as_account(&server, ACCOUNT, "acme/app");
    old.push_image("v1", b"secret of the old one");
    old.get("manifests/v1").expect(200);
    // As another node, or the end of a namespace, would do it.
    let changed = query(
        &server,
        "WITH gone AS (
             UPDATE repository SET name = '$deleted-' || id, state = 'MARKED_FOR_DELETION'
              WHERE name = 'app' RETURNING namespace_id
         ), raised AS (SELECT raise_epochs(array_agg(namespace_id)) FROM gone)
         SELECT to_jsonb(namespace_id) FROM gone, raised",
    );
    assert_eq!(changed.len(), 1);
    let made = query(
        &server,
        "INSERT INTO repository (namespace_id, name, visibility)
         SELECT id, 'app', 'private' FROM namespace WHERE name = 'acme' RETURNING to_jsonb(id)",
    );
    assert_eq!(made.len(), 1);
    wait_for("the old one is forgotten", Duration::from_secs(8), || {
        let new = as_account(&server, ACCOUNT, "acme/app");
        (new.get("manifests/v1").status == 404).then_some(())
    });
    let new = as_account(&server, ACCOUNT, "acme/app");
    assert_eq!(new.get("tags/list").expect(200).json()["tags"], json!([]));
    new.push_image("v2", b"layer of the new one");
    new.get("manifests/v2").expect(200);
    new.get("manifests/v1").expect(404);
}
