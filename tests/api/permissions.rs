//! Roles on repositories, and default permissions.

#![expect(
    clippy::too_many_lines,
    reason = "a test follows one thing through all its doors"
)]

use serde_json::{Value, json};

use super::organizations::{repo_of, user};
use super::teams::add_robot;
use crate::support::{Browser, PASSWORD, Repo, Server, first_line, logged_of, shared};

fn may(server: &Server, username: &str, name: &str) -> (bool, bool) {
    let repo = repo_of(server, username, name);
    let pull = repo.get("tags/list").status == 200;
    let push = repo.request("POST", "blobs/uploads/").send().status == 202;
    (pull, push)
}

#[test]
fn roles_of_users_open_and_close_the_registry() {
    let server = shared();
    let mut owner = user(server, "role-owner");
    let mut guest = user(server, "role-guest");
    owner
        .post("/organization/", &json!({ "name": "role-org" }))
        .expect(201);
    add_robot(server, "role-org", "ci");
    repo_of(server, "role-owner", "role-org/app").push_image("v1", b"role");
    let base = "/repository/role-org/app/permissions/user/";
    let path = format!("{base}role-guest");
    assert_eq!(may(server, "role-guest", "role-org/app"), (false, false));
    let given = owner
        .put(&path, &json!({ "role": "read" }))
        .expect(200)
        .json();
    assert_eq!(given["is_org_member"], false);
    assert_eq!(
        (&given["role"], &given["is_robot"]),
        (&json!("read"), &json!(false))
    );
    assert_eq!(may(server, "role-guest", "role-org/app"), (true, false));
    owner.put(&path, &json!({ "role": "write" })).expect(200);
    assert_eq!(may(server, "role-guest", "role-org/app"), (true, true));
    guest.get(base).expect(403);
    owner.put(&path, &json!({ "role": "admin" })).expect(200);
    let robot = guest
        .put(&format!("{base}role-org+ci"), &json!({ "role": "write" }))
        .expect(200)
        .json();
    assert_eq!(
        (&robot["is_robot"], &robot["is_org_member"]),
        (&json!(true), &json!(true))
    );
    let all = guest.get(base).expect(200).json();
    assert_eq!(all["permissions"]["role-owner"]["role"], "admin");
    assert_eq!(all["permissions"].as_object().unwrap().len(), 3);
    assert_eq!(guest.get(&path).expect(200).json()["name"], "role-guest");
    let held = owner.get(&format!("{path}/transitive")).expect(200).json();
    assert_eq!(held, json!({ "permissions": [{ "role": "admin" }] }));
    owner
        .get(&format!("{base}nobody-here/transitive"))
        .expect(404);

    let text = "User does not have permission for repo.";
    let absent = owner.get(&format!("{base}nobody-here")).expect(400);
    assert_eq!(absent.json(), json!({ "message": text }));
    let bad = owner.put(&path, &json!({ "role": "x" })).expect(400);
    assert_eq!(
        first_line(&bad.json()["detail"]),
        "'x' is not one of ['read', 'write', 'admin']"
    );
    let bad = owner
        .put(&format!("{base}nobody-here"), &json!({ "role": "read" }))
        .expect(400);
    assert_eq!(bad.json()["detail"], "Invalid username: nobody-here");
    owner
        .put(&format!("{base}role-org"), &json!({ "role": "read" }))
        .expect(400);
    owner
        .put(
            "/repository/role-org/none/permissions/user/role-guest",
            &json!({ "role": "read" }),
        )
        .expect(404);

    owner.delete(&path).expect(204);
    assert_eq!(may(server, "role-guest", "role-org/app"), (false, false));
    assert_eq!(owner.delete(&path).expect(400).json()["detail"], text);
    guest.put(&path, &json!({ "role": "admin" })).expect(403);
    guest.delete(&path).expect(403);
    Browser::open(server)
        .put(&path, &json!({ "role": "admin" }))
        .expect(401);
    let rows = logged_of(server, "change_repo_permission", "username", "role-guest");
    let metadata =
        json!({ "namespace": "role-org", "repo": "app", "username": "role-guest", "role": "read" });
    assert_eq!((rows.len(), &rows[0]["metadata"]), (3, &metadata));
    assert_eq!(
        logged_of(server, "delete_repo_permission", "username", "role-guest").len(),
        1
    );
}

