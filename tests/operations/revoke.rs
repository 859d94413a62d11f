//! Tokens that end while a push is under way: by their age, and because their user was disabled.

use std::time::{Duration, Instant};

use crate::support::{Answer, Repo, Server, Wire, noise, sha256, slipway, wait_for};

/// A chunk of an upload that is half sent.
struct HalfSent {
    wire: Wire,
    rest: Vec<u8>,
}

impl HalfSent {
    fn begin(repo: &Repo<'_>, upload: &str, bytes: &[u8]) -> Self {
        let length = bytes.len().to_string();
        let request = repo.request("PATCH", upload);
        let head = request.header("Content-Length", &length).head();
        let mut wire = Wire::open(repo.server.address);
        wire.send(head.as_bytes());
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        wire.send(first);
        let rest = rest.to_vec();
        Self { wire, rest }
    }

    fn end(mut self) -> Answer {
        self.wire.send(&self.rest);
        self.wire.read(false).expect("an answer")
    }
}

#[test]
fn t24_a_chunk_that_outlives_its_token_is_taken_and_the_next_request_asks_for_a_new_one() {
    let server = Server::start(&[("auth.token_life", "3s"), ("auth.token_leeway", "0s")]);
    let mut repo = server.repo("slow");
    let bytes = noise(24, 600_000);
    let upload = repo.start_upload();
    let half = HalfSent::begin(&repo, &upload, &bytes);
    let old = repo.token.clone();
    let is_over = || (server.get("/v2/").bearer(&old).send().status == 401).then_some(());
    wait_for("the token is too old", Duration::from_secs(20), is_over);
    half.end().expect(202);
    let digest = sha256(&bytes);
    let refused = repo.close_upload(&upload, &digest).expect(401);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    repo.token = server.fresh_token(&format!("repository:{}:pull,push", repo.name));
    repo.close_upload(&upload, &digest).expect(201);
    assert!(repo.get(&format!("blobs/{digest}")).expect(200).body == bytes);
}

#[test]
fn t24_a_user_disabled_in_the_middle_of_a_push_cannot_end_it() {
    let server = Server::start(&[]);
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    let admin = |args: &[&str], input: &str| {
        let all: Vec<&str> = ["admin"].iter().chain(args).copied().collect();
        slipway(&all, input, &server.dir, &keys)
    };
    let password = "pusher-password";
    let made = admin(
        &["create-user", "--username", "pusher", "--password-stdin"],
        password,
    );
    assert!(made.status.success());
    let scope = "repository:pusher/app:pull,push";
    let mut repo = Repo {
        server: &server,
        name: "pusher/app".to_owned(),
        token: server.token_of("pusher", password, scope),
    };
    let bytes = noise(25, 600_000);
    let upload = repo.start_upload();
    let half = HalfSent::begin(&repo, &upload, &bytes);

    let disabled = admin(&["disable-user", "pusher"], "");
    assert!(
        disabled.status.success(),
        "{}",
        String::from_utf8_lossy(&disabled.stderr)
    );
    let begin = Instant::now();
    let is_over = || (repo.request("HEAD", "manifests/v1").send().status == 401).then_some(());
    wait_for("the token ends", Duration::from_secs(5), is_over);
    // What was begun may end; what would publish it may not.
    half.end().expect(202);
    let digest = sha256(&bytes);
    repo.close_upload(&upload, &digest).expect(401);
    assert!(begin.elapsed() < Duration::from_secs(5));
    let login = server
        .get(&format!("/v2/auth?scope={scope}"))
        .header("Authorization", &crate::support::basic("pusher", password))
        .send();
    assert!(matches!(login.status, 401 | 403), "{}", login.status);
    // Others go on.
    server.repo("other").push_image("v1", b"of somebody else");

    assert!(admin(&["enable-user", "pusher"], "").status.success());
    repo.close_upload(&upload, &digest).expect(401);
    let enabled = || {
        let url = format!("/v2/auth?service={}&scope={scope}", server.address);
        let login = crate::support::basic("pusher", password);
        let answer = server.get(&url).header("Authorization", &login).send();
        answer.json()["token"].as_str().map(str::to_owned)
    };
    repo.token = wait_for("the login works again", Duration::from_secs(5), enabled);
    let is_back = || (repo.close_upload(&upload, &digest).status == 201).then_some(());
    wait_for("the push ends", Duration::from_secs(5), is_back);
}

#[test]
fn a_user_that_is_not_there_cannot_be_disabled() {
    let server = crate::support::shared();
    let data = server.dir.join("data");
    let keys = [("data.dir", data.to_str().unwrap())];
    for command in ["disable-user", "enable-user"] {
        let output = slipway(&["admin", command, "nobody-here"], "", &server.dir, &keys);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("nobody-here"), "{text}");
    }
}
