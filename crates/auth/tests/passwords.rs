//! Hashing, verifying, the limits on both, and the cache of verified passwords.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails is a failed test"
)]

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::poll;
use slipway_auth::password::{
    HashingCost, MAX_PASSWORD_BYTES, MAX_WAITING, PasswordHasher, validate_password,
};
use slipway_auth::permission::AccountId;
use slipway_auth::verified_cache::{VERIFIED_FOR, VerifiedCache};
use slipway_auth::{AuthError, PasswordFault, Secret};

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

fn cheap(concurrent: usize) -> PasswordHasher {
    PasswordHasher::new(HashingCost {
        memory_kib: 8,
        iterations: 1,
        concurrent,
    })
    .unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::from(text)
}

#[tokio::test]
async fn a_hash_verifies_its_password_and_no_other() {
    let hasher = cheap(2);
    let stored = hasher.hash(&secret("correct horse")).await.unwrap();

    assert!(
        stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
        "{stored}"
    );
    assert!(
        hasher
            .verify(&secret("correct horse"), &stored)
            .await
            .unwrap()
    );
    assert!(
        !hasher
            .verify(&secret("correct horsf"), &stored)
            .await
            .unwrap()
    );
    assert!(!hasher.verify(&secret(""), &stored).await.unwrap());
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = cheap(2);

    let first = hasher.hash(&secret("correct horse")).await.unwrap();
    let second = hasher.hash(&secret("correct horse")).await.unwrap();

    assert_ne!(first, second);
}