#[test]
fn an_owner_of_a_users_namespace_stays_its_admin() {
    let server = shared();
    let mut owner = user(server, "own-ns");
    repo_of(server, "own-ns", "own-ns/app").push_image("v1", b"own");
    let path = "/repository/own-ns/app/permissions/user/own-ns";
    let answer = owner.put(path, &json!({ "role": "read" })).expect(400);
    assert_eq!(
        first_line(&answer.json()["detail"]),
        "Namespace owner must always be admin."
    );
    owner.delete(path).expect(400);
    let rows = owner
        .get("/repository/own-ns/app/permissions/user/")
        .expect(200)
        .json();
    assert!(rows["permissions"]["own-ns"].get("is_org_member").is_none());
    let team = "/repository/own-ns/app/permissions/team/owners";
    owner.put(team, &json!({ "role": "read" })).expect(400);
}

#[test]
fn roles_of_teams_reach_their_members() {
    let server = shared();
    let mut owner = user(server, "tr-owner");
    let mut dev = user(server, "tr-dev");
    owner
        .post("/organization/", &json!({ "name": "tr-org" }))
        .expect(201);
    owner
        .put(
            "/organization/tr-org/team/devs",
            &json!({ "role": "member" }),
        )
        .expect(200);
    owner
        .put("/organization/tr-org/team/devs/members/tr-dev", &json!({}))
        .expect(200);
    repo_of(server, "tr-owner", "tr-org/app").push_image("v1", b"tr");
    let path = "/repository/tr-org/app/permissions/team/devs";
    assert_eq!(may(server, "tr-dev", "tr-org/app"), (false, false));
    let given = owner
        .put(path, &json!({ "role": "write" }))
        .expect(200)
        .json();
    assert_eq!(
        (&given["name"], &given["avatar"]["kind"]),
        (&json!("devs"), &json!("team"))
    );
    assert_eq!(may(server, "tr-dev", "tr-org/app"), (true, true));
    assert_eq!(
        owner.get(path).expect(200).json(),
        json!({ "role": "write" })
    );
    let all = owner
        .get("/repository/tr-org/app/permissions/team/")
        .expect(200)
        .json();
    assert_eq!(all, json!({ "permissions": { "devs": given } }));
    let held = owner
        .get("/repository/tr-org/app/permissions/user/tr-dev/transitive")
        .expect(200)
        .json();
    assert_eq!(held, json!({ "permissions": [{ "role": "write" }] }));
    dev.put(path, &json!({ "role": "admin" })).expect(403);
    dev.get(path).expect(403);
    let missing = owner
        .put(
            "/repository/tr-org/app/permissions/team/none",
            &json!({ "role": "read" }),
        )
        .expect(400);
    assert_eq!(
        first_line(&missing.json()["detail"]),
        "No team none in organization tr-org"
    );
    owner.delete(path).expect(204);
    assert_eq!(may(server, "tr-dev", "tr-org/app"), (false, false));
    let text = "Team does not have permission for repo.";
    assert_eq!(
        owner.get(path).expect(400).json(),
        json!({ "message": text })
    );
    assert_eq!(owner.delete(path).expect(400).json()["detail"], text);
    let here = |rows: Vec<Value>| {
        rows.into_iter()
            .filter(|row| row["namespace"] == "tr-org")
            .count()
    };
    assert_eq!(
        here(logged_of(server, "change_repo_permission", "team", "devs")),
        1
    );
    assert_eq!(
        here(logged_of(server, "delete_repo_permission", "team", "devs")),
        1
    );
}

