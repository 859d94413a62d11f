//! What users change about themselves.
//!
//! A new password ends every other session and outdates the registry tokens; a new name outdates
//! them as well, because they name repositories. Everything a request asks for happens or nothing.
//!
//! Quay: `endpoints/api/user.py`.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use slipway_auth::Secret;
use slipway_auth::password::validate_password;
use slipway_auth::random::{ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
use slipway_model::user::{self, Profile};
use slipway_model::{Run, Transaction, account, confirmation, namespace, session};
use slipway_oci::NamespaceName;

use super::admission::Caller;
use super::session::CSRF_LENGTH;
use super::user::check_mailable;
use super::{AccountError, Office, Work, recovery};
use crate::mail::Letter;

/// Members of a request that are metadata.
const METADATA: [&str; 4] = ["given_name", "family_name", "company", "location"];
/// Members of a request about invoices.
const INVOICING: [&str; 2] = ["invoice_email", "invoice_email_address"];

/// Changes what a request names about its caller; answers the session's new CSRF token when it
/// has one.
#[derive(Debug)]
pub struct ChangeUser {
    /// Who asks.
    pub caller: Caller,
    /// What to change: a checked body.
    pub changes: Map<String, Value>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ChangeUser {
    type Answer = Option<String>;

    async fn run(self, office: Arc<Office>) -> Result<Option<String>, AccountError> {
        let account = self.caller.account().ok_or(AccountError::NotFound)?;
        let password = self.text("password");
        let phc = match password.as_ref() {
            Some(password) => {
                validate_password(password.expose())?;
                Some(office.hasher.hash(password).await?)
            }
            None => None,
        };
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let profile = user::find_profile(&transaction, account).await?;
        let profile = profile.ok_or(AccountError::NotFound)?;
        let csrf = match &phc {
            Some(phc) => {
                self.replace_password(&office, &transaction, &profile, phc)
                    .await?
            }
            None => None,
        };
        self.change_invoicing(&transaction, &profile).await?;
        self.change_tag_expiration(&office, &transaction, &profile)
            .await?;
        self.change_email(&office, &transaction, &profile).await?;
        self.change_metadata(&office, &transaction, &profile)
            .await?;
        self.rename(&office, &transaction, &profile).await?;
        transaction.commit().await?;
        office.wake_mail();
        Ok(csrf)
    }
}

impl ChangeUser {
    fn text(&self, name: &str) -> Option<Secret> {
        self.changes.get(name)?.as_str().map(Secret::from)
    }

    /// The members of the request that are among `names`.
    fn pick(&self, names: &[&str]) -> Map<String, Value> {
        let picked = names.iter().filter_map(|name| {
            let value = self.changes.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        picked.collect()
    }

    async fn log(
        &self,
        run: &impl Run,
        kind: &str,
        profile: &Profile,
        metadata: Value,
    ) -> Result<(), AccountError> {
        Ok(log(run, kind, profile.id.into(), &self.origin, metadata).await?)
    }

    async fn replace_password(
        &self,
        office: &Office,
        transaction: &Transaction<'_>,
        profile: &Profile,
        phc: &str,
    ) -> Result<Option<String>, AccountError> {
        set_password(office, transaction, profile, phc).await?;
        self.log(transaction, "account_change_password", profile, json!({}))
            .await?;
        let Some(token) = &self.caller.session_token else {
            session::delete_sessions(transaction, profile.id).await?;
            return Ok(None);
        };
        let kept = token.sha256();
        session::delete_other_sessions(transaction, profile.id, &kept).await?;
        let csrf = random_token(ALPHANUMERIC, CSRF_LENGTH)?;
        session::renew_login(transaction, &kept, csrf.expose()).await?;
        Ok(Some(csrf.expose().to_owned()))
    }

    async fn change_invoicing(
        &self,
        run: &impl Run,
        profile: &Profile,
    ) -> Result<(), AccountError> {
        let details = self.pick(&INVOICING);
        if details.is_empty() {
            return Ok(());
        }
        let details = Value::Object(details);
        user::change_details(run, profile.id, &details).await?;
        self.log(run, "user_change_invoicing", profile, details)
            .await
    }

    async fn change_tag_expiration(
        &self,
        office: &Office,
        run: &impl Run,
        profile: &Profile,
    ) -> Result<(), AccountError> {
        let Some(seconds) = self.changes.get("tag_expiration_s").and_then(Value::as_i64) else {
            return Ok(());
        };
        let options = &office.settings.users.tag_expiration_options_s;
        if !options
            .as_ref()
            .is_some_and(|options| options.contains(&seconds))
        {
            let text = "Invalid tag expiration option";
            return Err(AccountError::Rejected(text.to_owned()));
        }
        let details = json!({ "tag_expiration_s": seconds });
        user::change_details(run, profile.id, &details).await?;
        let metadata = json!({ "tag_expiration": seconds });
        self.log(run, "user_change_tag_expiration", profile, metadata)
            .await
    }

    async fn change_email(
        &self,
        office: &Office,
        run: &impl Run,
        profile: &Profile,
    ) -> Result<(), AccountError> {
        let Some(email) = self.changes.get("email").and_then(Value::as_str) else {
            return Ok(());
        };
        if Some(email) == profile.email.as_deref() {
            return Ok(());
        }
        let is_own = profile
            .email
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(email));
        if !is_own && account::has_email(run, email).await? {
            return Err(AccountError::Taken("The email address is already in use"));
        }
        if office.outbox.is_some() {
            check_mailable(email)?;
            return recovery::ask_to_change(office, run, profile, email).await;
        }
        let email = Some(email).filter(|email| !email.is_empty());
        recovery::change_email(office, run, profile, email, &self.origin).await
    }

    async fn change_metadata(
        &self,
        office: &Office,
        run: &impl Run,
        profile: &Profile,
    ) -> Result<(), AccountError> {
        let metadata = self.pick(&METADATA);
        if metadata.is_empty() || !office.settings.users.metadata {
            return Ok(());
        }
        user::change_metadata(run, profile.id, &Value::Object(metadata)).await?;
        self.log(run, "user_change_metadata", profile, json!({}))
            .await
    }

    async fn rename(
        &self,
        office: &Office,
        run: &impl Run,
        profile: &Profile,
    ) -> Result<(), AccountError> {
        let name = self.changes.get("username").and_then(Value::as_str);
        let Some(name) = name.filter(|name| *name != profile.name) else {
            return Ok(());
        };
        if !office.settings.users.rename {
            return Ok(());
        }
        NamespaceName::parse(name).map_err(|_| AccountError::InvalidName(name.to_owned()))?;
        user::rename(run, profile.id, name).await?;
        let metadata = json!({ "old_username": profile.name });
        self.log(run, "user_change_name", profile, metadata).await
    }
}

/// Replaces a password, ends mailed codes and registry tokens, and tells the user by mail.
pub(crate) async fn set_password(
    office: &Office,
    run: &impl Run,
    profile: &Profile,
    phc: &str,
) -> Result<(), AccountError> {
    user::set_password(run, profile.id, phc).await?;
    confirmation::delete_codes(run, profile.id).await?;
    namespace::raise_epochs(run, &[profile.id.0]).await?;
    match &profile.email {
        Some(email) if profile.verified => {
            let letter = Letter::PasswordChanged {
                username: &profile.name,
            };
            office.post(run, email, &letter).await
        }
        _ => Ok(()),
    }
}
