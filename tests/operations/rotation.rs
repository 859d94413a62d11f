//! `slipway admin rotate-secret-key`: nothing that was sealed is lost, wherever it is cut off.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, basic, slipway};

const POINTS: [&str; 4] = [
    "rotation.key.written",
    "rotation.key.recorded",
    "rotation.batch.sealed",
    "rotation.old.forgotten",
];

struct Sealed {
    robot: Value,
    app_token: Value,
    secret: Value,
}

/// Makes one of each thing that is sealed.
fn seal_some(server: &Server) -> Sealed {
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    admin
        .post("/organization/", &json!({ "name": "kept" }))
        .expect(201);
    let robot = admin
        .put("/organization/kept/robots/ci", &json!({}))
        .expect(201);
    let token = admin
        .post("/user/apptoken", &json!({ "title": "x" }))
        .expect(200);
    let path = "/organization/kept/applications";
    let app = admin.post(path, &json!({ "name": "tool" })).expect(200);
    Sealed {
        robot: robot.json()["token"].clone(),
        app_token: token.json()["token"]["token_code"].clone(),
        secret: app.json()["client_secret"].clone(),
    }
}

/// Everything still opens and logs in.
fn check(server: &Server, sealed: &Sealed, encrypted_password: Option<&str>) {
    let mut admin = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let robot = admin.get("/organization/kept/robots/ci").expect(200).json();
    assert_eq!(robot["token"], sealed.robot);
    let apps = admin
        .get("/organization/kept/applications")
        .expect(200)
        .json();
    assert_eq!(apps["applications"][0]["client_secret"], sealed.secret);
    let logins = [
        ("kept+ci", sealed.robot.as_str().unwrap()),
        ("$app", sealed.app_token.as_str().unwrap()),
    ];
    let encrypted = encrypted_password.map(|password| (ACCOUNT, password));
    for (name, password) in logins.into_iter().chain(encrypted) {
        let request = server.get(&format!("/v2/auth?service={}", server.address));
        request
            .header("Authorization", &basic(name, password))
            .send()
            .expect(200);
    }
}

fn rotate(dir: &Path, extra: &[&str], keys: &[(&str, &str)]) -> (bool, String) {
    let data = dir.join("data");
    let all: Vec<(&str, &str)> = keys
        .iter()
        .copied()
        .chain([("data.dir", data.to_str().unwrap())])
        .collect();
    let args = [&["admin", "rotate-secret-key"], extra].concat();
    let output = slipway(&args, "", dir, &all);
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn key_lines(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("data/secret.key")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_rotation_that_is_cut_off_anywhere_is_finished_by_the_next_one() {
    let mut server = Server::start(&[]);
    let sealed = seal_some(&server);
    let (is_done, said) = rotate(&server.dir, &[], &[]);
    assert!(!is_done && said.contains("stop all nodes"), "{said}");
    for point in POINTS {
        let before = key_lines(&server.dir);
        let stopped = server.pause();
        let (is_done, said) = rotate(&stopped.dir, &[], &[("debug.crash_point", point)]);
        assert!(!is_done, "{point}: {said}");
        // What a cut-off run leaves behind serves, and seals more.
        server = stopped.resume();
        check(&server, &sealed, None);
        let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
        let name = point.replace('.', "-");
        let path = format!("/organization/kept/robots/{name}");
        let made = admin.put(&path, &json!({})).expect(201).json();
        let stopped = server.pause();
        let (is_done, said) = rotate(&stopped.dir, &[], &[]);
        assert!(is_done, "{point}: {said}");
        let after = key_lines(&stopped.dir);
        assert_eq!(after.len(), 1, "{point}");
        assert!(!before.contains(&after[0]), "{point}");
        server = stopped.resume();
        check(&server, &sealed, None);
        let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
        assert_eq!(admin.get(&path).expect(200).json()["token"], made["token"]);
        assert_eq!(
            server.query("SELECT count(*) FROM sealing_key WHERE is_current"),
            "1"
        );
        assert_eq!(server.query("SELECT count(*) FROM sealing_key"), "1");
    }
}

#[test]
fn old_keys_stay_on_request() {
    let server = Server::start_empty(&[]);
    let body = json!({ "username": ACCOUNT, "password": PASSWORD, "email": "a@example.com" });
    let made = server
        .request("POST", "/api/v1/user/initialize")
        .header("Content-Type", "application/json")
        .body(body.to_string().as_bytes())
        .send()
        .expect(200)
        .json();
    let encrypted = made["encrypted_password"].as_str().unwrap();
    let sealed = seal_some(&server);
    let stopped = server.pause();
    let (is_done, said) = rotate(&stopped.dir, &["--keep-old-keys"], &[]);
    assert!(is_done && said.contains("3 values"), "{said}");
    assert_eq!(key_lines(&stopped.dir).len(), 2);
    let server = stopped.resume();
    check(&server, &sealed, Some(encrypted));
}