#[test]
fn default_permissions_are_given_to_what_is_pushed_later() {
    let server = shared();
    let mut owner = user(server, "def-owner");
    let mut maker = user(server, "def-maker");
    server.add_user("def-guest");
    owner
        .post("/organization/", &json!({ "name": "def-org" }))
        .expect(201);
    add_robot(server, "def-org", "ci");
    owner
        .put(
            "/organization/def-org/team/devs",
            &json!({ "role": "creator" }),
        )
        .expect(200);
    owner
        .put(
            "/organization/def-org/team/devs/members/def-maker",
            &json!({}),
        )
        .expect(200);
    let path = "/organization/def-org/prototypes";
    let body = |role: &str, name: &str, kind: &str| json!({ "role": role, "delegate": { "name": name, "kind": kind } });
    let general = owner
        .post(path, &body("read", "def-guest", "user"))
        .expect(200)
        .json();
    assert!(general["activating_user"].is_null());
    assert_eq!(general["delegate"]["is_org_member"], false);
    let mut special = body("write", "def-guest", "user");
    special["activating_user"] = json!({ "name": "def-maker" });
    let special = owner.post(path, &special).expect(200).json();
    assert_eq!(special["activating_user"]["is_org_member"], true);
    owner.post(path, &body("admin", "devs", "team")).expect(200);
    let robot = owner
        .post(path, &body("write", "def-org+ci", "user"))
        .expect(200)
        .json();
    assert_eq!(robot["delegate"]["is_robot"], true);
    let listed = owner.get(path).expect(200).json();
    assert_eq!(listed["prototypes"].as_array().unwrap().len(), 4);

    repo_of(server, "def-owner", "def-org/plain").push_image("v1", b"plain");
    assert_eq!(may(server, "def-guest", "def-org/plain"), (true, false));
    assert_eq!(may(server, "def-maker", "def-org/plain"), (true, true));
    repo_of(server, "def-maker", "def-org/made").push_image("v1", b"made");
    assert_eq!(may(server, "def-guest", "def-org/made"), (true, true));
    let roles = owner
        .get("/repository/def-org/made/permissions/user/")
        .expect(200)
        .json();
    assert_eq!(roles["permissions"]["def-maker"]["role"], "admin");
    assert_eq!(roles["permissions"]["def-org+ci"]["role"], "write");

    let one = format!("{path}/{}", general["id"].as_str().unwrap());
    let changed = owner
        .put(&one, &json!({ "role": "admin" }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["role"], &changed["id"]),
        (&json!("admin"), &general["id"])
    );
    assert_eq!(may(server, "def-guest", "def-org/plain"), (true, false));
    maker.put(&one, &json!({ "role": "read" })).expect(403);
    maker.get(path).expect(403);
    maker.delete(&one).expect(403);
    maker
        .post(path, &body("read", "def-guest", "user"))
        .expect(403);
    Browser::open(server)
        .post(path, &body("read", "def-guest", "user"))
        .expect(401);
    owner.delete(&one).expect(204);
    owner.delete(&one).expect(404);
    owner.put(&one, &json!({ "role": "read" })).expect(404);
    owner
        .put(&format!("{path}/L24B"), &json!({ "role": "read" }))
        .expect(404);
    let bad = owner
        .post(path, &body("read", "nobody-here", "user"))
        .expect(400);
    assert_eq!(bad.json()["detail"], "Missing delegate user or team");
    let mut bad = body("read", "def-guest", "user");
    bad["activating_user"] = json!({ "name": "nobody-here" });
    assert_eq!(
        owner.post(path, &bad).expect(400).json()["detail"],
        "Unknown activating user"
    );
    for bad in [
        json!({}),
        body("king", "devs", "team"),
        body("read", "devs", "herd"),
        json!({ "role": "read" }),
    ] {
        owner.post(path, &bad).expect(400);
    }
    for (kind, count) in [
        ("create_prototype_permission", 4),
        ("modify_prototype_permission", 1),
        ("delete_prototype_permission", 1),
    ] {
        assert_eq!(
            logged_of(server, kind, "username", "def-owner").len(),
            count,
            "{kind}"
        );
    }
    repo_of(server, "def-owner", "def-org/late").push_image("v1", b"late");
    assert_eq!(may(server, "def-guest", "def-org/late"), (false, false));
    let token = server.token_of("def-guest", PASSWORD, "repository:def-org/late:pull,push");
    let late = Repo {
        server,
        name: "def-org/late".to_owned(),
        token,
    };
    late.get("manifests/v1").expect(401);
}
