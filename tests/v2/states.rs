//! A registry that is read-only, takes no pushes, knows no strangers, or knows only strangers.

use crate::support::{OCI_MANIFEST, Repo, Server, sha256};

/// Every way to write, with a body that would be right.
fn writes(repo: &Repo<'_>, manifest: &str) -> Vec<(&'static str, crate::support::Answer)> {
    let digest = sha256(b"0123456789");
    let mount = format!("blobs/uploads/?mount={digest}&from={}", repo.name);
    let whole = format!("blobs/uploads/?digest={digest}");
    let upload = "blobs/uploads/00000000-0000-4000-8000-000000000000";
    vec![
        ("start", repo.request("POST", "blobs/uploads/").send()),
        ("mount", repo.request("POST", &mount).send()),
        (
            "whole",
            repo.request("POST", &whole).body(b"0123456789").send(),
        ),
        ("patch", repo.patch(upload, None, b"0123")),
        ("close", repo.close_upload(upload, &digest)),
        (
            "manifest",
            repo.put_manifest("new", OCI_MANIFEST, manifest.as_bytes()),
        ),
    ]
}

#[test]
fn read_only_serves_pulls_and_refuses_every_write() {
    let server = Server::start(&[]);
    let repo = server.repo("states");
    let digest = repo.push_image("v1", b"0123456789");
    let manifest = repo.get("manifests/v1").text();

    let server = server.restart_with(&[("registry.state", "readonly")]);
    let repo = server.repo("states");
    assert_eq!(repo.get("manifests/v1").expect(200).text(), manifest);
    repo.head(&format!("manifests/{digest}")).expect(200);
    let mut answers = writes(&repo, &manifest);
    answers.push(("delete tag", repo.request("DELETE", "manifests/v1").send()));
    let blob = format!("blobs/{}", sha256(b"0123456789"));
    answers.push(("delete blob", repo.request("DELETE", &blob).send()));
    for (write, answer) in answers {
        assert_eq!((answer.status, &*answer.code()), (405, "DENIED"), "{write}");
        assert_eq!(answer.json()["errors"][0]["is_readonly"], true, "{write}");
    }
    let made = server
        .request("POST", "/api/v1/user/initialize")
        .header("Content-Type", "application/json")
        .body(b"{}")
        .send();
    assert_eq!(made.status, 503);

    let server = server.restart_with(&[("registry.disable_pushes", "true")]);
    let repo = server.repo("states");
    repo.get("manifests/v1").expect(200);
    let mut answers = writes(&repo, &manifest);
    answers.push(("delete tag", repo.request("DELETE", "manifests/v1").send()));
    for (write, answer) in answers {
        let got = (answer.status, answer.code());
        assert_eq!(got, (405, "METHOD NOT ALLOWED".to_owned()), "{write}");
    }
    repo.get("manifests/v1").expect(200);
}

#[test]
fn without_anonymous_access_strangers_get_no_token() {
    let server = Server::start(&[
        ("registry.anonymous_access", "false"),
        ("registry.create_private_on_push", "false"),
    ]);
    let repo = server.repo("public");
    repo.push_image("v1", b"0123456789");
    let target = format!("/v2/auth?scope=repository:{}:pull", repo.name);
    let answer = server.get(&target).send().expect(401);
    assert_eq!(answer.code(), "UNAUTHORIZED");

    let server = server.restart_with(&[]);
    let answer = server.get(&target).send().expect(200);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let manifest = format!("/v2/{}/manifests/v1", repo_name());
    server.get(&manifest).bearer(&token).send().expect(200);
    // Reading is all that strangers may do.
    let uploads = format!("/v2/{}/blobs/uploads/", repo_name());
    let answer = server.request("POST", &uploads).bearer(&token).send();
    assert_eq!((answer.status, &*answer.code()), (401, "UNAUTHORIZED"));
    let target = format!("/v2/auth?scope=repository:{}:pull,push", repo_name());
    let token = server.get(&target).send().expect(200).json()["token"].clone();
    let answer = server
        .request("POST", &uploads)
        .bearer(token.as_str().unwrap())
        .send();
    assert_eq!(answer.status, 401);
}

fn repo_name() -> &'static str {
    "admin/public"
}

#[test]
fn an_open_test_registry_takes_pushes_of_strangers() {
    let server = Server::start_empty(&[("registry.open_test_registry", "true")]);
    let digest = sha256(b"open");
    let target = format!("/v2/anyone/thing/blobs/uploads/?digest={digest}");
    server
        .request("POST", &target)
        .body(b"open")
        .send()
        .expect(201);
    let blob = format!("/v2/anyone/thing/blobs/{digest}");
    assert_eq!(server.get(&blob).send().expect(200).body, b"open");
    server.get("/v2/").send().expect(200);
}

#[test]
fn wrong_passwords_are_slowed_down() {
    let server = Server::start(&[]);
    let scope = "/v2/auth?scope=repository:admin/x:pull";
    let ask = |password: &str| {
        let login = crate::support::basic("admin", password);
        server.get(scope).header("Authorization", &login).send()
    };
    let mut throttled = None;
    for _ in 0..12 {
        let answer = ask("wrong");
        if answer.status == 429 {
            throttled = Some(answer);
            break;
        }
        assert_eq!((answer.status, &*answer.code()), (401, "UNAUTHORIZED"));
    }
    let answer = throttled.expect("429 at last");
    let wait_s: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(wait_s >= 1, "{wait_s}");
    // Even the right password has to wait.
    let early = server
        .get(scope)
        .header("Authorization", &server.login())
        .send();
    assert_eq!(early.status, 429);
    std::thread::sleep(std::time::Duration::from_secs(wait_s + 1));
    server
        .get(scope)
        .header("Authorization", &server.login())
        .send()
        .expect(200);
    let form = format!(
        "username=admin&password=correct-horse-battery&service=x&scope={}",
        "repository:admin/x:pull"
    );
    let answer = server
        .request("POST", "/v2/auth")
        .body(form.as_bytes())
        .send()
        .expect(200);
    assert!(answer.json()["token"].is_string());
}
