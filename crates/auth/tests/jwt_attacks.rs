//! Tokens that must be refused, each with the exact reason, and a few that must not.
//!
//! Tokens are built from parts so that each case differs from a good token in one thing only.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test helper that fails is a failed test"
)]

use std::num::NonZeroUsize;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};
use slipway_auth::TokenError;
use slipway_auth::claims::{AccessEntry, Claims, Context, Epoch};
use slipway_auth::jwt::{
    KeySet, MAX_TOKEN_BYTES, SigningKey, TokenRules, TokenVerifier, VerifyingKey, sign,
};
use slipway_auth::scope::ActionSet;
use slipway_auth::token_cache::TokenCache;

const NOW_S: i64 = 1_800_000_000;
const FOREIGN: &str = include_str!("data/foreign_tokens.json");

struct Bench {
    key: SigningKey,
    verifier: TokenVerifier,
}

fn rules() -> Arc<TokenRules> {
    Arc::new(TokenRules {
        issuer: "quay".to_owned(),
        audiences: vec!["registry.example".to_owned()],
        leeway_s: 30,
        max_fresh_s: 3660,
    })
}

fn foreign() -> Vec<Value> {
    serde_json::from_str(FOREIGN).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A verifier that trusts one key of its own and both keys from outside.
fn bench() -> Bench {
    let (key, _) = SigningKey::generate().unwrap();
    let mut keys = KeySet::default();
    keys.insert(key.verifying_key().clone(), None);
    for outside in foreign() {
        keys.insert(VerifyingKey::from_jwk(&outside["jwk"]).unwrap(), None);
    }
    Bench {
        key,
        verifier: TokenVerifier::new(Arc::new(keys), rules()),
    }
}

fn good_claims() -> Claims {
    Claims {
        iss: "quay".to_owned(),
        aud: "registry.example".to_owned(),
        nbf: NOW_S,
        iat: NOW_S,
        exp: NOW_S + 3600,
        sub: "admin".to_owned(),
        jti: None,
        access: vec![AccessEntry::repository("acme/app", ActionSet::PULL)],
        context: Context::user("5ea0a32b", "admin"),
        slipway: Epoch {
            principal_id: Some(7),
            principal_epoch: 3,
            namespaces: Vec::new(),
            unborn: Vec::new(),
        },
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of the given texts, honestly signed by `key`.
///
/// Signing goes through a PKCS #8 copy because a key signs whole tokens only.
fn signed_texts(header: &str, payload: &str, pkcs8: &[u8]) -> String {
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let generator = ring::rand::SystemRandom::new();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &generator).unwrap();
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = pair.sign(&generator, message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature.as_ref()))
}

/// Signs `header` and `payload` with a fresh trusted key and answers what the verifier says.
///
/// `KID` in the header stands for the key's name.
fn outcome_of_texts(header: &str, payload: &str) -> Result<Claims, TokenError> {
    let (key, pkcs8) = SigningKey::generate().unwrap();
    let mut keys = KeySet::default();
    keys.insert(key.verifying_key().clone(), None);
    let verifier = TokenVerifier::new(Arc::new(keys), rules());
    let token = signed_texts(&header.replace("KID", key.kid()), payload, &pkcs8);
    verifier.verify(&token, NOW_S)
}

const GOOD_HEADER: &str = r#"{"alg":"ES256","kid":"KID","typ":"JWT"}"#;

fn good_payload() -> String {
    serde_json::to_string(&good_claims()).unwrap()
}

/// The outcome for good claims with one member replaced, or removed when `value` is null.
fn outcome_with(member: &str, value: Value) -> Result<Claims, TokenError> {
    let mut claims = serde_json::to_value(good_claims()).unwrap();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
    outcome_of_texts(GOOD_HEADER, &claims.to_string())
}

#[test]
fn a_good_token_comes_back_as_it_was_signed() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();

    let claims = bench.verifier.verify(&token, NOW_S).unwrap();

    assert_eq!(claims, good_claims());
}

#[test]
fn tokens_and_thumbprints_of_other_software_are_accepted() {
    let bench = bench();
    for outside in foreign() {
        let key = VerifyingKey::from_jwk(&outside["jwk"]).unwrap();
        assert_eq!(key.kid(), text(&outside["kid"]));

        let claims = bench
            .verifier
            .verify(text(&outside["token"]), NOW_S)
            .unwrap();

        assert_eq!(claims.sub, "acme+ci");
        assert_eq!(claims.slipway, Epoch::default());
        assert_eq!(
            claims.context,
            Context::robot("acme+ci").with_repositories(["acme/app"])
        );
    }
}

