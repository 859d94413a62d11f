//! `POST /api/v1/user/initialize`: the first user, made once and never wrongly.

use serde_json::json;

use crate::support::{Answer, Server};

fn post(server: &Server, content_type: &str, body: &str) -> Answer {
    server
        .request("POST", "/api/v1/user/initialize")
        .header("Content-Type", content_type)
        .body(body.as_bytes())
        .send()
}

#[test]
fn only_the_first_user_is_made_and_only_from_a_good_request() {
    let server = Server::start_empty(&[]);
    let good = json!({ "username": "root", "password": "long-enough", "email": "r@example.com" });
    let with = |key: &str, value: &str| {
        let mut body = good.clone();
        body[key] = json!(value);
        body.to_string()
    };
    let json_type = "application/json";
    assert_eq!(post(&server, "text/plain", &good.to_string()).status, 415);
    for (name, body) in [
        ("no password", json!({ "username": "root" }).to_string()),
        ("a name with a space", with("username", "ro ot")),
        ("a short password", with("password", "short")),
        ("no e-mail address", with("email", "nonsense")),
    ] {
        let answer = post(&server, json_type, &body);
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        assert_eq!(answer.json()["error_type"], "invalid_request", "{name}");
    }
    let answer = post(&server, json_type, "{");
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("The browser")
    );
    let answer = server.get("/api/v1/user/initialize").send();
    assert_eq!(answer.status, 405);

    let made = post(&server, json_type, &good.to_string()).expect(200);
    assert_eq!(made.json()["username"], "root");
    assert_eq!(made.json()["email"], "r@example.com");
    let again = post(&server, json_type, &with("username", "other")).expect(400);
    let text = "Cannot initialize user in a non-empty database";
    assert_eq!(again.json()["message"], text);
    server.token_of("root", "long-enough", "repository:root/x:pull,push");
}