#[tokio::test]
async fn imported_bcrypt_hashes_are_verified() {
    // The first two are of the crypt_blowfish test suite, the last of libxcrypt.
    let cases = [
        (
            "U*U",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ),
        (
            "U*U*",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
        ),
        (
            "correct horse",
            "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        ),
    ];
    let hasher = cheap(2);
    for (password, stored) in cases {
        assert!(
            hasher.verify(&secret(password), stored).await.unwrap(),
            "{stored}"
        );
        assert!(
            !hasher.verify(&secret("other"), stored).await.unwrap(),
            "{stored}"
        );
        assert!(hasher.is_outdated(stored));
    }
}

#[tokio::test]
async fn hashes_of_other_forms_or_too_dear_are_refused() {
    let cases = [
        "",
        "plain text",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0",
        "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$MTIzNDU2Nzg5MDEyMzQ1Ng",
        "$argon2id$v=19$m=8,t=4000000,p=1$c2FsdHNhbHRzYWx0$MTIzNDU2Nzg5MDEyMzQ1Ng",
        "$2b$31$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$2x$05$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$2b$04$short",
        "$2b$",
        "$1$abc$abc",
    ];
    let hasher = cheap(2);
    for stored in cases {
        let outcome = hasher.verify(&secret("password"), stored).await;

        assert!(
            matches!(outcome, Err(AuthError::UnusableHash(_))),
            "{stored}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_overlong_password_is_refused_before_hashing() {
    let hasher = cheap(2);
    let long = secret(&"x".repeat(MAX_PASSWORD_BYTES + 1));
    let refusal = AuthError::PasswordTooLong {
        limit_bytes: MAX_PASSWORD_BYTES,
    };

    assert_eq!(hasher.hash(&long).await, Err(refusal.clone()));
    assert_eq!(hasher.verify_absent(&long).await, Err(refusal));
    assert_eq!(hasher.completed(), 0);
    assert!(
        hasher
            .hash(&secret(&"x".repeat(MAX_PASSWORD_BYTES)))
            .await
            .is_ok()
    );
}

#[test]
fn cost_that_argon2_does_not_admit_is_refused() {
    let outcome = PasswordHasher::new(HashingCost {
        memory_kib: 1,
        iterations: 1,
        concurrent: 1,
    });

    assert!(matches!(outcome, Err(AuthError::InvalidSettings(_))));
    assert!(PasswordHasher::new(HashingCost::default()).is_ok());
}

#[tokio::test]
async fn a_hash_of_another_cost_is_outdated() {
    let stored = cheap(1).hash(&secret("correct horse")).await.unwrap();
    let dearer = PasswordHasher::new(HashingCost {
        memory_kib: 16,
        iterations: 1,
        concurrent: 1,
    })
    .unwrap();

    assert!(!cheap(1).is_outdated(&stored));
    assert!(dearer.is_outdated(&stored));
    assert!(
        dearer
            .verify(&secret("correct horse"), &stored)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn an_absent_user_costs_as_much_as_a_wrong_password() {
    let hasher = PasswordHasher::new(HashingCost {
        memory_kib: 8192,
        iterations: 2,
        concurrent: 1,
    })
    .unwrap();
    let stored = hasher.hash(&secret("correct horse")).await.unwrap();
    let password = secret("wrong horse");
    let mut wrong = Duration::MAX;
    let mut absent = Duration::MAX;
    // The fastest of several runs is little disturbed by other work on the machine.
    for _ in 0..7 {
        let start = Instant::now();
        assert!(!hasher.verify(&password, &stored).await.unwrap());
        wrong = wrong.min(start.elapsed());
        let start = Instant::now();
        hasher.verify_absent(&password).await.unwrap();
        absent = absent.min(start.elapsed());
    }

    let ratio = absent.as_secs_f64() / wrong.as_secs_f64();
    assert!(
        (0.4..2.5).contains(&ratio),
        "absent {absent:?}, wrong {wrong:?}"
    );
}

#[tokio::test]
async fn beyond_the_queue_callers_are_turned_away() {
    let hasher = PasswordHasher::new(HashingCost {
        memory_kib: 1024,
        iterations: 1,
        concurrent: 2,
    })
    .unwrap();
    let asked = MAX_WAITING + 2 + 10;
    // All of them are polled once, in order, before any is polled again.
    let password = secret("correct horse");
    let outcomes = join_all((0..asked).map(|_| hasher.hash(&password))).await;

    let busy = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(AuthError::Busy))
        .count();
    assert_eq!(busy, 10);
    assert_eq!(hasher.completed(), asked - busy);
    assert!(
        hasher.hash(&secret("correct horse")).await.is_ok(),
        "the queue drained"
    );
}

#[tokio::test]
async fn callers_that_leave_give_their_place_back() {
    let hasher = cheap(1);
    let tasks: Vec<_> = (0..MAX_WAITING)
        .map(|_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.hash(&secret("correct horse")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        drop(task.await);
    }

    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(hasher.hash(&secret("correct horse")).await.is_ok());
    }

    assert_eq!(outcomes, [true, true, true]);
}

#[test]
fn passwords_that_may_not_be_chosen() {
    assert_eq!(validate_password("1234567"), Err(PasswordFault::TooShort));
    assert_eq!(validate_password(""), Err(PasswordFault::TooShort));
    assert_eq!(
        validate_password("1234 5678"),
        Err(PasswordFault::Whitespace)
    );
    assert_eq!(
        validate_password("1234\t5678"),
        Err(PasswordFault::Whitespace)
    );
    assert_eq!(
        validate_password("12345678\u{a0}"),
        Err(PasswordFault::Whitespace)
    );
    assert_eq!(
        validate_password(&"x".repeat(1025)),
        Err(PasswordFault::TooLong)
    );
    assert_eq!(validate_password("12345678"), Ok(()));
    assert_eq!(validate_password("öäüßöäüß"), Ok(()));
    assert_eq!(validate_password(&"x".repeat(1024)), Ok(()));
}

fn cache(entries: usize) -> VerifiedCache {
    VerifiedCache::new(NonZeroUsize::new(entries).unwrap()).unwrap()
}

#[tokio::test]
async fn a_verified_password_is_remembered_for_a_minute() {
    let (hasher, cache, now) = (cheap(2), cache(8), Instant::now());
    let password = secret("correct horse");
    let stored = hasher.hash(&password).await.unwrap();
    let hashed = hasher.completed();

    for second in [0, 1, 59] {
        let at = now + Duration::from_secs(second);
        assert!(
            cache
                .verify(&hasher, ALICE, &password, &stored, at)
                .await
                .unwrap()
        );
    }
    assert_eq!(hasher.completed(), hashed + 1);

    assert!(
        cache
            .verify(&hasher, ALICE, &password, &stored, now + VERIFIED_FOR)
            .await
            .unwrap()
    );
    assert_eq!(hasher.completed(), hashed + 2);
}

#[tokio::test]
async fn a_memory_is_of_one_account_password_and_hash() {
    let (hasher, cache, now) = (cheap(2), cache(8), Instant::now());
    let password = secret("correct horse");
    let stored = hasher.hash(&password).await.unwrap();
    let other = hasher.hash(&secret("battery staple")).await.unwrap();
    assert!(
        cache
            .verify(&hasher, ALICE, &password, &stored, now)
            .await
            .unwrap()
    );

    assert!(cache.is_verified(ALICE, &password, &stored, now));
    assert!(!cache.is_verified(BOB, &password, &stored, now));
    assert!(!cache.is_verified(ALICE, &secret("correct horsf"), &stored, now));
    assert!(!cache.is_verified(ALICE, &password, &other, now));
    assert!(
        !cache
            .verify(&hasher, ALICE, &password, &other, now)
            .await
            .unwrap()
    );
    cache.clear();
    assert!(cache.is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_not_remembered() {
    let (hasher, cache, now) = (cheap(2), cache(8), Instant::now());
    let stored = hasher.hash(&secret("correct horse")).await.unwrap();
    let hashed = hasher.completed();

    for _ in 0..3 {
        let wrong = secret("wrong horse");
        assert!(
            !cache
                .verify(&hasher, ALICE, &wrong, &stored, now)
                .await
                .unwrap()
        );
    }

    assert_eq!(hasher.completed(), hashed + 3);
    assert!(cache.is_empty());
}

#[tokio::test]
async fn a_storm_of_equal_logins_costs_one_hash() {
    let (hasher, cache, now) = (cheap(2), cache(8), Instant::now());
    let stored = hasher.hash(&secret("correct horse")).await.unwrap();
    for (text, expected) in [("correct horse", true), ("wrong horse", false)] {
        let before = hasher.completed();
        let password = secret(text);

        // All of them are polled once, in order, before any is polled again.
        let logins = (0..400).map(|_| cache.verify(&hasher, ALICE, &password, &stored, now));
        let outcomes = join_all(logins).await;

        assert!(outcomes.iter().all(|outcome| *outcome == Ok(expected)));
        assert_eq!(hasher.completed(), before + 1, "{text}");
    }
}

#[tokio::test]
async fn a_leader_that_leaves_hands_the_check_on() {
    let hasher = cheap(1);
    let cache = Arc::new(cache(8));
    let password = secret("correct horse");
    let stored = hasher.hash(&password).await.unwrap();
    let now = Instant::now();
    let start = || {
        let (hasher, cache) = (hasher.clone(), Arc::clone(&cache));
        let (password, stored) = (password.clone(), stored.clone());
        tokio::spawn(async move { cache.verify(&hasher, ALICE, &password, &stored, now).await })
    };
    let (leader, follower) = (start(), start());
    tokio::task::yield_now().await;

    leader.abort();

    assert_eq!(follower.await.unwrap(), Ok(true));
    assert!(cache.is_verified(ALICE, &password, &stored, now));
}

#[tokio::test]
async fn who_comes_after_a_refusal_is_checked_anew() {
    let (hasher, cache, now) = (cheap(1), cache(8), Instant::now());
    let (stored, wrong) = (
        hasher.hash(&secret("correct horse")).await.unwrap(),
        secret("wrong"),
    );
    let before = hasher.completed();
    let mut leader = pin!(cache.verify(&hasher, ALICE, &wrong, &stored, now));
    let mut follower = pin!(cache.verify(&hasher, ALICE, &wrong, &stored, now));
    assert!(poll!(leader.as_mut()).is_pending());
    assert!(poll!(follower.as_mut()).is_pending());
    assert_eq!(leader.await, Ok(false));

    // The follower shares the refusal but has not collected it yet.
    assert_eq!(
        cache.verify(&hasher, ALICE, &wrong, &stored, now).await,
        Ok(false)
    );

    assert_eq!(hasher.completed(), before + 2);
    assert_eq!(follower.await, Ok(false));
    assert_eq!(hasher.completed(), before + 2);
}

#[tokio::test]
async fn the_cache_of_verified_passwords_is_bounded() {
    let (hasher, cache, now) = (cheap(2), cache(3), Instant::now());
    let password = secret("correct horse");
    let stored = hasher.hash(&password).await.unwrap();
    for number in 0..10 {
        let account = AccountId(number);
        assert!(
            cache
                .verify(&hasher, account, &password, &stored, now)
                .await
                .unwrap()
        );
    }

    assert_eq!(cache.len(), 3);
    assert!(cache.is_verified(AccountId(9), &password, &stored, now));
    assert!(!cache.is_verified(AccountId(0), &password, &stored, now));
}
