//! Tags by the API: history, changes, the time machine, and what `/v2` makes of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Answer, Browser, OCI_INDEX, PASSWORD, Repo, Server, add_stranger, first_line,
    logged_of, query, sha256, shared, wait_for,
};

pub(super) fn admin(server: &Server) -> Browser<'_> {
    Browser::sign_in(server, ACCOUNT, PASSWORD)
}

pub(super) fn tag_path(repo: &Repo<'_>, tag: &str) -> String {
    format!("/repository/{}/tag/{tag}", repo.name)
}

/// The entries of a list of tags.
pub(super) fn list(browser: &mut Browser<'_>, repo: &Repo<'_>, query: &str) -> Vec<Value> {
    let path = format!("/repository/{}/tag/{query}", repo.name);
    let answer = browser.get(&path).expect(200).json();
    answer["tags"].as_array().unwrap().clone()
}

fn names(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

/// What `/v2` pulls under a tag.
pub(super) fn pulled(repo: &Repo<'_>, tag: &str) -> Result<String, (u16, String)> {
    let answer = repo.get(&format!("manifests/{tag}"));
    match answer.status {
        200 => Ok(answer.header("docker-content-digest").unwrap().to_owned()),
        status => Err((status, answer.code())),
    }
}

pub(super) fn expired() -> Result<String, (u16, String)> {
    Err((404, "TAG_EXPIRED".to_owned()))
}

/// The one row of the usage log with this kind about this repository.
#[track_caller]
pub(super) fn only_row(server: &Server, kind: &str, repo: &Repo<'_>) -> Value {
    let short = repo.name.split_once('/').unwrap().1;
    let rows = logged_of(server, kind, "repo", short);
    assert_eq!(rows.len(), 1, "{kind}: {rows:?}");
    assert_eq!(rows[0]["performer"], ACCOUNT);
    rows[0]["metadata"].clone()
}

#[track_caller]
pub(super) fn is_not_found(answer: Answer) {
    let answer = answer.expect(404);
    assert_eq!(answer.json()["error_type"], "not_found");
}

fn now_s() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_secs()).unwrap()
}

#[test]
fn the_list_shows_the_history_newest_first() {
    let server = shared();
    let repo = server.repo("tag-history");
    let first = repo.push_image("v1", b"history one");
    repo.push_image("latest", b"history latest");
    let second = repo.push_image("v1", b"history number two");
    let mut browser = admin(server);

    let all = list(&mut browser, &repo, "");
    assert_eq!(names(&all), ["v1", "latest", "v1"]);
    assert_eq!(all[0]["manifest_digest"], second.as_str());
    assert_eq!(all[0]["size"], 18);
    assert_eq!(all[0]["is_manifest_list"], false);
    assert_eq!(all[0]["reversion"], false);
    assert_eq!(all[0]["immutable"], false);
    assert!(all[0].get("end_ts").is_none() && all[0].get("expiration").is_none());
    assert_eq!(all[2]["manifest_digest"], first.as_str());
    assert!(all[2]["end_ts"].as_i64().unwrap() >= all[2]["start_ts"].as_i64().unwrap());
    for name in ["expiration", "last_modified"] {
        assert!(all[2][name].as_str().unwrap().ends_with(" -0000"));
    }

    let live = list(&mut browser, &repo, "?onlyActiveTags=true");
    assert_eq!(names(&live), ["v1", "latest"]);
    let one = list(&mut browser, &repo, "?specificTag=v1");
    assert_eq!(names(&one), ["v1", "v1"]);
    let like = list(&mut browser, &repo, "?filter_tag_name=like%3AAT");
    assert_eq!(names(&like), ["latest"]);
    let equal = list(&mut browser, &repo, "?filter_tag_name=eq%3Av");
    assert_eq!(equal, Vec::<Value>::new());
    let other = list(&mut browser, &repo, "?filter_tag_name=zz%3Av");
    assert_eq!(other.len(), 3);

    let path = format!("/repository/{}/tag/?limit=2", repo.name);
    let page = browser.get(&path).expect(200).json();
    assert_eq!(
        (&page["page"], &page["has_additional"]),
        (&json!(1), &json!(true))
    );
    let page = browser.get(&format!("{path}&page=2")).expect(200).json();
    assert_eq!(names(page["tags"].as_array().unwrap()), ["v1"]);
    assert_eq!(
        (&page["page"], &page["has_additional"]),
        (&json!(2), &json!(false))
    );
    for query in ["?limit=0", "?limit=9999", "?page=-3"] {
        assert!(!list(&mut browser, &repo, query).is_empty(), "{query}");
    }
    let path = format!("/repository/{}/tag/", repo.name);
    let refused = browser.get(&format!("{path}?limit=abc")).expect(400);
    let text = "Limit to the number of results to return per page. Max 100.";
    assert_eq!(refused.json(), json!({ "message": { "limit": text } }));
    let refused = browser
        .get(&format!("{path}?filter_tag_name=v1"))
        .expect(400);
    assert!(refused.json()["message"].is_string());
    is_not_found(browser.get(&format!("/repository/{ACCOUNT}/tag-none/tag/")));
}

