//! Encrypted passwords: what a user puts into a client's configuration instead of the password.
//!
//! The password is sealed for its account, so the text works nowhere else and ends with the
//! password. Quay: `auth/credentials.py`, `FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_model::AccountId;
use slipway_model::audit::{Origin, log};

use super::admission::Caller;
use super::flood::address_of;
use super::{AccountError, Office, Work, login};

impl Office {
    /// Encrypts an account's password.
    pub(crate) fn encrypt_password(
        &self,
        account: AccountId,
        password: &Secret,
    ) -> Result<String, AccountError> {
        let sealed = self
            .keys
            .seal(&context(account), password.expose().as_bytes())?;
        Ok(STANDARD.encode(sealed))
    }

    /// Decrypts what [`Office::encrypt_password`] made for this account.
    pub(crate) fn decrypt_password(&self, account: AccountId, text: &Secret) -> Option<Secret> {
        let sealed = STANDARD.decode(text.expose()).ok()?;
        self.keys.open(&context(account), &sealed).ok()
    }
}

fn context(account: AccountId) -> String {
    format!("password:{account}")
}

/// Makes the encrypted password of the caller, who gives the password once more.
#[derive(Debug)]
pub struct MakeClientKey {
    /// Who asks.
    pub caller: Caller,
    /// The password.
    pub password: Secret,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for MakeClientKey {
    type Answer = String;

    async fn run(self, office: Arc<Office>) -> Result<String, AccountError> {
        let address = address_of(&self.origin);
        let checked = login::check(&office, self.caller.name(), &self.password, address).await;
        let login = checked.map_err(|error| match error {
            AccountError::WrongPassword => AccountError::Invalid(error.to_string()),
            other => other,
        })?;
        let key = office.encrypt_password(login.id, &self.password)?;
        let place = login.id.into();
        log(
            &office.deps.db,
            "user_generate_client_key",
            place,
            &self.origin,
            json!({}),
        )
        .await?;
        Ok(key)
    }
}
