//! Taking access away ends what is under way, within five seconds.

use std::time::{Duration, Instant};

use serde_json::json;

use super::organizations::{repo_of, user};
use crate::support::{Browser, Repo, Server, sha256, shared, wait_for};

/// Begins a push, takes the access away, and sees the push end.
fn end_push(repo: &Repo<'_>, take_away: impl FnOnce()) {
    let bytes = b"the first half of a layer";
    let upload = repo.start_upload();
    let patched = repo.patch(&upload, None, bytes).expect(202);
    let upload = patched.header("location").unwrap();
    let upload = upload
        .strip_prefix(&format!("/v2/{}/", repo.name))
        .unwrap()
        .to_owned();
    take_away();
    let since = Instant::now();
    wait_for("the token ends", Duration::from_secs(5), || {
        (repo.get("tags/list").status == 401).then_some(())
    });
    repo.close_upload(&upload, &sha256(bytes)).expect(401);
    assert!(since.elapsed() < Duration::from_secs(6));
}

fn organization<'a>(server: &'a Server, name: &str) -> Browser<'a> {
    let mut owner = user(server, &format!("{name}-owner"));
    server.add_user(&format!("{name}-dev"));
    owner
        .post("/organization/", &json!({ "name": name }))
        .expect(201);
    repo_of(server, &format!("{name}-owner"), &format!("{name}/app"))
        .push_image("v1", name.as_bytes());
    owner
}

#[test]
fn t24_a_push_ends_when_its_role_is_taken_or_shrinks() {
    let server = shared();
    let mut owner = organization(server, "end-role");
    let path = "/repository/end-role/app/permissions/user/end-role-dev";
    owner.put(path, &json!({ "role": "write" })).expect(200);
    end_push(&repo_of(server, "end-role-dev", "end-role/app"), || {
        owner.put(path, &json!({ "role": "read" })).expect(200);
    });
    owner.put(path, &json!({ "role": "write" })).expect(200);
    end_push(&repo_of(server, "end-role-dev", "end-role/app"), || {
        owner.delete(path).expect(204);
    });
}

#[test]
fn t24_a_push_ends_when_its_team_goes() {
    let server = shared();
    let mut owner = organization(server, "end-team");
    let team = "/organization/end-team/team/devs";
    let member = format!("{team}/members/end-team-dev");
    let role = "/repository/end-team/app/permissions/team/devs";
    let prepare = |owner: &mut Browser<'_>| {
        owner.put(team, &json!({ "role": "member" })).expect(200);
        owner.put(&member, &json!({})).expect(200);
        owner.put(role, &json!({ "role": "write" })).expect(200);
        repo_of(server, "end-team-dev", "end-team/app")
    };
    let repo = prepare(&mut owner);
    end_push(&repo, || {
        owner.delete(&member).expect(204);
    });
    let repo = prepare(&mut owner);
    end_push(&repo, || {
        owner.delete(role).expect(204);
    });
    owner.delete(team).expect(204);
    let repo = prepare(&mut owner);
    end_push(&repo, || {
        owner.delete(team).expect(204);
    });
    let repo = prepare(&mut owner);
    end_push(&repo, || {
        owner
            .delete("/organization/end-team/members/end-team-dev")
            .expect(204);
    });
    owner.delete(team).expect(204);
    owner.put(team, &json!({ "role": "creator" })).expect(200);
    owner.put(&member, &json!({})).expect(200);
    end_push(&repo_of(server, "end-team-dev", "end-team/new"), || {
        owner.put(team, &json!({ "role": "member" })).expect(200);
    });
}

#[test]
fn t24_more_access_ends_nothing() {
    let server = shared();
    let mut owner = organization(server, "end-more");
    let path = "/repository/end-more/app/permissions/user/end-more-dev";
    owner.put(path, &json!({ "role": "write" })).expect(200);
    let repo = repo_of(server, "end-more-dev", "end-more/app");
    let upload = repo.start_upload();
    owner.put(path, &json!({ "role": "admin" })).expect(200);
    std::thread::sleep(Duration::from_millis(2500));
    let digest = sha256(b"whole");
    let target = format!("{upload}?digest={digest}");
    repo.request("PUT", &target)
        .body(b"whole")
        .send()
        .expect(201);
}
