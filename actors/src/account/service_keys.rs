//! Service keys as superusers see them: making, approving, changing and deleting.
//!
//! A key that a superuser makes is approved at once, and its private half is shown once and kept
//! nowhere. Every change is followed by an exchange of keys within seconds on every node.
//!
//! Quay: `endpoints/api/superuser.py`, `data/model/service_keys.py`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use slipway_auth::pem::{KeyPair, generate_pair};
use slipway_model::Transaction;
use slipway_model::account::{self, Identity};
use slipway_model::audit::{Origin, Place, log};
use slipway_model::service_key::{self, SubmittedKey};
use slipway_model::superuser_notice;

pub use slipway_model::service_key::StoredKey;

use super::{AccountError, Office, Work};

const BY_SUPERUSER: &str = "ServiceKeyApprovalType.SUPERUSER";
/// The longest name of a service or of a key.
const MAX_NAME_BYTES: usize = 255;

/// A key, and who approved it.
#[derive(Debug, Clone)]
pub struct ShownKey {
    /// The key.
    pub key: StoredKey,
    /// Who approved it, when that was a person.
    pub approver: Option<Approver>,
}

/// Somebody who approved a key.
#[derive(Debug, Clone)]
pub struct Approver {
    /// The user.
    pub identity: Identity,
    /// Administers the registry.
    pub is_superuser: bool,
    /// Reads everything.
    pub is_reader: bool,
}

async fn show(office: &Office, key: StoredKey) -> Result<ShownKey, AccountError> {
    let identity = match key.approver_id {
        Some(id) => account::find_identity(&office.deps.db, id).await?,
        None => None,
    };
    let settings = &office.settings;
    let approver = identity.map(|identity| Approver {
        is_superuser: identity.superuser || settings.superusers.contains(&identity.name),
        is_reader: settings.readonly_superusers.contains(&identity.name),
        identity,
    });
    Ok(ShownKey { key, approver })
}

/// Lists the keys of all services.
#[derive(Debug)]
pub struct ListAllKeys;

impl Work for ListAllKeys {
    type Answer = Vec<ShownKey>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<ShownKey>, AccountError> {
        let mut shown = Vec::new();
        for key in service_key::list_all_keys(&office.deps.db).await? {
            shown.push(show(&office, key).await?);
        }
        Ok(shown)
    }
}

/// Gets one key.
#[derive(Debug)]
pub struct GetKey {
    /// Its name.
    pub kid: String,
}

impl Work for GetKey {
    type Answer = ShownKey;

    async fn run(self, office: Arc<Office>) -> Result<ShownKey, AccountError> {
        let found = service_key::find_key(&office.deps.db, &self.kid, None).await?;
        show(&office, found.ok_or(AccountError::NotFound)?).await
    }
}

