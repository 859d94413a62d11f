//! The JSON form of a token's payload, member by member as Quay writes it.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails is a failed test"
)]

use serde_json::{Value, json};
use slipway_auth::claims::{ANONYMOUS_SUBJECT, AccessEntry, Claims, Context, Epoch, Naming};
use slipway_auth::scope::ActionSet;

const NAMING: Naming<'_> = Naming {
    server_name: "localhost:8080",
    library_namespace: "library",
};

fn claims(subject: &str, context: Context, access: Vec<AccessEntry>) -> Claims {
    Claims {
        iss: "quay".to_owned(),
        aud: "localhost:8080".to_owned(),
        nbf: 10,
        iat: 10,
        exp: 3610,
        sub: subject.to_owned(),
        jti: None,
        access,
        context,
        slipway: Epoch::default(),
    }
}

fn context_json(context: Context) -> Value {
    serde_json::to_value(context.with_repositories(["acme/app"])).unwrap()
}

#[test]
fn a_robot_token_reads_as_quays() {
    let actions = ActionSet::PULL.union(ActionSet::PUSH);
    let context = Context::robot("acme+ci").with_repositories(["acme/app"]);
    let robot = claims(
        "acme+ci",
        context,
        vec![AccessEntry::repository("acme/app", actions)],
    );

    let written = serde_json::to_value(&robot).unwrap();

    let expected = json!({
        "iss": "quay", "aud": "localhost:8080", "nbf": 10, "iat": 10, "exp": 3610,
        "sub": "acme+ci",
        "access": [{ "type": "repository", "name": "acme/app", "actions": ["push", "pull"] }],
        "context": {
            "version": 2, "entity_kind": "robot", "entity_reference": "acme+ci",
            "kind": "user", "user": "acme+ci",
            "com.apostille.roots": { "acme/app": "$disabled" },
            "com.apostille.root": "$disabled",
        },
        "slipway": { "principal_epoch": 0 },
    });
    assert_eq!(written, expected);
    assert_eq!(serde_json::from_value::<Claims>(written).unwrap(), robot);
}

#[test]
fn an_anonymous_context_has_the_trust_members_only() {
    let anonymous = claims(ANONYMOUS_SUBJECT, Context::anonymous(), Vec::new());

    let written = serde_json::to_value(&anonymous).unwrap();

    let expected = json!({ "com.apostille.roots": {}, "com.apostille.root": "$disabled" });
    assert_eq!(written["context"], expected);
    assert_eq!(written["sub"], "(anonymous)");
    assert_eq!(written["access"], json!([]));
}

#[test]
fn each_kind_of_credential_has_its_members() {
    let roots = json!({ "acme/app": "$disabled" });
    let cases = [
        (
            Context::user("5ea0", "admin"),
            json!({
                "version": 2, "entity_kind": "user", "entity_reference": "5ea0", "kind": "user",
                "user": "admin", "com.apostille.roots": roots, "com.apostille.root": "$disabled",
            }),
        ),
        (
            Context::oauth_token("abe4", "admin"),
            json!({
                "version": 2, "entity_kind": "oauthtoken", "entity_reference": "abe4",
                "kind": "oauth", "oauth": "abe4", "user": "admin",
                "com.apostille.roots": roots, "com.apostille.root": "$disabled",
            }),
        ),
        (
            Context::app_token("77aa", "admin"),
            json!({
                "version": 2, "entity_kind": "appspecifictoken", "entity_reference": "77aa",
                "kind": "user", "user": "admin",
                "com.apostille.roots": roots, "com.apostille.root": "$disabled",
            }),
        ),
        (
            Context::access_token("code"),
            json!({
                "version": 2, "entity_kind": "token", "entity_reference": "code",
                "kind": "token", "token": "code",
                "com.apostille.roots": roots, "com.apostille.root": "$disabled",
            }),
        ),
    ];
    for (context, expected) in cases {
        assert_eq!(context_json(context), expected);
    }
}

#[test]
fn a_grant_is_found_under_every_way_to_write_the_name() {
    let entries = vec![
        AccessEntry::repository("localhost:8080/acme/app", ActionSet::PULL),
        AccessEntry::repository("acme/app", ActionSet::PUSH),
        AccessEntry::repository("nginx", ActionSet::PULL),
    ];
    let token = claims("admin", Context::anonymous(), entries);

    let both = ActionSet::PULL.union(ActionSet::PUSH);
    assert_eq!(token.granted_on("acme/app", NAMING), both);
    assert_eq!(token.granted_on("library/nginx", NAMING), ActionSet::PULL);
    for other in [
        "acme/app2",
        "acme",
        "app",
        "nginx",
        "acme/nginx",
        "acme/app/sub",
        "",
    ] {
        assert_eq!(token.granted_on(other, NAMING), ActionSet::EMPTY, "{other}");
    }
}

#[test]
fn entries_of_other_types_and_unknown_actions_grant_nothing() {
    let catalog = AccessEntry {
        kind: "registry".to_owned(),
        name: "acme/app".to_owned(),
        actions: vec!["*".to_owned()],
    };
    let odd = AccessEntry {
        kind: "repository".to_owned(),
        name: "acme/app".to_owned(),
        actions: vec!["PULL".to_owned(), "sudo".to_owned()],
    };
    let token = claims("admin", Context::anonymous(), vec![catalog, odd]);

    assert_eq!(token.granted_on("acme/app", NAMING), ActionSet::EMPTY);
}