#[test]
fn an_unsigned_token_is_malformed() {
    for algorithm in ["none", "None", "NONE", ""] {
        let bench = bench();
        let header = json!({ "alg": algorithm, "kid": bench.key.kid(), "typ": "JWT" });
        let message = format!("{}.{}", encode(header.to_string()), encode(good_payload()));

        for token in [
            format!("{message}."),
            format!("{message}.{}", encode("x")),
            message,
        ] {
            let outcome = bench.verifier.verify(&token, NOW_S);

            assert_eq!(outcome, Err(TokenError::Malformed), "{algorithm}");
        }
        assert_eq!(bench.verifier.signature_checks(), 0);
    }
}

#[test]
fn an_empty_signature_is_a_bad_one() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    let (message, _) = token.rsplit_once('.').unwrap();

    let outcome = bench.verifier.verify(&format!("{message}."), NOW_S);

    assert_eq!(outcome, Err(TokenError::BadSignature));
}

#[test]
fn a_mac_with_the_public_key_is_malformed() {
    let bench = bench();
    let header = json!({ "alg": "HS256", "kid": bench.key.kid(), "typ": "JWT" });
    let message = format!("{}.{}", encode(header.to_string()), encode(good_payload()));
    let secret = bench.key.jwk().to_string();
    let mac_key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&mac_key, message.as_bytes());

    let outcome = bench
        .verifier
        .verify(&format!("{message}.{}", encode(mac.as_ref())), NOW_S);

    assert_eq!(outcome, Err(TokenError::Malformed));
}

#[test]
fn an_unknown_key_is_refused_before_any_signature_check() {
    let bench = bench();
    let (stranger, _) = SigningKey::generate().unwrap();
    let token = sign(&good_claims(), &stranger).unwrap();

    assert_eq!(
        bench.verifier.verify(&token, NOW_S),
        Err(TokenError::UnknownKey)
    );
    assert_eq!(bench.verifier.signature_checks(), 0);
}

