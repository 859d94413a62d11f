//! Reading scopes and `Authorization` headers, rendering challenges.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test helper that fails is a failed test"
)]

use slipway_auth::challenge::{
    BasicKind, Challenge, ChallengeError, Credentials, parse_authorization,
};
use slipway_auth::scope::{ActionSet, MAX_SCOPES, Scope, ScopeKind, parse_scope, parse_scopes};
use slipway_auth::{AuthError, ScopeError};

const SERVER: &str = "localhost:8080";

fn actions(names: &[&str]) -> ActionSet {
    let read = |name: &&str| ActionSet::from_name(name).unwrap();
    names
        .iter()
        .map(read)
        .fold(ActionSet::EMPTY, ActionSet::union)
}

#[test]
fn accepted_scopes_say_path_and_actions() {
    let cases: [(&str, &str, &[&str]); 7] = [
        ("repository:acme/app:pull", "acme/app", &["pull"]),
        (
            "repository:acme/app:push,pull",
            "acme/app",
            &["pull", "push"],
        ),
        ("repository:nginx:*", "nginx", &["*"]),
        (
            "repository:acme/team/a.b_c-d:delete",
            "acme/team/a.b_c-d",
            &["delete"],
        ),
        (
            "repository:localhost:8080/acme/app:pull",
            "acme/app",
            &["pull"],
        ),
        (
            "repository:localhost/acme/app:pull",
            "localhost/acme/app",
            &["pull"],
        ),
        ("repository:a/b:pull,pull", "a/b", &["pull"]),
    ];
    for (text, path, names) in cases {
        let scope = parse_scope(text, SERVER).unwrap();

        assert_eq!(scope.kind, ScopeKind::Repository);
        assert_eq!(
            (scope.name.as_str(), scope.actions),
            (path, actions(names)),
            "{text}"
        );
    }
}

#[test]
fn the_name_as_requested_is_kept() {
    let scope = parse_scope("repository:localhost:8080/acme/app:push", SERVER).unwrap();

    assert_eq!(scope.requested_name, "localhost:8080/acme/app");
}

#[test]
fn a_server_name_without_port_is_stripped_too() {
    let scope = parse_scope("repository:quay.example/acme/app:pull", "quay.example").unwrap();

    assert_eq!(scope.name, "acme/app");
    let other = parse_scope("repository:quay.example.evil/acme/app:pull", "quay.example").unwrap();
    assert_eq!(other.name, "quay.example.evil/acme/app");
}

#[test]
fn anything_else_is_refused_in_quays_words() {
    let cases = [
        "bogus",
        "repository",
        "repository:",
        "repository:acme/app",
        "repository:acme/app:",
        "repository:acme/app:pull,",
        "repository:acme/app:,pull",
        "repository:acme/app:admin",
        "repository:acme/app:PULL",
        "repository::pull",
        "repository:/acme/app:pull",
        "repository:acme//app:pull",
        "repository:acme/app/:pull",
        "repository:acme/a~pp:pull",
        "repository:acme/äpp:pull",
        "repository:other:5000/acme/app:pull",
        "repository:localhost:8080/:pull",
        "Repository:acme/app:pull",
        "repository(plugin):acme/app:pull",
        "registry:catalog:pull",
        "registry:catalog",
        "registry:catalog:*,*",
        "registry:other:*",
    ];
    for text in cases {
        let refusal = parse_scope(text, SERVER).unwrap_err();

        assert_eq!(refusal, ScopeError::Undecodable(text.to_owned()));
        assert_eq!(
            refusal.to_string(),
            format!("Unable to decode repository and actions: {text}")
        );
    }
}

#[test]
fn a_path_that_breaks_the_name_rules_is_a_name_error() {
    let long = format!("acme/{}", "a".repeat(600));
    for path in [
        "acme/App",
        "ACME/app",
        "acme/.app",
        "acme/..",
        "./app",
        "acme/-a",
        &long,
    ] {
        let refusal = parse_scope(&format!("repository:{path}:pull"), SERVER).unwrap_err();

        assert_eq!(refusal, ScopeError::Name(path.to_owned()));
    }
}

#[test]
fn several_parameters_and_several_scopes_in_one_are_read_in_order() {
    let parameters = [
        "repository:a/b:pull repository:c/d:push",
        "",
        "registry:catalog:*",
    ];

    let scopes = parse_scopes(parameters, SERVER).unwrap();

    let printed: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    assert_eq!(
        printed,
        [
            "repository:a/b:pull",
            "repository:c/d:push",
            "registry:catalog:*"
        ]
    );
}

#[test]
fn scopes_of_one_repository_are_merged() {
    let scopes = parse_scopes(["repository:a/b:push", "repository:a/b:pull"], SERVER).unwrap();

    assert_eq!(
        scopes,
        [Scope::repository("a/b", actions(&["pull", "push"]))]
    );
}

#[test]
fn one_bad_scope_spoils_the_request() {
    let outcome = parse_scopes(["repository:a/b:pull bogus"], SERVER);

    assert_eq!(outcome, Err(ScopeError::Undecodable("bogus".to_owned())));
}

