//! What each token request and each pull costs here: signing, checking a token, deciding.
//!
//! `cargo bench -p slipway-auth`. A plain program: every step runs for a quarter of a second five
//! times and the fastest round counts. It fails when a step takes longer than its bound, which is
//! far above what it takes.
#![expect(clippy::print_stdout, reason = "the numbers are its only purpose")]

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway_auth::api_scope::ScopeSet;
use slipway_auth::claims::{AccessEntry, Claims, Context, Epoch};
use slipway_auth::jwk::SigningKey;
use slipway_auth::jwt::{self, KeySet, TokenRules, TokenVerifier};
use slipway_auth::permission::{
    AccountId, Grants, NamespaceOwner, Principal, Registry, RepositoryFacts, Role, Visibility,
    decide,
};
use slipway_auth::scope::ActionSet;
use slipway_auth::seal::KeyRing;
use slipway_auth::token_cache::TokenCache;

const NOW_S: i64 = 1_800_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (key, _) = SigningKey::generate()?;
    let claims = claims();
    measure("sign a token", 500_000.0, || {
        black_box(jwt::sign(black_box(&claims), &key)).is_ok()
    })?;

    let mut keys = KeySet::default();
    keys.insert(key.verifying_key().clone(), None);
    let rules = TokenRules {
        issuer: "quay".to_owned(),
        audiences: vec!["registry.example".to_owned()],
        leeway_s: 30,
        max_fresh_s: 3660,
    };
    let verifier = TokenVerifier::new(Arc::new(keys), Arc::new(rules));
    let token = jwt::sign(&claims, &key)?;
    measure("check a token's signature", 2_000_000.0, || {
        verifier.verify(black_box(&token), NOW_S).is_ok()
    })?;
    let cache = TokenCache::new(NonZeroUsize::new(10_000).ok_or("no entries")?);
    measure("check a token seen before", 5_000.0, || {
        cache.verify(&verifier, black_box(&token), NOW_S).is_ok()
    })?;

    let ring = KeyRing::generate()?;
    let sealed = ring.seal("robot:17", &[b'A'; 64])?;
    measure("open a robot's token", 50_000.0, || {
        ring.open("robot:17", black_box(&sealed)).is_ok()
    })?;

    let owner = NamespaceOwner::Organization(AccountId(9));
    let facts = RepositoryFacts::existing("team", owner, Visibility::Private);
    let grants = Grants {
        repository_role: Some(Role::Write),
        team_role: None,
    };
    let principal = Principal {
        scopes: ScopeSet::parse("repo:write"),
        ..Principal::user(AccountId(1), "user")
    };
    let registry = Registry::default();
    measure("decide a permission", 2_000.0, || {
        let decision = decide(black_box(&principal), &facts, &grants, &registry);
        !decision.granted(ActionSet::ALL).is_empty()
    })
}

fn claims() -> Claims {
    let actions = ActionSet::PULL.union(ActionSet::PUSH);
    Claims {
        iss: "quay".to_owned(),
        aud: "registry.example".to_owned(),
        nbf: NOW_S,
        iat: NOW_S,
        exp: NOW_S + 3600,
        sub: "user".to_owned(),
        jti: None,
        access: vec![AccessEntry::repository("team/app", actions)],
        context: Context::user("5ea0a32b-264d-4914-8064-ba9ec90fa7bb", "user")
            .with_repositories(["team/app"]),
        slipway: Epoch {
            principal_id: Some(1),
            principal_epoch: 1,
            namespaces: vec![(9, 1)],
            unborn: Vec::new(),
        },
    }
}

/// Runs a step again and again; says and bounds the nanoseconds of one.
fn measure(
    name: &str,
    bound_ns: f64,
    mut step: impl FnMut() -> bool,
) -> Result<(), Box<dyn Error>> {
    if !step() {
        return Err(format!("{name}: the step fails").into());
    }
    let mut best_ns = f64::INFINITY;
    for _ in 0..5 {
        let (begun, mut count) = (Instant::now(), 0_u32);
        while begun.elapsed() < Duration::from_millis(250) {
            for _ in 0..16 {
                black_box(step());
            }
            count += 16;
        }
        let total = begun.elapsed().as_secs_f64() * 1e9;
        best_ns = best_ns.min(total / f64::from(count));
    }
    println!("{name}: {best_ns:.0} ns");
    if best_ns > bound_ns {
        return Err(format!("{name}: more than {bound_ns} ns").into());
    }
    Ok(())
}