#[test]
fn a_token_signed_by_one_key_in_the_name_of_another_is_refused() {
    let bench = bench();
    let (_, strange_pkcs8) = SigningKey::generate().unwrap();
    let header = GOOD_HEADER.replace("KID", bench.key.kid());
    let token = signed_texts(&header, &good_payload(), &strange_pkcs8);

    assert_eq!(
        bench.verifier.verify(&token, NOW_S),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn a_key_is_trusted_until_the_second_it_expires() {
    let (key, _) = SigningKey::generate().unwrap();
    let mut keys = KeySet::default();
    keys.insert(key.verifying_key().clone(), Some(NOW_S + 10));
    let verifier = TokenVerifier::new(Arc::new(keys), rules());
    let token = sign(&good_claims(), &key).unwrap();

    assert!(verifier.verify(&token, NOW_S + 9).is_ok());
    assert_eq!(
        verifier.verify(&token, NOW_S + 10),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn the_algorithm_must_be_that_of_the_named_key() {
    let bench = bench();
    let outside = foreign();
    let (rsa, ec) = (&outside[0], &outside[1]);
    for (source, algorithm) in [(rsa, "ES256"), (ec, "RS256")] {
        let header = json!({ "alg": algorithm, "kid": source["kid"], "typ": "JWT" });
        let (_, rest) = text(&source["token"]).split_once('.').unwrap();

        let token = format!("{}.{rest}", encode(header.to_string()));

        assert_eq!(
            bench.verifier.verify(&token, NOW_S),
            Err(TokenError::BadSignature)
        );
        assert_eq!(
            bench.verifier.signature_checks(),
            0,
            "the key's kind is checked first"
        );
    }
}

#[test]
fn a_swapped_payload_is_refused() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let mut richer = good_claims();
    richer.access = vec![AccessEntry::repository("acme/app", ActionSet::ADMIN)];
    let swapped = encode(serde_json::to_string(&richer).unwrap());

    let token = format!("{}.{swapped}.{}", parts[0], parts[2]);

    assert_eq!(
        bench.verifier.verify(&token, NOW_S),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn no_byte_of_a_token_can_be_changed() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    for index in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();

        assert!(
            bench.verifier.verify(&changed, NOW_S).is_err(),
            "byte {index}"
        );
    }
}

#[test]
fn every_truncation_is_refused() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    for length in 0..token.len() {
        assert!(
            bench.verifier.verify(&token[..length], NOW_S).is_err(),
            "{length} bytes"
        );
    }
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(
        bench.verifier.verify(message, NOW_S),
        Err(TokenError::Malformed)
    );
    assert_eq!(bench.verifier.verify("", NOW_S), Err(TokenError::Malformed));
    assert_eq!(
        bench.verifier.verify("a.b.c", NOW_S),
        Err(TokenError::Malformed)
    );
    assert_eq!(
        bench.verifier.verify(&format!("{token}.x"), NOW_S),
        Err(TokenError::Malformed)
    );
}

#[test]
fn times_are_checked_to_the_second_with_the_leeway() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    let cases = [
        (NOW_S - 31, Err(TokenError::NotYet)),
        (NOW_S - 30, Ok(())),
        (NOW_S + 3600 + 29, Ok(())),
        (NOW_S + 3600 + 30, Err(TokenError::Expired)),
        (NOW_S + 3600 + 31, Err(TokenError::Expired)),
    ];
    for (now_s, expected) in cases {
        assert_eq!(
            bench.verifier.verify(&token, now_s).map(|_| ()),
            expected,
            "at {now_s}"
        );
    }
}

#[test]
fn each_claim_is_checked_by_itself() {
    let cases = [
        ("nbf", json!(NOW_S + 31), TokenError::NotYet),
        ("iat", json!(NOW_S + 31), TokenError::NotYet),
        ("exp", json!(NOW_S - 31), TokenError::Expired),
        ("exp", json!(NOW_S + 3661), TokenError::LifetimeTooLong),
        ("iat", json!(i64::MIN), TokenError::Malformed),
        ("exp", json!(i64::MAX), TokenError::LifetimeTooLong),
        ("iss", json!("quack"), TokenError::WrongIssuer),
        (
            "aud",
            json!("registry.example.evil"),
            TokenError::WrongAudience,
        ),
        ("aud", json!(""), TokenError::WrongAudience),
        ("aud", json!(["registry.example"]), TokenError::Malformed),
        ("exp", json!("1800003600"), TokenError::Malformed),
        ("exp", json!(1_800_003_600.5), TokenError::Malformed),
        ("access", json!("acme/app"), TokenError::Malformed),
        ("exp", Value::Null, TokenError::Malformed),
        ("nbf", Value::Null, TokenError::Malformed),
        ("iat", Value::Null, TokenError::Malformed),
        ("iss", Value::Null, TokenError::Malformed),
        ("aud", Value::Null, TokenError::Malformed),
        ("sub", Value::Null, TokenError::Malformed),
    ];
    for (member, value, expected) in cases {
        assert_eq!(
            outcome_with(member, value.clone()),
            Err(expected),
            "{member} = {value}"
        );
    }
    assert!(outcome_with("exp", json!(NOW_S + 3660)).is_ok());
    assert!(outcome_with("jti", json!("one of a kind")).is_ok());
}

#[test]
fn a_header_that_promises_something_else_is_malformed() {
    let cases = [
        r#"{"kid":"KID","typ":"JWT"}"#,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        r#"{"alg":"ES256","kid":"KID","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","kid":"KID","typ":"JWT","crit":["b64"],"b64":false}"#,
        r#"{"alg":"ES384","kid":"KID","typ":"JWT"}"#,
        r#"{"alg":"es256","kid":"KID","typ":"JWT"}"#,
        r#"{"alg":"none","alg":"ES256","kid":"KID","typ":"JWT"}"#,
        r#"{"alg":"ES256","kid":"x","kid":"KID","typ":"JWT"}"#,
        r#"{"alg":"ES256","kid":"KID","typ":"JWT","x":1,"x":1}"#,
        r#"["ES256","KID","JWT"]"#,
        r#"{"alg":"ES256","kid":"KID","typ":"JWT"} "x""#,
        "",
    ];
    for header in cases {
        let outcome = outcome_of_texts(header, &good_payload());

        assert_eq!(outcome, Err(TokenError::Malformed), "{header}");
    }
    for header in [GOOD_HEADER, r#"{"kid":"KID","alg":"ES256"}"#] {
        assert!(
            outcome_of_texts(header, &good_payload()).is_ok(),
            "{header}"
        );
    }
}

#[test]
fn a_payload_with_one_name_twice_is_malformed() {
    let good = good_payload();
    let cases = [
        good.replacen('{', r#"{"sub":"(anonymous)","#, 1),
        good.replacen('{', r#"{"unknown":1,"unknown":2,"#, 1),
        good.replacen(r#""type""#, r#""name":"acme/other","type""#, 1),
        good.replacen('{', r#"{"s\u0075b":"x","#, 1),
    ];
    for payload in cases {
        assert_ne!(payload, good);
        assert_eq!(
            outcome_of_texts(GOOD_HEADER, &payload),
            Err(TokenError::Malformed)
        );
    }
}

#[test]
fn an_encoding_that_is_not_canonical_is_malformed() {
    let bench = bench();
    let token = sign(&good_claims(), &bench.key).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let padded = URL_SAFE.encode(URL_SAFE_NO_PAD.decode(parts[2]).unwrap());
    assert!(
        padded.ends_with("=="),
        "64 bytes need two padding characters"
    );
    let with_signature = |signature: &str| format!("{}.{}.{signature}", parts[0], parts[1]);
    // Of the last character of 86 only two bits count; the four others must be zero.
    let loose = {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = *parts[2].as_bytes().last().unwrap();
        let index = alphabet.iter().position(|byte| *byte == last).unwrap();
        let mut bytes = parts[2].as_bytes().to_vec();
        *bytes.last_mut().unwrap() = alphabet[index | 1];
        String::from_utf8(bytes).unwrap()
    };
    assert_ne!(loose, parts[2]);

    for signature in [
        padded,
        loose,
        format!("{} ", parts[2]),
        format!("{}\n", parts[2]),
    ] {
        let outcome = bench.verifier.verify(&with_signature(&signature), NOW_S);

        assert_eq!(outcome, Err(TokenError::Malformed), "{signature:?}");
    }
    let standard = token.replace('-', "+").replace('_', "/");
    if standard != token {
        assert_eq!(
            bench.verifier.verify(&standard, NOW_S),
            Err(TokenError::Malformed)
        );
    }
}

#[test]
fn a_huge_token_is_refused_by_its_length_alone() {
    let bench = bench();
    let mut claims = good_claims();
    claims.jti = Some("x".repeat(MAX_TOKEN_BYTES));
    let huge = sign(&claims, &bench.key).unwrap();
    let cache = TokenCache::new(NonZeroUsize::MIN);

    assert_eq!(
        bench.verifier.verify(&huge, NOW_S),
        Err(TokenError::TooLong)
    );
    assert_eq!(
        cache.verify(&bench.verifier, &huge, NOW_S),
        Err(TokenError::TooLong)
    );
    assert_eq!(bench.verifier.signature_checks(), 0);
}

#[test]
fn a_cache_hit_costs_no_signature_check() {
    let bench = bench();
    let cache = TokenCache::new(NonZeroUsize::new(8).unwrap());
    let token = sign(&good_claims(), &bench.key).unwrap();

    for _ in 0..5 {
        assert_eq!(
            *cache.verify(&bench.verifier, &token, NOW_S).unwrap(),
            good_claims()
        );
    }

    assert_eq!(bench.verifier.signature_checks(), 1);
    assert_eq!((cache.hits(), cache.misses(), cache.len()), (4, 1, 1));
}

#[test]
fn a_cached_token_still_expires_and_needs_its_key() {
    let bench = bench();
    let cache = TokenCache::new(NonZeroUsize::new(8).unwrap());
    let token = sign(&good_claims(), &bench.key).unwrap();
    cache.verify(&bench.verifier, &token, NOW_S).unwrap();

    let late = cache.verify(&bench.verifier, &token, NOW_S + 3630);
    assert_eq!(late, Err(TokenError::Expired));
    assert!(cache.is_empty());

    cache.verify(&bench.verifier, &token, NOW_S).unwrap();
    let withdrawn = bench.verifier.with_keys(Arc::new(KeySet::default()));
    assert_eq!(
        cache.verify(&withdrawn, &token, NOW_S),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_cached_token_dies_when_its_name_goes_to_another_key() {
    let bench = bench();
    let cache = TokenCache::new(NonZeroUsize::new(8).unwrap());
    let token = sign(&good_claims(), &bench.key).unwrap();
    cache.verify(&bench.verifier, &token, NOW_S).unwrap();
    let (other, _) = SigningKey::generate().unwrap();
    let mut keys = KeySet::default();
    keys.insert_as(
        bench.key.kid().to_owned(),
        other.verifying_key().clone(),
        None,
    );

    let replaced = bench.verifier.with_keys(Arc::new(keys));

    assert_eq!(
        cache.verify(&replaced, &token, NOW_S),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn the_cache_is_bounded_and_keeps_no_refused_token() {
    let bench = bench();
    let cache = TokenCache::new(NonZeroUsize::new(4).unwrap());
    for number in 0..40 {
        let mut claims = good_claims();
        claims.jti = Some(number.to_string());
        let token = sign(&claims, &bench.key).unwrap();
        cache.verify(&bench.verifier, &token, NOW_S).unwrap();
    }
    assert!(cache.len() <= 4);
    cache.clear();

    let bad = cache.verify(&bench.verifier, "a.b.c", NOW_S);

    assert_eq!(bad, Err(TokenError::Malformed));
    assert!(cache.is_empty());
}
