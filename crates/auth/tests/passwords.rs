//! Hashing, verifying, the limits on both, and the cache of verified passwords.

#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails is a failed test"
)]

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::task::Poll;
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

/// Holds back every hash until it is opened, so that callers are seen waiting.
struct Gate(Sender<()>);

impl Gate {
    fn open(self) {
        self.0.send(()).unwrap();
    }
}

/// Runs `test` where the only thread for hashes is busy until the gate is opened.
fn behind_a_gate<F: Future<Output = ()>>(test: impl FnOnce(Gate) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (sender, receiver) = channel();
    runtime.block_on(async {
        let guard = tokio::task::spawn_blocking(move || receiver.recv());
        test(Gate(sender)).await;
        assert!(guard.await.unwrap().is_ok(), "the test opened the gate");
    });
}

/// A hash made aside, so that the gate does not stand in its way.
fn stored_hash(password: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(cheap(1).hash(&secret(password))).unwrap()
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
    // The fastest of several runs is little disturbed by other work on the machine; the margin is
    // wide because only missing work is looked for.
    for _ in 0..5 {
        let start = Instant::now();
        assert!(!hasher.verify(&password, &stored).await.unwrap());
        wrong = wrong.min(start.elapsed());
        let start = Instant::now();
        hasher.verify_absent(&password).await.unwrap();
        absent = absent.min(start.elapsed());
    }

    assert!(absent * 8 > wrong, "absent {absent:?}, wrong {wrong:?}");
}

#[test]
fn beyond_the_queue_callers_are_turned_away() {
    behind_a_gate(async |gate: Gate| {
        let (hasher, password) = (cheap(2), secret("correct horse"));
        let mut served = Vec::new();
        for _ in 0..MAX_WAITING + 2 {
            let mut call = Box::pin(hasher.hash(&password));
            assert!(poll!(call.as_mut()).is_pending());
            served.push(call);
        }

        let mut one_too_many = pin!(hasher.hash(&password));
        assert_eq!(
            poll!(one_too_many.as_mut()),
            Poll::Ready(Err(AuthError::Busy))
        );

        gate.open();
        let outcomes = join_all(served).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(hasher.completed(), MAX_WAITING + 2);
        assert!(hasher.hash(&password).await.is_ok(), "the queue drained");
    });
}

#[test]
fn callers_that_leave_give_their_place_back() {
    behind_a_gate(async |gate: Gate| {
        let (hasher, password) = (cheap(1), secret("correct horse"));
        let mut first = Box::pin(hasher.hash(&password));
        assert!(poll!(first.as_mut()).is_pending());
        for _ in 0..MAX_WAITING * 2 {
            let mut leaver = Box::pin(hasher.hash(&password));
            assert!(poll!(leaver.as_mut()).is_pending());
        }
        let mut last = Box::pin(hasher.hash(&password));
        assert!(poll!(last.as_mut()).is_pending());

        gate.open();

        assert!(first.await.is_ok() && last.await.is_ok());
        assert_eq!(hasher.completed(), 2);
    });
}

#[test]
fn a_caller_that_leaves_does_not_let_one_hash_too_many_run() {
    behind_a_gate(async |gate: Gate| {
        let (hasher, password) = (cheap(1), secret("correct horse"));
        let mut leaver = Box::pin(hasher.hash(&password));
        assert!(poll!(leaver.as_mut()).is_pending());
        drop(leaver);

        // Its hash is still to come and holds the only turn.
        assert_eq!((hasher.running(), hasher.waiting()), (1, 0));
        let mut next = Box::pin(hasher.hash(&password));
        assert!(poll!(next.as_mut()).is_pending());
        assert_eq!((hasher.running(), hasher.waiting()), (1, 1));

        gate.open();
        assert!(next.await.is_ok());
        assert_eq!((hasher.running(), hasher.waiting()), (0, 0));
        assert_eq!(hasher.completed(), 2);
    });
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

#[test]
fn a_storm_of_equal_logins_costs_one_hash() {
    let stored = stored_hash("correct horse");
    for (text, expected) in [("correct horse", true), ("wrong horse", false)] {
        behind_a_gate(async |gate: Gate| {
            let (hasher, cache, now) = (cheap(2), cache(8), Instant::now());
            let password = secret(text);
            let mut logins = Vec::new();
            for _ in 0..400 {
                let mut login = Box::pin(cache.verify(&hasher, ALICE, &password, &stored, now));
                assert!(poll!(login.as_mut()).is_pending());
                logins.push(login);
            }

            gate.open();
            let outcomes = join_all(logins).await;

            assert!(outcomes.iter().all(|outcome| *outcome == Ok(expected)));
            assert_eq!(hasher.completed(), 1, "{text}");
        });
    }
}

#[test]
fn a_leader_that_leaves_hands_the_check_on() {
    let stored = stored_hash("correct horse");
    behind_a_gate(async |gate: Gate| {
        let (hasher, cache, now) = (cheap(1), cache(8), Instant::now());
        let password = secret("correct horse");
        let mut leader = Box::pin(cache.verify(&hasher, ALICE, &password, &stored, now));
        let mut follower = pin!(cache.verify(&hasher, ALICE, &password, &stored, now));
        assert!(poll!(leader.as_mut()).is_pending());
        assert!(poll!(follower.as_mut()).is_pending());

        drop(leader);
        gate.open();

        assert_eq!(follower.await, Ok(true));
        assert!(cache.is_verified(ALICE, &password, &stored, now));
    });
}

#[test]
fn who_comes_after_a_refusal_is_checked_anew() {
    let stored = stored_hash("correct horse");
    behind_a_gate(async |gate: Gate| {
        let (hasher, cache, now) = (cheap(1), cache(8), Instant::now());
        let wrong = secret("wrong horse");
        let mut leader = pin!(cache.verify(&hasher, ALICE, &wrong, &stored, now));
        let mut follower = pin!(cache.verify(&hasher, ALICE, &wrong, &stored, now));
        assert!(poll!(leader.as_mut()).is_pending());
        assert!(poll!(follower.as_mut()).is_pending());
        gate.open();
        assert_eq!(leader.await, Ok(false));

        // The follower shares the refusal but has not collected it yet.
        assert_eq!(
            cache.verify(&hasher, ALICE, &wrong, &stored, now).await,
            Ok(false)
        );

        assert_eq!(hasher.completed(), 2);
        assert_eq!(follower.await, Ok(false));
        assert_eq!(hasher.completed(), 2);
    });
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
