//! Service keys as services see them: handing in, replacing and taking back by signed requests.
//!
//! A request is a token signed by the new key itself, which then waits for a superuser, or by an
//! approved key of the same service, which it replaces. A name that is taken is never given to
//! another key.
//!
//! Quay: `endpoints/keyserver/`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use slipway_auth::Secret;
use slipway_auth::jwk::VerifyingKey;
use slipway_auth::service_jwt::{ServiceJwt, ServiceRules};
use slipway_model::Transaction;
use slipway_model::audit::{Origin, Place, log};
use slipway_model::service_key::{self, StoredKey, SubmittedKey};
use slipway_model::superuser_notice;

use super::service_keys::{check_expiry, check_service, delete, notice_path};
use super::{AccountError, Office, Work};

const BY_ROTATION: &str = "ServiceKeyApprovalType.KEY_ROTATION";
const MAX_KID_BYTES: usize = 128;

/// What came with a signed request.
#[derive(Debug)]
pub struct SignedRequest {
    /// The service it claims to come from.
    pub service: String,
    /// The key it is about.
    pub kid: String,
    /// The token.
    pub token: Secret,
    /// This registry's URL, which the token must be meant for.
    pub audience: String,
    /// Where the request comes from.
    pub origin: Origin,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl SignedRequest {
    fn parse(&self) -> Result<ServiceJwt<'_>, AccountError> {
        ServiceJwt::parse(self.token.expose()).map_err(|error| refusal(&error.to_string()))
    }

    fn verify(&self, token: &ServiceJwt<'_>, jwk: &Value) -> Result<(), AccountError> {
        let key = VerifyingKey::from_jwk(jwk).map_err(|error| refusal(&error.to_string()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let rules = ServiceRules {
            issuer: &self.service,
            audience: &self.audience,
            now_s: i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX),
        };
        let verified = token.verify(&key, &rules);
        verified.map_err(|error| refusal(&error.to_string()))
    }

    fn log_members(&self, signer: Option<&str>) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("ip".to_owned(), json!(self.origin.ip));
        members.insert("user_agent".to_owned(), json!(self.user_agent));
        if let Some(signer) = signer {
            members.insert("signer_kid".to_owned(), json!(signer));
        }
        members
    }
}

fn refusal(text: &str) -> AccountError {
    AccountError::Rejected(text.to_owned())
}

/// What became of a key that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFate {
    /// It waits for a superuser.
    Waits,
    /// It stands in for the key that signed the request.
    Replaces,
}

/// Hands in a key.
#[derive(Debug)]
pub struct SubmitKey {
    /// The request.
    pub request: SignedRequest,
    /// The key's public half.
    pub jwk: Value,
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
    /// How often its owner replaces it, seconds.
    pub rotation_duration_s: Option<i64>,
}

impl Work for SubmitKey {
    type Answer = KeyFate;

    async fn run(self, office: Arc<Office>) -> Result<KeyFate, AccountError> {
        check_service(&self.request.service)?;
        check_kid(&self.request.kid)?;
        check_expiry(self.expires_at_s)?;
        let token = self.request.parse()?;
        let jwk = public_jwk(&self.jwk)?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let signer = token.kid().filter(|signer| *signer != self.request.kid);
        let fate = match signer {
            None => {
                self.request.verify(&token, &jwk)?;
                self.submit(&office, &transaction, &jwk).await?;
                KeyFate::Waits
            }
            Some(signer) => {
                let signer = find_signer(&transaction, &self.request.service, signer).await?;
                self.request.verify(&token, &signer.jwk)?;
                self.replace(&transaction, &jwk, &signer).await?;
                KeyFate::Replaces
            }
        };
        transaction.commit().await?;
        Ok(fate)
    }
}

impl SubmitKey {
    async fn submit(
        &self,
        office: &Office,
        transaction: &Transaction<'_>,
        jwk: &Value,
    ) -> Result<(), AccountError> {
        let metadata = json!({ "ip": self.request.origin.ip });
        let rotation_s = self.rotation_duration_s;
        self.insert(transaction, jwk, "", &metadata, rotation_s)
            .await?;
        let notice = json!({
            "kid": self.request.kid,
            "name": "",
            "service": self.request.service,
            "expiration_date": self.expires_at_s,
            "metadata": metadata,
            "rotation_duration": rotation_s,
        });
        let path = notice_path(&self.request.kid);
        superuser_notice::notify_superusers(
            transaction,
            "service_key_submitted",
            &notice,
            &path,
            &office.settings.superusers,
        )
        .await?;
        let members = self.request.log_members(None);
        let kind = "service_key_create";
        self.log(transaction, kind, "", false, members).await
    }

