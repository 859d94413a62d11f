//! Public halves of the keys that sign registry tokens.

use serde_json::Value;

use crate::database::Database;
use crate::error::ModelError;
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
