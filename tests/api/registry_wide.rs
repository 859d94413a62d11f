//! What concerns the whole registry: its description, its public configuration, its messages.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Browser, PASSWORD, Server, shared};

fn discovery(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/discovery{query}")).send();
    answer.expect(200).json()
}

#[test]
fn discovery_describes_what_is_declared() {
    let server = shared();
    let document = discovery(server, "");
    assert_eq!(document["swagger"], "2.0");
    assert_eq!(document["basePath"], "/");
    assert_eq!(document["host"], server.address.to_string());
    let scopes = &document["securityDefinitions"]["oauth2_implicit"]["scopes"];
    assert_eq!(scopes.as_object().unwrap().len(), 8);

    let messages = &document["paths"]["/api/v1/messages"];
    assert_eq!(messages["post"]["operationId"], "createGlobalMessage");
    assert_eq!(messages["post"]["tags"], json!(["globalmessages"]));
    assert_eq!(messages["post"]["x-requires-fresh-login"], true);
    let security = json!([{ "oauth2_implicit": ["super:user"] }]);
    assert_eq!(messages["post"]["security"], security);
    let body = &messages["post"]["parameters"][0];
    assert_eq!(body["schema"]["$ref"], "#/definitions/CreateMessage");
    let defined = &document["definitions"]["CreateMessage"]["properties"]["message"];
    let required = json!(["content", "media_type", "severity"]);
    assert_eq!(defined["required"], required);
    let all_tokens = &document["paths"]["/api/v1/superuser/apptokens"];
    assert_eq!(all_tokens["get"]["tags"], json!(["superuser"]));
    let keys = &document["paths"]["/api/v1/superuser/keys/{kid}"];
    assert_eq!(keys["parameters"][0]["name"], "kid");

    let signin = "/api/v1/signin";
    assert!(document["paths"].get(signin).is_none());
    let internal = discovery(server, "?internal=true");
    assert_eq!(internal["paths"][signin]["post"]["x-internal"], true);
    for hidden in ["/api/v1/user/initialize", "/api/v1/superuser/config"] {
        assert!(internal["paths"].get(hidden).is_none(), "{hidden}");
    }
}

