//! Bringing tags back, and forgetting what they were.

use serde_json::{Value, json};

use super::tags::{admin, expired, is_not_found, list, only_row, pulled, tag_path};
use crate::support::{ACCOUNT, sha256, shared};

#[test]
fn the_time_machine_brings_back_until_it_is_told_to_forget() {
    let server = shared();
    let repo = server.repo("tag-machine");
    let one = repo.push_image("v1", b"machine one");
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    let (restore, expire) = (format!("{path}/restore"), format!("{path}/expire"));
    let body = json!({ "manifest_digest": one });

    browser.delete(&path).expect(204);
    assert_eq!(pulled(&repo, "v1"), expired());
    let back = browser.post(&restore, &body).expect(200);
    assert_eq!(back.json(), json!({}));
    assert_eq!(pulled(&repo, "v1").as_ref(), Ok(&one));
    let entries = list(&mut browser, &repo, "");
    assert_eq!((&entries[0]["reversion"], entries.len()), (&json!(true), 2));
    let row = only_row(server, "revert_tag", &repo);
    assert_eq!(
        row,
        json!({
            "username": ACCOUNT, "repo": "tag-machine", "tag": "v1", "manifest_digest": one,
        })
    );

    repo.request("DELETE", &format!("manifests/{one}"))
        .send()
        .expect(202);
    repo.get(&format!("manifests/{one}")).expect(404);
    is_not_found(browser.put(&path, &body));
    browser.post(&restore, &body).expect(200);
    repo.get(&format!("manifests/{one}")).expect(200);

    let gone = browser.post(
        &expire,
        &json!({ "manifest_digest": one, "is_alive": false }),
    );
    assert_eq!(gone.expect(200).json(), json!(""));
    assert_eq!(list(&mut browser, &repo, "").len(), 1);
    let row = only_row(server, "permanently_delete_tag", &repo);
    assert_eq!(
        row,
        json!({
            "username": ACCOUNT, "namespace": ACCOUNT, "repo": "tag-machine", "tag": "v1",
            "manifest_digest": one,
        })
    );
    is_not_found(browser.post(
        &expire,
        &json!({ "manifest_digest": one, "is_alive": false }),
    ));
    let live = json!({ "manifest_digest": one, "is_alive": true, "include_submanifests": true });
    browser.post(&expire, &live).expect(200);
    assert_eq!(
        pulled(&repo, "v1"),
        Err((404, "MANIFEST_UNKNOWN".to_owned()))
    );
    assert_eq!(list(&mut browser, &repo, ""), Vec::<Value>::new());
    is_not_found(browser.post(&restore, &body));
    is_not_found(browser.post(&restore, &json!({})));
    is_not_found(browser.post(&restore, &json!({ "manifest_digest": sha256(b"never") })));
    is_not_found(browser.post(&expire, &live));
    let bad = format!("{}/restore", tag_path(&repo, ".bad"));
    browser.post(&bad, &body).expect(400);
}

#[test]
fn an_image_whose_blobs_are_gone_is_not_brought_back() {
    let server = shared();
    let repo = server.repo("tag-hollow");
    let one = repo.push_image("v1", b"hollow layer");
    let mut browser = admin(server);
    let path = tag_path(&repo, "v1");
    browser.delete(&path).expect(204);
    let blob = format!("blobs/{}", sha256(b"hollow layer"));
    repo.request("DELETE", &blob).send().expect(202);
    let body = json!({ "manifest_digest": one });
    is_not_found(browser.post(&format!("{path}/restore"), &body));
    repo.push_blob(b"hollow layer");
    browser.post(&format!("{path}/restore"), &body).expect(200);
}

#[test]
fn what_cosign_keeps_of_an_image_goes_with_its_last_tag() {
    let server = shared();
    let repo = server.repo("tag-signed");
    let one = repo.push_image("v1", b"signed image");
    let signature = format!("{}.sig", one.replace(':', "-"));
    repo.push_image(&signature, b"its signature");
    let mut browser = admin(server);
    let second = tag_path(&repo, "v2");
    browser
        .put(&second, &json!({ "manifest_digest": one }))
        .expect(201);
    browser.delete(&tag_path(&repo, "v1")).expect(204);
    assert!(
        pulled(&repo, &signature).is_ok(),
        "another tag still needs it"
    );
    browser.delete(&second).expect(204);
    assert_eq!(pulled(&repo, &signature), expired());
}