/// Makes a key pair whose public half is approved.
#[derive(Debug)]
pub struct MakeKey {
    /// The service it belongs to.
    pub service: String,
    /// What people call it.
    pub name: String,
    /// Free members.
    pub metadata: Map<String, Value>,
    /// What the approver notes.
    pub notes: String,
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
    /// The name of the superuser.
    pub maker: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for MakeKey {
    type Answer = KeyPair;

    async fn run(self, office: Arc<Office>) -> Result<KeyPair, AccountError> {
        check_service(&self.service)?;
        check_expiry(self.expires_at_s)?;
        let pair = generate_pair()?;
        let jwk = pair.key.jwk();
        let mut metadata = self.metadata;
        for (name, value) in [
            ("created_by", json!("superuser")),
            ("creator", json!(self.maker)),
            ("ip", json!(self.origin.ip)),
        ] {
            metadata.entry(name).or_insert(value);
        }
        let metadata = Value::Object(metadata);
        let submitted = SubmittedKey {
            kid: pair.key.kid(),
            service: &self.service,
            name: &self.name,
            jwk: &jwk,
            metadata: &metadata,
            expires_at_s: self.expires_at_s,
            rotation_duration_s: None,
        };
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        if !service_key::submit_key(&transaction, &submitted).await? {
            return Err(AccountError::Internal(
                "a fresh key has a taken name".to_owned(),
            ));
        }
        let kid = pair.key.kid();
        let approver = self.origin.performer;
        service_key::approve_key(&transaction, kid, BY_SUPERUSER, approver, &self.notes).await?;
        let metadata = json!({
            "kid": kid,
            "preshared": true,
            "service": self.service,
            "name": self.name,
            "expiration_date": self.expires_at_s,
            "auto_approved": true,
        });
        for kind in ["service_key_create", "service_key_approve"] {
            let place = Place::default();
            log(&transaction, kind, place, &self.origin, metadata.clone()).await?;
        }
        transaction.commit().await?;
        Ok(pair)
    }
}

/// Changes a key; answers it as it is then.
#[derive(Debug)]
pub struct ChangeKey {
    /// Its name.
    pub kid: String,
    /// What people shall call it.
    pub name: Option<String>,
    /// Its free members.
    pub metadata: Option<Value>,
    /// When it shall expire, Unix seconds: `None` leaves that, `Some(None)` means never.
    pub expires_at_s: Option<Option<i64>>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ChangeKey {
    type Answer = ShownKey;

    async fn run(self, office: Arc<Office>) -> Result<ShownKey, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let key = service_key::find_key(&transaction, &self.kid, None).await?;
        let key = key.ok_or(AccountError::NotFound)?;
        if let Some(expires_at_s) = self.expires_at_s {
            check_expiry(expires_at_s)?;
        }
        let changed = service_key::change_key(
            &transaction,
            &self.kid,
            self.name.as_deref(),
            self.metadata.as_ref(),
            self.expires_at_s.flatten(),
            self.expires_at_s == Some(None),
        )
        .await?;
        if changed == 0 {
            return Err(AccountError::NotFound);
        }
        self.log(&transaction, &key).await?;
        transaction.commit().await?;
        let changed = service_key::find_key(&office.deps.db, &self.kid, None).await?;
        show(&office, changed.ok_or(AccountError::NotFound)?).await
    }
}

impl ChangeKey {
    async fn log(
        &self,
        transaction: &Transaction<'_>,
        old: &StoredKey,
    ) -> Result<(), AccountError> {
        let mut metadata = json!({
            "kid": self.kid,
            "service": old.service,
            "name": self.name.as_deref().unwrap_or(&old.name),
            "expiration_date": self.expires_at_s.unwrap_or(old.expires_at_s),
        });
        let place = Place::default();
        if self.name.is_some() || self.metadata.is_some() {
            let kind = "service_key_modify";
            log(transaction, kind, place, &self.origin, metadata.clone()).await?;
        }
        if self.expires_at_s.is_some() {
            if let Some(members) = metadata.as_object_mut() {
                members.insert("old_expiration_date".to_owned(), json!(old.expires_at_s));
            }
            let kind = "service_key_extend";
            log(transaction, kind, place, &self.origin, metadata).await?;
        }
        Ok(())
    }
}

/// Approves a key; one that is approved stays as it is.
#[derive(Debug)]
pub struct ApproveKey {
    /// Its name.
    pub kid: String,
    /// What the approver notes.
    pub notes: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ApproveKey {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let key = service_key::find_key(&transaction, &self.kid, None).await?;
        let key = key.ok_or(AccountError::NotFound)?;
        let (kid, approver) = (&self.kid, self.origin.performer);
        let approved =
            service_key::approve_key(&transaction, kid, BY_SUPERUSER, approver, &self.notes)
                .await?;
        if approved > 0 {
            superuser_notice::delete_by_path(&transaction, &notice_path(kid)).await?;
            let metadata = json!({
                "kid": kid,
                "service": key.service,
                "name": key.name,
                "expiration_date": key.expires_at_s,
            });
            let place = Place::default();
            log(
                &transaction,
                "service_key_approve",
                place,
                &self.origin,
                metadata,
            )
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Deletes a key.
#[derive(Debug)]
pub struct DeleteKey {
    /// Its name.
    pub kid: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteKey {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let key = service_key::find_key(&transaction, &self.kid, None).await?;
        let key = key.ok_or(AccountError::NotFound)?;
        delete(&transaction, &key, &self.origin, Map::new()).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Deletes a key and logs it with what else is known of the request.
pub(super) async fn delete(
    transaction: &Transaction<'_>,
    key: &StoredKey,
    origin: &Origin,
    extra: Map<String, Value>,
) -> Result<(), AccountError> {
    if service_key::delete_key(transaction, &key.kid).await? == 0 {
        return Err(AccountError::NotFound);
    }
    superuser_notice::delete_by_path(transaction, &notice_path(&key.kid)).await?;
    let mut metadata = extra;
    for (name, value) in [
        ("kid", json!(key.kid)),
        ("service", json!(key.service)),
        ("name", json!(key.name)),
        ("created_date", json!(key.created_at_s)),
        ("expiration_date", json!(key.expires_at_s)),
    ] {
        metadata.insert(name.to_owned(), value);
    }
    let kind = "service_key_delete";
    log(
        transaction,
        kind,
        Place::default(),
        origin,
        Value::Object(metadata),
    )
    .await?;
    Ok(())
}

/// Where notifications about a key are found again.
pub(super) fn notice_path(kid: &str) -> String {
    format!("/service_key_approval/{kid}")
}

/// Checks the name of a service.
pub(super) fn check_service(service: &str) -> Result<(), AccountError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if service.is_empty() || service.len() > MAX_NAME_BYTES || !service.chars().all(is_plain) {
        let shown: String = service.chars().take(80).collect();
        return Err(AccountError::Invalid(format!(
            "Invalid service name: {shown}"
        )));
    }
    Ok(())
}

/// Checks that an expiry lies ahead, and is a time at all.
pub(super) fn check_expiry(expires_at_s: Option<i64>) -> Result<(), AccountError> {
    const LAST_S: i64 = 253_402_300_799;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_s = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    match expires_at_s {
        Some(at_s) if at_s <= now_s => Err(AccountError::Invalid(
            "Expiration date cannot be in the past".to_owned(),
        )),
        Some(at_s) if at_s > LAST_S => Err(AccountError::Invalid(format!(
            "Invalid expiration date: {at_s}"
        ))),
        _ => Ok(()),
    }
}