#[test]
fn the_number_of_scopes_is_limited() {
    let scopes = |count: usize| -> Vec<String> {
        (0..count)
            .map(|number| format!("repository:a/r{number}:pull"))
            .collect()
    };
    let outcome = |texts: &[String]| parse_scopes(texts.iter().map(String::as_str), SERVER);

    assert_eq!(outcome(&scopes(MAX_SCOPES)).unwrap().len(), MAX_SCOPES);
    let refusal = outcome(&scopes(MAX_SCOPES + 1)).unwrap_err();
    assert_eq!(refusal, ScopeError::TooMany { limit: MAX_SCOPES });
}

#[test]
fn what_actions_imply() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&[], &[]),
        (&["pull"], &["pull"]),
        (&["delete"], &["delete"]),
        (&["push"], &["pull", "push", "delete"]),
        (&["*"], &["pull", "push", "delete", "*"]),
    ];
    for (held, implied) in cases {
        assert_eq!(actions(held).implied(), actions(implied));
    }
}

fn challenge() -> Challenge {
    Challenge {
        realm: "http://localhost:8080/v2/auth".to_owned(),
        service: SERVER.to_owned(),
        scopes: Vec::new(),
        error: None,
    }
}

#[test]
fn a_challenge_renders_as_quays() {
    let plain = challenge();
    let mut full = challenge();
    full.scopes = vec![
        Scope::repository("acme/app", actions(&["push", "pull"])),
        Scope::repository("acme/base", ActionSet::PULL),
    ];
    full.error = Some(ChallengeError::InsufficientScope);

    assert_eq!(
        plain.to_string(),
        r#"Bearer realm="http://localhost:8080/v2/auth",service="localhost:8080""#
    );
    assert_eq!(
        full.to_string(),
        concat!(
            r#"Bearer realm="http://localhost:8080/v2/auth",service="localhost:8080","#,
            r#"scope="repository:acme/app:pull,push repository:acme/base:pull","#,
            r#"error="insufficient_scope""#
        )
    );
}

#[test]
fn a_challenge_cannot_break_out_of_its_quotes() {
    let mut hostile = challenge();
    hostile.service = "a\",error=\"x\\\r\nSet-Cookie: b=ü".to_owned();
    hostile.error = Some(ChallengeError::InvalidToken);

    assert_eq!(
        hostile.to_string(),
        concat!(
            r#"Bearer realm="http://localhost:8080/v2/auth","#,
            r#"service="a\",error=\"x\\??Set-Cookie: b=?",error="invalid_token""#
        )
    );
}

fn basic(header: &str) -> (String, String) {
    match parse_authorization(Some(header)).unwrap() {
        Credentials::Basic { username, password } => (username, password.expose().to_owned()),
        other => panic!("not basic: {other:?}"),
    }
}

#[test]
fn basic_logins_are_read() {
    // admin:password, acme+ci:a:b:c, ü:ö, ":".
    assert_eq!(
        basic("Basic YWRtaW46cGFzc3dvcmQ="),
        ("admin".into(), "password".into())
    );
    assert_eq!(
        basic("basic  YWNtZStjaTphOmI6Yw=="),
        ("acme+ci".into(), "a:b:c".into())
    );
    assert_eq!(basic("BASIC w7w6w7Y="), ("ü".into(), "ö".into()));
    assert_eq!(basic("Basic Og=="), (String::new(), String::new()));
}

#[test]
fn bearer_tokens_are_read_and_never_shown() {
    let credentials = parse_authorization(Some("bearer a.b-c_d")).unwrap();

    let Credentials::Bearer(token) = &credentials else {
        panic!("not bearer")
    };
    assert_eq!(token.expose(), "a.b-c_d");
    assert!(!format!("{credentials:?}").contains("a.b-c_d"));
}

#[test]
fn no_header_is_anonymous_and_an_empty_one_is_not() {
    assert!(matches!(
        parse_authorization(None),
        Ok(Credentials::Anonymous)
    ));
    assert!(parse_authorization(Some("")).is_err());
}

#[test]
fn headers_that_cannot_be_read_are_refused() {
    let long = format!("Bearer {}", "a".repeat(30_000));
    let cases = [
        "Basic",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a\u{7f}",
        "Basic !!!",
        "Basic YWRtaW4=",
        "Basic YWRtaW46cGFzc3dvcmQ",
        "Basic //8=",
        "Basic YQA6Yg==",
        &long,
    ];
    for header in cases {
        let outcome = parse_authorization(Some(header));

        assert!(
            matches!(outcome, Err(AuthError::MalformedHeader(_))),
            "{header:.40}"
        );
    }
    let other = parse_authorization(Some("Negotiate abc")).unwrap_err();
    assert_eq!(other, AuthError::UnsupportedScheme("Negotiate".to_owned()));
    let odd = parse_authorization(Some("a\u{1b}[31m abc")).unwrap_err();
    assert_eq!(odd, AuthError::UnsupportedScheme("?".to_owned()));
}

#[test]
fn basic_names_are_sorted_into_quays_kinds() {
    let robot = BasicKind::Robot {
        namespace: "acme".to_owned(),
        short_name: "ci".to_owned(),
    };

    assert_eq!(BasicKind::of("acme+ci"), robot);
    assert_eq!(BasicKind::of("$token"), BasicKind::AccessToken);
    assert_eq!(BasicKind::of("$oauthtoken"), BasicKind::OauthToken);
    assert_eq!(BasicKind::of("$app"), BasicKind::AppToken);
    for name in ["admin", "+ci", "acme+", "$other", "", "+"] {
        assert_eq!(BasicKind::of(name), BasicKind::User(name.to_owned()));
    }
}