    async fn replace(
        &self,
        transaction: &Transaction<'_>,
        jwk: &Value,
        signer: &StoredKey,
    ) -> Result<(), AccountError> {
        let mut metadata = signer.metadata.clone();
        if let Some(members) = metadata.as_object_mut() {
            members.insert("ip".to_owned(), json!(self.request.origin.ip));
        }
        let rotation_s = signer.rotation_duration_s;
        self.insert(transaction, jwk, &signer.name, &metadata, rotation_s)
            .await?;
        let (kid, approver) = (&self.request.kid, signer.approver_id);
        service_key::approve_key(transaction, kid, BY_ROTATION, approver, &signer.notes).await?;
        service_key::delete_key(transaction, &signer.kid).await?;
        let members = self.request.log_members(Some(&signer.kid));
        let kind = "service_key_rotate";
        self.log(transaction, kind, &signer.name, true, members)
            .await
    }

    async fn insert(
        &self,
        transaction: &Transaction<'_>,
        jwk: &Value,
        name: &str,
        metadata: &Value,
        rotation_duration_s: Option<i64>,
    ) -> Result<(), AccountError> {
        let submitted = SubmittedKey {
            kid: &self.request.kid,
            service: &self.request.service,
            name,
            jwk,
            metadata,
            expires_at_s: self.expires_at_s,
            rotation_duration_s,
        };
        if service_key::submit_key(transaction, &submitted).await? {
            return Ok(());
        }
        Err(refusal("there is a key of this name"))
    }

    async fn log(
        &self,
        transaction: &Transaction<'_>,
        kind: &str,
        name: &str,
        auto_approved: bool,
        members: Map<String, Value>,
    ) -> Result<(), AccountError> {
        let mut metadata = json!({
            "kid": self.request.kid,
            "preshared": false,
            "service": self.request.service,
            "name": name,
            "expiration_date": self.expires_at_s,
            "auto_approved": auto_approved,
        });
        if let Some(known) = metadata.as_object_mut() {
            known.extend(members);
        }
        let place = Place::default();
        log(transaction, kind, place, &self.request.origin, metadata).await?;
        Ok(())
    }
}

/// Takes a key back; signed by the key itself or by an approved one of its service.
#[derive(Debug)]
pub struct TakeBackKey {
    /// The request.
    pub request: SignedRequest,
}

impl Work for TakeBackKey {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let request = &self.request;
        let token = request.parse()?;
        let signer_kid = token
            .kid()
            .ok_or_else(|| refusal("the token names no key"))?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let service = Some(request.service.as_str());
        let signer = if signer_kid == request.kid {
            let own = service_key::find_key(&transaction, signer_kid, service).await?;
            own.ok_or(AccountError::NotFound)?
        } else {
            find_signer(&transaction, &request.service, signer_kid).await?
        };
        request.verify(&token, &signer.jwk)?;
        let key = service_key::find_key(&transaction, &request.kid, service).await?;
        let key = key.ok_or(AccountError::NotFound)?;
        let members = request.log_members(Some(&signer.kid));
        delete(&transaction, &key, &request.origin, members).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Gets a key of a service, whatever its state.
#[derive(Debug)]
pub struct FindServiceKey {
    /// The service.
    pub service: String,
    /// Its name.
    pub kid: String,
}

impl Work for FindServiceKey {
    type Answer = StoredKey;

    async fn run(self, office: Arc<Office>) -> Result<StoredKey, AccountError> {
        let service = Some(self.service.as_str());
        let found = service_key::find_key(&office.deps.db, &self.kid, service).await?;
        found.ok_or(AccountError::NotFound)
    }
}

/// Finds an approved key of the service that has not expired.
async fn find_signer(
    transaction: &Transaction<'_>,
    service: &str,
    kid: &str,
) -> Result<StoredKey, AccountError> {
    let found = service_key::find_key(transaction, kid, Some(service)).await?;
    let valid = found.filter(|key| key.approved && !key.is_expired);
    valid.ok_or(AccountError::Forbidden)
}

/// The members of a key that are kept: what makes it up, and nothing else that came with it.
fn public_jwk(jwk: &Value) -> Result<Value, AccountError> {
    let key = VerifyingKey::from_jwk(jwk).map_err(|error| refusal(&error.to_string()))?;
    Ok(key.jwk())
}

fn check_kid(kid: &str) -> Result<(), AccountError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    if kid.is_empty() || kid.len() > MAX_KID_BYTES || !kid.chars().all(is_plain) {
        return Err(refusal(
            "the name of a key is 1 to 128 letters, digits, - or _",
        ));
    }
    Ok(())
}