#[test]
fn an_index_is_listed_with_what_it_lists() {
    let server = shared();
    let repo = server.repo("tag-index");
    let child = repo.push_image("child", b"one child");
    let size = repo.get(&format!("manifests/{child}")).body.len();
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        { "mediaType": crate::support::OCI_MANIFEST, "digest": child, "size": size },
    ]});
    let bytes = index.to_string();
    repo.put_manifest("multi", OCI_INDEX, bytes.as_bytes())
        .expect(201);
    let entries = list(&mut admin(server), &repo, "?specificTag=multi");
    let entry = &entries[0];
    assert_eq!(entry["manifest_digest"], sha256(bytes.as_bytes()).as_str());
    assert_eq!(
        (&entry["is_manifest_list"], &entry["size"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(entry["is_sparse"], false);
    assert_eq!(entry["child_manifest_count"], 1);
    assert_eq!(entry["present_child_count"], 1);
    assert_eq!(entry["child_manifests_presence"], json!({ (child): true }));
}

#[test]
fn a_tag_is_made_moved_and_deleted_and_pulls_follow_at_once() {
    let server = shared();
    let repo = server.repo("tag-moves");
    let (one, two) = (
        repo.push_image("v1", b"move one"),
        repo.push_image("v2", b"move two"),
    );
    for sibling in 0..100 {
        repo.put_manifest(
            &format!("s{sibling}"),
            crate::support::OCI_MANIFEST,
            &repo.get("manifests/v1").body,
        )
        .expect(201);
    }
    let mut browser = admin(server);
    let path = tag_path(&repo, "copy");
    assert_eq!(
        pulled(&repo, "copy"),
        Err((404, "MANIFEST_UNKNOWN".to_owned()))
    );

    let made = browser
        .put(&path, &json!({ "manifest_digest": one }))
        .expect(201);
    assert_eq!(made.json(), json!("Updated"));
    assert_eq!(pulled(&repo, "copy").as_ref(), Ok(&one));
    let row = only_row(server, "create_tag", &repo);
    assert_eq!(
        row,
        json!({
            "username": ACCOUNT, "namespace": ACCOUNT, "repo": "tag-moves", "tag": "copy",
            "manifest_digest": one, "original_manifest_digest": null,
        })
    );

    let rows = "SELECT jsonb_agg(jsonb_build_object('id', t.id, 'end', t.end_ms) ORDER BY t.id)
                  FROM tag t JOIN repository r ON r.id = t.repository_id
                 WHERE r.name = 'tag-moves' AND t.name <> 'copy'";
    let siblings = query(server, rows);
    browser
        .put(&path, &json!({ "manifest_digest": two }))
        .expect(201);
    assert_eq!(pulled(&repo, "copy").as_ref(), Ok(&two));
    assert_eq!(query(server, rows), siblings, "a move touches no other tag");
    let row = only_row(server, "move_tag", &repo);
    assert_eq!(row["original_manifest_digest"], one.as_str());
    assert_eq!(row["manifest_digest"], two.as_str());

    browser.delete(&path).expect(204);
    assert_eq!(pulled(&repo, "copy"), expired());
    let row = only_row(server, "delete_tag", &repo);
    assert_eq!(
        row,
        json!({
            "username": ACCOUNT, "namespace": ACCOUNT, "repo": "tag-moves", "tag": "copy",
        })
    );
    is_not_found(browser.delete(&path));
}

#[test]
fn a_tag_needs_a_manifest_and_a_proper_name() {
    let server = shared();
    let repo = server.repo("tag-names");
    let one = repo.push_image("v1", b"names");
    let mut browser = admin(server);
    let path = tag_path(&repo, "copy");
    let absent = sha256(b"absent");
    is_not_found(browser.put(&path, &json!({ "manifest_digest": absent })));
    is_not_found(browser.put(&path, &json!({ "manifest_digest": "WXNG" })));
    let bad = tag_path(&repo, "-bad");
    let refused = browser
        .put(&bad, &json!({ "manifest_digest": one }))
        .expect(400);
    let text = "Invalid tag: must match [A-Za-z0-9_.-], NOT start with \".\" or \"-\", and can contain 1-128 characters";
    assert_eq!(refused.json(), json!({ "message": text }));
    let refused = browser
        .put(&path, &json!({ "manifest_digest": 5 }))
        .expect(400);
    assert_eq!(
        first_line(&refused.json()["detail"]),
        "5 is not of type 'string'"
    );

    is_not_found(browser.delete(&bad));
}

#[test]
fn an_expiry_is_bounded_and_can_be_taken_back() {
    let server = shared();
    let repo = server.repo("tag-expiry");
    repo.push_image("v1", b"expiry one");
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    let start_s = list(&mut browser, &repo, "")[0]["start_ts"]
        .as_i64()
        .unwrap();
    let mut end_after = |expiration: Value| {
        browser
            .put(&path, &json!({ "expiration": expiration }))
            .expect(201);
        list(&mut browser, &repo, "")[0]["end_ts"].clone()
    };
    assert_eq!(
        end_after(json!(start_s + 86_400)).as_i64().unwrap(),
        start_s + 86_400
    );
    assert_eq!(
        end_after(json!(now_s() + 60)).as_i64().unwrap(),
        start_s + 3600
    );
    let most = start_s + 104 * 7 * 86_400;
    assert_eq!(end_after(json!(4_000_000_000_i64)).as_i64().unwrap(), most);
    assert_eq!(end_after(json!(null)), Value::Null);
    let rows = logged_of(server, "change_tag_expiration", "repo", "tag-expiry");
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["metadata"]["expiration_date"], start_s + 86_400);
    assert_eq!(rows[0]["metadata"]["old_expiration_date"], Value::Null);
    assert_eq!(rows[3]["metadata"]["expiration_date"], Value::Null);
    assert!(rows[3]["metadata"]["old_expiration_date"].as_i64().unwrap() / 1000 == most);

    for expiration in [json!(100), json!(-5), json!(1e300)] {
        let refused = browser
            .put(&path, &json!({ "expiration": expiration }))
            .expect(400);
        assert!(
            refused.json()["message"]
                .as_str()
                .unwrap()
                .starts_with("The browser")
        );
    }
    let refused = browser
        .put(&path, &json!({ "expiration": "soon" }))
        .expect(400);
    assert_eq!(
        first_line(&refused.json()["detail"]),
        "'soon' is not of type 'number'"
    );
    is_not_found(browser.put(&tag_path(&repo, "no"), &json!({ "expiration": null })));
}

#[test]
fn a_tag_that_expires_is_no_longer_pulled() {
    let server = Server::start(&[("tags.min_life", "1s")]);
    let repo = server.repo("tag-ends");
    repo.push_image("v1", b"ends");
    let mut browser = admin(&server);
    let path = tag_path(&repo, "v1");
    browser
        .put(&path, &json!({ "expiration": now_s() + 2 }))
        .expect(201);
    let digest = pulled(&repo, "v1").unwrap();
    wait_for("the tag ends", Duration::from_secs(10), || {
        (pulled(&repo, "v1") == expired()).then_some(())
    });
    repo.get(&format!("manifests/{digest}")).expect(404);
    assert_eq!(repo.get("tags/list").json()["tags"], json!([]));
    let body = json!({ "manifest_digest": digest });
    browser.post(&format!("{path}/restore"), &body).expect(200);
    let server = server.kill_and_restart();
    let repo = server.repo("tag-ends");
    assert_eq!(pulled(&repo, "v1"), Ok(digest));
}

#[test]
fn an_immutable_tag_stays_as_it_is() {
    let server = shared();
    let repo = server.repo("tag-fixed");
    let (one, two) = (
        repo.push_image("v1", b"fixed one"),
        repo.push_image("v2", b"fixed two"),
    );
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    browser
        .put(&path, &json!({ "expiration": now_s() + 86_400 }))
        .expect(201);
    browser
        .put(&path, &json!({ "immutable": true }))
        .expect(201);
    let entry = &list(&mut browser, &repo, "?specificTag=v1")[0];
    assert_eq!(entry["immutable"], true);
    assert!(
        entry.get("end_ts").is_none(),
        "what cannot be changed does not end by itself"
    );
    let row = only_row(server, "change_tag_immutability", &repo);
    assert_eq!(
        (&row["immutable"], &row["previous_immutable"]),
        (&json!(true), &json!(false))
    );

    let refused = browser
        .put(&path, &json!({ "manifest_digest": two }))
        .expect(409);
    assert_eq!(refused.json()["error_type"], "tag_immutable");
    assert_eq!(
        first_line(&refused.json()["detail"]),
        "Cannot overwrite immutable tag 'v1'"
    );
    let restore = format!("{path}/restore");
    browser
        .post(&restore, &json!({ "manifest_digest": two }))
        .expect(409);
    for (method, path, body) in [
        ("DELETE", path.clone(), json!({})),
        (
            "POST",
            format!("{path}/expire"),
            json!({ "manifest_digest": one, "is_alive": true }),
        ),
    ] {
        let refused = match method {
            "DELETE" => browser.delete(&path).expect(409),
            _ => browser.post(&path, &body).expect(409),
        };
        assert_eq!(
            first_line(&refused.json()["detail"]),
            "Cannot delete immutable tag 'v1'"
        );
    }
    let refused = browser
        .put(&path, &json!({ "expiration": now_s() + 86_400 }))
        .expect(400);
    let text = "Cannot set expiration on immutable tag 'v1'";
    assert_eq!(refused.json(), json!({ "message": text }));
}

#[test]
fn an_immutable_tag_refuses_pushes_until_it_is_free() {
    let server = shared();
    let repo = server.repo("tag-held");
    repo.push_image("v1", b"held one");
    let two = repo.push_image("v2", b"held two");
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    browser
        .put(&path, &json!({ "immutable": true }))
        .expect(201);
    let bytes = repo.get("manifests/v2").body;
    let pushed = repo
        .put_manifest("v1", crate::support::OCI_MANIFEST, &bytes)
        .expect(409);
    assert_eq!(pushed.code(), "TAG_IMMUTABLE");
    assert_eq!(repo.request("DELETE", "manifests/v1").send().status, 409);

    browser
        .put(&path, &json!({ "immutable": false }))
        .expect(201);
    browser
        .put(&path, &json!({ "manifest_digest": two }))
        .expect(201);
    assert_eq!(pulled(&repo, "v1"), Ok(two));
}

#[test]
fn what_ended_before_the_window_of_the_time_machine_is_forgotten() {
    let server = shared();
    let repo = server.repo("tag-window");
    let one = repo.push_image("v1", b"window");
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    browser.delete(&path).expect(204);
    let age = |days: u32| {
        let text = format!(
            "UPDATE tag t SET start_ms = t.start_ms - v.ms, end_ms = t.end_ms - v.ms
               FROM (SELECT {days}::bigint * 86400000 AS ms) v, repository r
              WHERE r.id = t.repository_id AND r.name = 'tag-window' RETURNING to_jsonb(t.id)"
        );
        assert_eq!(query(server, &text).len(), 1);
    };
    age(13);
    assert_eq!(list(&mut browser, &repo, "").len(), 1);
    age(2);
    assert_eq!(list(&mut browser, &repo, ""), Vec::<Value>::new());
    let body = json!({ "manifest_digest": one });
    is_not_found(browser.post(&format!("{path}/restore"), &body));
    assert_eq!(pulled(&repo, "v1"), expired());
}

#[test]
fn changes_are_refused_to_strangers_and_in_other_states() {
    let server = shared();
    let repo = server.repo("tag-guarded");
    let one = repo.push_image("v1", b"guarded");
    add_stranger(server, "tag-stranger");
    let path = tag_path(&repo, "v1");
    let body = json!({ "manifest_digest": one });
    let labels = format!("/repository/{}/manifest/{one}/labels", repo.name);
    let label = json!({ "key": "a", "value": "b", "media_type": null });
    let id = "00000000-0000-4000-8000-000000000000";
    let writes = |browser: &mut Browser<'_>| {
        vec![
            browser.put(&path, &body),
            browser.delete(&path),
            browser.post(&format!("{path}/restore"), &body),
            browser.post(&labels, &label),
            browser.delete(&format!("{labels}/{id}")),
        ]
    };
    let reads = [
        format!("/repository/{}/tag/", repo.name),
        format!("/repository/{}/manifest/{one}", repo.name),
        labels.clone(),
        format!("{labels}/{id}"),
    ];
    let expire = format!("{path}/expire");
    let mut anonymous = Browser::open(server);
    let mut stranger = Browser::sign_in(server, "tag-stranger", PASSWORD);
    for (browser, status, kind) in [
        (&mut anonymous, 401, "invalid_token"),
        (&mut stranger, 403, "insufficient_scope"),
    ] {
        let mut answers = writes(browser);
        answers.push(browser.post(&expire, &body));
        answers.extend(reads.iter().map(|path| browser.get(path)));
        for answer in answers {
            assert_eq!(answer.expect(status).json()["error_type"], kind);
        }
    }
    for (state, number) in [("READ_ONLY", 1), ("MIRROR", 2), ("ORG_MIRROR", 4)] {
        let text = format!(
            "UPDATE repository SET state = '{state}' WHERE name = 'tag-guarded' RETURNING to_jsonb(id)"
        );
        assert_eq!(query(server, &text).len(), 1);
        for answer in writes(&mut admin(server)) {
            let text = format!("Repository is in read only or mirror mode: {number}");
            assert_eq!(answer.expect(503).json(), json!({ "message": text }));
        }
    }
    assert_eq!(pulled(&repo, "v1"), Ok(one));
}

#[test]
fn the_switches_of_the_section_are_obeyed() {
    let server = Server::start(&[
        ("tags.permanently_delete", "false"),
        ("tags.immutable", "false"),
    ]);
    let repo = server.repo("tag-switches");
    let one = repo.push_image("v1", b"switches");
    let mut browser = admin(&server);
    let path = tag_path(&repo, "v1");
    let body = json!({ "manifest_digest": one, "is_alive": true });
    browser.post(&format!("{path}/expire"), &body).expect(404);
    browser
        .put(&path, &json!({ "immutable": true }))
        .expect(201);
    assert!(list(&mut browser, &repo, "")[0].get("immutable").is_none());
    browser.delete(&path).expect(204);

    let server = server.restart_with(&[("tags.immutable_can_expire", "true")]);
    let repo = server.repo("tag-switches");
    repo.push_image("v1", b"switches");
    let mut browser = admin(&server);
    browser
        .put(&path, &json!({ "immutable": true }))
        .expect(201);
    browser
        .put(&path, &json!({ "expiration": now_s() + 86_400 }))
        .expect(201);
    let entry = &list(&mut browser, &repo, "")[0];
    assert!(entry["immutable"] == true && entry["end_ts"].is_i64());
}