#[test]
fn every_reference_in_the_description_leads_somewhere() {
    let document = discovery(shared(), "?internal=true");
    let text = document.to_string();
    let references = text.split("#/definitions/").skip(1);
    let mut seen = 0;
    for name in references.filter_map(|rest| rest.split('"').next()) {
        assert!(document["definitions"].get(name).is_some(), "{name}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn what_is_switched_off_is_not_described() {
    let server = Server::start_empty(&[("accounts.direct_login", "false")]);
    let document = discovery(&server, "?internal=true");
    assert!(document["paths"].get("/api/v1/signin").is_none());
    assert!(document["paths"].get("/api/v1/signout").is_some());
}

#[test]
fn kinds_of_errors_are_explained() {
    let server = shared();
    for kind in [
        "expired_token",
        "fresh_login_required",
        "invalid_token",
        "insufficient_scope",
        "invalid_request",
        "exceeds_license",
        "external_service_timeout",
        "not_found",
        "invalid_response",
    ] {
        let answer = server.get(&format!("/api/v1/error/{kind}")).send();
        let body = answer.expect(200).json();
        assert_eq!(body["title"], kind);
        let url = format!("http://{}/api/v1/error/{kind}", server.address);
        assert_eq!(body["type"], url);
        assert!(body["description"].as_str().unwrap().len() > 10);
    }
    let unknown = server.get("/api/v1/error/zz").send().expect(404);
    assert_eq!(unknown.json()["error_type"], "not_found");
}

#[test]
fn capabilities_follow_the_configuration() {
    let usual = shared().get("/api/v1/registry/capabilities").send();
    let usual = usual.expect(200).json();
    assert_eq!(usual["sparse_manifests"]["supported"], false);
    assert!(usual["mirror_architectures"].is_array());
    let server = Server::start_empty(&[
        ("registry.sparse_manifests", "true"),
        ("registry.anonymous_access", "false"),
    ]);
    let sparse = server.get("/api/v1/registry/capabilities").send();
    assert_eq!(
        sparse.expect(200).json()["sparse_manifests"]["supported"],
        true
    );
    let closed = server.get("/api/v1/error/not_found").send().expect(401);
    assert_eq!(closed.json()["error"], "Anonymous access is not allowed");
    server.get("/api/v1/discovery").send().expect(200);
}

#[test]
fn the_public_configuration_shows_switches_and_no_secrets() {
    let server = Server::start_empty(&[
        ("accounts.user_creation", "false"),
        ("registry.state", "readonly"),
    ]);
    let shown = server.get("/config").send().expect(200);
    let text = shown.text();
    let shown = shown.json();
    let members = [
        "account_recovery_mode",
        "config",
        "external_login",
        "features",
        "oauth",
        "registry_state",
        "version_number",
    ];
    let mut names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, members);
    assert_eq!(shown["registry_state"], "readonly");
    assert_eq!(shown["features"]["USER_CREATION"], false);
    assert_eq!(shown["features"]["SUPER_USERS"], true);
    assert!(shown["features"]["PROGRAMMATIC_BOOTSTRAP"].is_boolean());
    assert_eq!(shown["config"]["AUTHENTICATION_TYPE"], "Database");
    let host = server.address.to_string();
    assert_eq!(shown["config"]["SERVER_HOSTNAME"], host);
    for secret in [
        "BOOTSTRAP_",
        "secret_key",
        "database",
        server.dir.to_str().unwrap(),
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn well_known_places_answer() {
    let server = shared();
    let capabilities = server.get("/.well-known/app-capabilities").send();
    let capabilities = capabilities.expect(200).json();
    assert_eq!(capabilities["appName"], "io.quay");
    let security = &capabilities["capabilities"]["io.quay.manifest-security"];
    let template = security["rest-api-template"].as_str().unwrap();
    assert!(template.ends_with("/{namespace}/{reponame}/manifest/{digest}/security"));

    let change = "/.well-known/change-password";
    server.get(change).send().expect(401);
    let browser = Browser::sign_in(server, ACCOUNT, PASSWORD);
    let cookie = format!("_csrf_token={}", browser.cookie.unwrap());
    let led = server.get(change).header("Cookie", &cookie).send();
    let led = led.expect(302);
    assert_eq!(led.header("location"), Some("/user/admin?tab=settings"));
}

#[test]
fn superusers_write_messages_and_everybody_reads_them() {
    let server = Server::start(&[]);
    server.add_user("mona");
    let message = json!({ "content": "hello", "media_type": "text/markdown", "severity": "info" });
    let body = json!({ "message": message });
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let mut mona = Browser::sign_in(&server, "mona", PASSWORD);
    let mut stranger = Browser::open(&server);
    stranger.post("/messages", &body).expect(401);
    mona.post("/messages", &body).expect(403);
    for (wrong, text) in [
        (
            json!({ "message": { "content": "x" } }),
            "'media_type' is a required property",
        ),
        (json!({ "message": 5 }), "5 is not of type 'object'"),
        (json!({}), "'message' is a required property"),
    ] {
        let refused = admin.post("/messages", &wrong).expect(400).json();
        let first = refused["detail"].as_str().unwrap().lines().next();
        assert_eq!(first, Some(text));
    }
    let made = admin.post("/messages", &body).expect(201);
    assert_eq!(made.text(), "");

    let server = server.kill_and_restart();
    let mut stranger = Browser::open(&server);
    let listed = stranger.get("/messages").expect(200).json();
    let first = &listed["messages"][0];
    for (name, value) in message.as_object().unwrap() {
        assert_eq!(&first[name], value);
    }
    let one = format!("/message/{}", first["uuid"].as_str().unwrap());
    stranger.delete(&one).expect(401);
    Browser::sign_in(&server, "mona", PASSWORD)
        .delete(&one)
        .expect(403);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    admin.delete("/message/1234").expect(204);
    admin.delete(&one).expect(204);
    let left = stranger.get("/messages").expect(200).json();
    assert_eq!(left, json!({ "messages": [] }));
}

#[test]
fn the_configuration_is_dumped_only_when_that_is_switched_on() {
    let path = "/superuser/config";
    let mut refused = Browser::sign_in(shared(), ACCOUNT, PASSWORD);
    refused.get(path).expect(403);
    Browser::open(shared()).get(path).expect(401);

    let server = Server::start(&[("api.superuser_config_dump", "true")]);
    server.add_user("mona");
    Browser::sign_in(&server, "mona", PASSWORD)
        .get(path)
        .expect(403);
    let mut admin = Browser::sign_in(&server, ACCOUNT, PASSWORD);
    let shown = admin.get(path).expect(200).json();
    assert_eq!(shown["config"]["api"]["superuser_config_dump"], true);
    assert_eq!(shown["warning"], json!({}));
    assert_eq!(shown["env"], json!({}));
    assert!(shown["schema"]["properties"]["api"].is_object());
}

#[test]
fn the_registrys_state_and_version_are_told() {
    let mut admin = Browser::sign_in(shared(), ACCOUNT, PASSWORD);
    let status = admin.get("/superuser/registrystatus").expect(200).json();
    assert_eq!(status["status"], "ready");
    let log = admin.get("/superuser/changelog/").expect(200).json();
    assert!(log["log"].as_str().unwrap().starts_with("Slipway "));
    Browser::open(shared())
        .get("/superuser/changelog/")
        .expect(401);
}
