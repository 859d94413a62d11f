//! `slipway why`: the decision and its reason, from the command line.

#![expect(
    clippy::too_many_lines,
    reason = "a table of questions and the rows they rest on"
)]

use serde_json::json;

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, query, slipway};

/// What the command says of a question, and whether its exit code means allowed.
fn why(server: &Server, who: &str, action: &str, repository: &str) -> (String, Option<i32>) {
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    let output = slipway(&["why", who, action, repository], "", &server.dir, &keys);
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let said = if text.is_empty() { complaint } else { text };
    (said, output.status.code())
}

#[test]
fn the_reason_is_the_evaluators() {
    let server = Server::start(&[]);
    for name in ["why-reader", "why-stranger"] {
        server.add_user(name);
    }
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "why" }))
        .expect(201);
    let scope = "repository:why/app:pull,push";
    let token = server.token_of(ACCOUNT, PASSWORD, scope);
    let start = server
        .request("POST", "/v2/why/app/blobs/uploads/")
        .bearer(&token);
    start.send().expect(202);
    let path = "/repository/why/app/permissions/user/why-reader";
    admin.put(path, &json!({ "role": "read" })).expect(200);
    let robot = query(
        &server,
        "WITH made AS (
            INSERT INTO namespace (name, kind, tag_expiration_s) VALUES ('why+ci', 'robot', 0) RETURNING id
         ), robot AS (
            INSERT INTO robot (namespace_id, owner_id, short_name, sealed_token)
            SELECT made.id, o.id, 'ci', '' FROM made, namespace o WHERE o.name = 'why'
         )
         SELECT to_jsonb(id) FROM made",
    );
    assert_eq!(robot.len(), 1);
    let robot = "/repository/why/app/permissions/user/why+ci";
    admin.put(robot, &json!({ "role": "write" })).expect(200);
    for (who, action, repository, said) in [
        (
            ACCOUNT,
            "admin",
            "why/app",
            "allowed: the caller holds a sufficient role on the repository",
        ),
        (
            "why-reader",
            "pull",
            "why/app",
            "allowed: the caller holds a sufficient role on the repository",
        ),
        (
            "why-reader",
            "push",
            "why/app",
            "refused: no role lets the caller write to the repository",
        ),
        (
            "why-stranger",
            "pull",
            "why/app",
            "refused: no role lets the caller read the repository",
        ),
        (
            "why-stranger",
            "push",
            "why-stranger/new",
            "allowed: the push would create the repository",
        ),
        (
            "why+ci",
            "push",
            "why/app",
            "allowed: the caller holds a sufficient role on the repository",
        ),
        (
            "why+ci",
            "admin",
            "why/app",
            "refused: no role lets the caller administer the repository",
        ),
        (
            "anonymous",
            "pull",
            "why/app",
            "refused: nobody is logged in",
        ),
        (
            "anonymous",
            "pull",
            "nobody-here/app",
            "refused: nobody is logged in",
        ),
    ] {
        let answer = why(&server, who, action, repository);
        let code = if said.starts_with("allowed") { 0 } else { 3 };
        assert_eq!(
            answer,
            (said.to_owned(), Some(code)),
            "{who} {action} {repository}"
        );
    }
    let path = format!("/repository/why/app/permissions/user/{ACCOUNT}");
    admin.delete(&path).expect(204);
    let (said, _) = why(&server, ACCOUNT, "admin", "why/app");
    assert_eq!(
        said,
        "allowed: a team of the caller administers the organization"
    );
    let (said, code) = why(&server, "nobody-here", "pull", "why/app");
    assert!(said.contains("no user or robot `nobody-here`"), "{said}");
    assert_eq!(code, Some(1));
    let (said, code) = why(&server, "why", "pull", "why/app");
    assert!(said.contains("no user or robot `why`"), "{said}");
    assert_eq!(code, Some(1));
    let (said, _) = why(&server, ACCOUNT, "pull", "Why/App");
    assert!(said.contains("`Why/App` is no repository"), "{said}");

    let server = server.kill_and_restart();
    let (said, _) = why(&server, "why-reader", "pull", "why/app");
    assert!(said.starts_with("allowed"), "{said}");
}
