//! Service keys: public halves of the keys that sign registry tokens and requests of other services.
//!
//! Our own are published by [`insert_key`] and count at once. Others are submitted and count once
//! they are approved.

use serde_json::Value;

use crate::database::{Database, Params};
use crate::error::ModelError;
use crate::ids::AccountId;
use crate::query::{Run, queries, record};
use crate::statement;

/// A key that tokens may be signed with.
#[derive(Debug, Clone)]
pub struct ServiceKey {
    /// Its name: the thumbprint of its JWK.
    pub kid: String,
    /// Its public half.
    pub jwk: Value,
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
}

/// Publishes a key for `life_s` seconds, or extends it.
///
/// # Errors
/// The database's.
pub async fn insert_key(
    db: &Database,
    service: &str,
    name: &str,
    key: &ServiceKey,
    life_s: f64,
) -> Result<(), ModelError> {
    db.rows(
        &statement::INSERT_KEY,
        &[&key.kid, &service, &name, &key.jwk, &life_s],
    )
    .await
    .map(drop)
}

/// Lists the keys of `service` that are valid.
///
/// # Errors
/// The database's.
pub async fn list_keys(db: &Database, service: &str) -> Result<Vec<ServiceKey>, ModelError> {
    let rows = db.rows(&statement::LIST_KEYS, &[&service]).await?;
    rows.iter()
        .map(|row| {
            Ok(ServiceKey {
                kid: row.try_get(0)?,
                jwk: row.try_get(1)?,
                expires_at_s: row.try_get(2)?,
            })
        })
        .collect()
}

record! {
    /// A service key with what is known of its approval.
    pub struct StoredKey {
        /// Its name, unique among all services.
        pub kid: String,
        /// The service it belongs to.
        pub service: String,
        /// What people call it.
        pub name: String,
        /// Its public half.
        pub jwk: Value,
        /// Free members.
        pub metadata: Value,
        /// It counts.
        pub approved: bool,
        /// How often its owner replaces it, seconds.
        pub rotation_duration_s: Option<i64>,
        /// When it was made, Unix seconds.
        pub created_at_s: i64,
        /// When it expires, Unix seconds.
        pub expires_at_s: Option<i64>,
        /// It has expired by the database's clock.
        pub is_expired: bool,
        /// How it was approved.
        pub approval_type: Option<String>,
        /// When, Unix seconds.
        pub approved_at_s: Option<i64>,
        /// By whom.
        pub approver_id: Option<AccountId>,
        /// What the approver noted.
        pub notes: String,
    }
}

queries! {
    /// Lists the keys of all services, oldest first.
    fn list_all_keys() -> many StoredKey = LIST_ALL_SERVICE_KEYS;
    /// Finds a key, of one service or of any.
    fn find_key(kid: &str, service: Option<&str>) -> maybe StoredKey = FIND_SERVICE_KEY;
    /// Approves a key that waits; zero when there is none.
    fn approve_key(kid: &str, how: &str, approver: Option<AccountId>, notes: &str) -> changed = APPROVE_SERVICE_KEY;
    /// Changes a key; what is `None` stays, and the expiry goes when `never_expires`.
    fn change_key(
        kid: &str,
        name: Option<&str>,
        metadata: Option<&Value>,
        expires_at_s: Option<i64>,
        never_expires: bool,
    ) -> changed = CHANGE_SERVICE_KEY;
    /// Deletes a key.
    fn delete_key(kid: &str) -> changed = DELETE_SERVICE_KEY;
    /// Deletes keys that expired, or wait for approval, for longer than this.
    fn delete_stale_keys(expired_s: f64, unapproved_s: f64) -> changed = DELETE_STALE_SERVICE_KEYS;
}

/// A key that is handed in.
#[derive(Debug, Clone)]
pub struct SubmittedKey<'a> {
    /// Its name.
    pub kid: &'a str,
    /// The service it belongs to.
    pub service: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Its public half.
    pub jwk: &'a Value,
    /// Free members.
    pub metadata: &'a Value,
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
    /// How often its owner replaces it, seconds.
    pub rotation_duration_s: Option<i64>,
}

/// Takes in a key, not approved yet; false when its `kid` is taken.
///
/// # Errors
/// The database's.
pub async fn submit_key(run: &impl Run, key: &SubmittedKey<'_>) -> Result<bool, ModelError> {
    let params: Params<'_> = &[
        &key.kid,
        &key.service,
        &key.name,
        &key.jwk,
        &key.metadata,
        &key.expires_at_s,
        &key.rotation_duration_s,
    ];
    let rows = run.run(&statement::SUBMIT_SERVICE_KEY, params).await?;
    Ok(!rows.is_empty())
}
