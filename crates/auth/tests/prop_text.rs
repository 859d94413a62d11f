//! Properties of everything read from clients: reading never panics, printing reads back.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails is a failed test"
)]

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use slipway_auth::TokenError;
use slipway_auth::challenge::{Challenge, Credentials, parse_authorization};
use slipway_auth::claims::{AccessEntry, Claims, Context, Epoch};
use slipway_auth::jwt::{KeySet, SigningKey, TokenRules, TokenVerifier, sign};
use slipway_auth::scope::{ActionSet, Scope, parse_scope, parse_scopes};

const SERVER: &str = "registry.example:5000";
const NOW_S: i64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap().0);

fn verifier() -> TokenVerifier {
    let mut keys = KeySet::default();
    keys.insert(KEY.verifying_key().clone(), None);
    let rules = TokenRules {
        issuer: "quay".to_owned(),
        audiences: vec![SERVER.to_owned()],
        leeway_s: 30,
        max_fresh_s: 3660,
    };
    TokenVerifier::new(Arc::new(keys), Arc::new(rules))
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-z0-9][a-z0-9._-]{0,12}", 1..5).prop_map(|segments| segments.join("/"))
}

fn some_actions() -> impl Strategy<Value = ActionSet> {
    let names = ["pull", "push", "delete", "*"];
    prop::sample::subsequence(names.to_vec(), 1..=4).prop_map(|names| {
        let actions = names.into_iter().filter_map(ActionSet::from_name);
        actions.fold(ActionSet::EMPTY, ActionSet::union)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_scope_reads_back(path in path(), actions in some_actions(), with_host in any::<bool>()) {
        let requested = if with_host { format!("{SERVER}/{path}") } else { path.clone() };
        let scope = Scope { requested_name: requested, ..Scope::repository(&path, actions) };

        prop_assert_eq!(parse_scope(&scope.to_string(), SERVER), Ok(scope));
    }

    #[test]
    fn printed_scopes_read_back_from_one_parameter(
        scopes in prop::collection::btree_map(path(), some_actions(), 0..6),
    ) {
        let scopes: Vec<Scope> =
            scopes.iter().map(|(path, actions)| Scope::repository(path, *actions)).collect();
        let texts: Vec<String> = scopes.iter().map(Scope::to_string).collect();
        let parameter = texts.join(" ");

        prop_assert_eq!(parse_scopes([parameter.as_str()], SERVER), Ok(scopes));
    }

    #[test]
    fn no_text_breaks_the_reader_of_scopes(text in "\\PC{0,60}", tail in "[a-zA-Z0-9:/,.*_ -]{0,40}") {
        for candidate in [text, format!("repository:{tail}"), tail] {
            if let Ok(scopes) = parse_scopes([candidate.as_str()], SERVER) {
                for scope in scopes {
                    prop_assert!(!scope.actions.is_empty());
                    prop_assert!(!scope.name.bytes().any(|byte| byte.is_ascii_uppercase()));
                    prop_assert!(!scope.name.split('/').any(|part| part.is_empty() || part == ".."));
                }
            }
        }
    }

    #[test]
    fn every_challenge_is_one_line_of_balanced_quotes(realm in any::<String>(), service in any::<String>()) {
        let challenge = Challenge { realm, service, scopes: Vec::new(), error: None };
        let text = challenge.to_string();

        prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let mut quotes = 0;
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => prop_assert!(bytes.next().is_some()),
                b'"' => quotes += 1,
                _ => {}
            }
        }
        prop_assert_eq!(quotes, 4);
    }

    #[test]
    fn a_basic_login_reads_back(username in "[^:\0]{0,20}", password in "[^\0]{0,20}") {
        let header = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        let read = parse_authorization(Some(&header)).unwrap();

        let Credentials::Basic { username: name, password: secret } = read else {
            return Err(TestCaseError::fail("not basic"));
        };
        prop_assert_eq!(name, username);
        prop_assert_eq!(secret.expose(), password);
    }

    #[test]
    fn no_header_breaks_the_reader(text in any::<String>(), value in "[ -~]{0,40}") {
        for candidate in [text, format!("Basic {value}"), format!("Bearer {value}")] {
            let shown = format!("{:?}", parse_authorization(Some(&candidate)));
            prop_assert!(!shown.is_empty());
        }
    }

    #[test]
    fn signed_claims_read_back(
        sub in any::<String>(),
        path in path(),
        actions in some_actions(),
        lifetime_s in 1_i64..=3660,
        principal_id in any::<Option<i64>>(),
        principal_epoch in any::<i64>(),
    ) {
        let claims = Claims {
            iss: "quay".to_owned(),
            aud: SERVER.to_owned(),
            nbf: NOW_S,
            iat: NOW_S,
            exp: NOW_S + lifetime_s,
            sub: sub.clone(),
            jti: Some(path.clone()),
            access: vec![AccessEntry::repository(&path, actions)],
            context: Context::user("uuid", &sub).with_repositories([path.as_str()]),
            slipway: Epoch { principal_id, principal_epoch, namespaces: Vec::new(), unborn: Vec::new() },
        };
        let token = sign(&claims, &KEY).unwrap();

        let read = verifier().verify(&token, NOW_S);

        prop_assert_eq!(read.as_ref(), Ok(&claims));
        prop_assert_eq!(read.unwrap().access[0].action_set(), actions);
    }

    #[test]
    fn no_text_passes_for_a_token(text in any::<String>(), parts in "[A-Za-z0-9_-]{0,30}\\.[A-Za-z0-9_-]{0,30}\\.[A-Za-z0-9_-]{0,30}") {
        for candidate in [text, parts] {
            prop_assert_eq!(verifier().verify(&candidate, NOW_S), Err(TokenError::Malformed));
        }
    }
}
