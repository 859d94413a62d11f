//! Keys read from their stored and JSON forms, and the kinds that are turned away.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails is a failed test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use slipway_auth::AuthError;
use slipway_auth::jwt::{SigningKey, VerifyingKey};

fn foreign() -> Vec<Value> {
    serde_json::from_str(include_str!("data/foreign_tokens.json")).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn a_stored_key_signs_for_the_same_name() {
    let (key, pkcs8) = SigningKey::generate().unwrap();

    let again = SigningKey::from_pkcs8(&pkcs8).unwrap();

    assert_eq!(again.kid(), key.kid());
    assert_eq!(again.jwk()["kid"], key.kid());
    assert_eq!(
        VerifyingKey::from_jwk(&again.jwk()).unwrap(),
        *key.verifying_key()
    );
    assert!(!format!("{again:?}").contains("pair"));
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // RFC 7638 section 3.1.
    let modulus = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z",
        "wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5Js",
        "GY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic",
        "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-",
        "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF",
        "Cur-kEgU8awapJzKnqDKgw",
    );
    let jwk = json!({ "kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011" });

    let key = VerifyingKey::from_jwk(&jwk).unwrap();

    assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn keys_of_other_kinds_and_sizes_are_refused() {
    let good = foreign()[0]["jwk"].clone();
    let good_ec = foreign()[1]["jwk"].clone();
    let altered = |base: &Value, member: &str, value: Value| {
        let mut jwk = base.clone();
        jwk[member] = value;
        jwk
    };
    let short = encode([0xc1_u8; 128]);
    let cases = [
        altered(&good, "kty", json!("oct")),
        altered(&good, "n", json!(short)),
        altered(&good, "n", json!("not base64!")),
        altered(&good, "e", json!("AQ")),
        altered(&good, "e", json!("Ag")),
        altered(&good, "d", json!("AQAB")),
        altered(&good, "use", json!("enc")),
        altered(&good, "alg", json!("RS512")),
        altered(&good_ec, "crv", json!("P-384")),
        altered(&good_ec, "x", json!("AQAB")),
        altered(&good_ec, "y", Value::Null),
        altered(&good_ec, "alg", json!("RS256")),
        json!("EC"),
    ];
    for jwk in cases {
        let outcome = VerifyingKey::from_jwk(&jwk);

        assert!(matches!(outcome, Err(AuthError::InvalidKey(_))), "{jwk}");
    }
    assert!(SigningKey::from_pkcs8(b"not a key").is_err());
}
