//! Users as superusers see and change them.
//!
//! Superusers are changed in the configuration only, never by each other.
//!
//! Quay: `endpoints/api/superuser.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::password::validate_password;
use slipway_auth::random::{UPPER_ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
use slipway_model::user::{self, Profile};
use slipway_model::{AccountId, Run, account, session};

use super::change_user::set_password;
use super::user::{check_mailable, check_new_email, find, is_superuser, prepare};
use super::{AccountError, CreatedUser, Office, Work, delete_user, recovery};

const PASSWORD_LENGTH: usize = 32;

/// A user in a superuser's list.
#[derive(Debug, Clone)]
pub struct ManagedUser {
    /// Its row.
    pub profile: Profile,
    /// Whether it administers the registry.
    pub is_superuser: bool,
    /// Whether it reads everything.
    pub is_readonly_superuser: bool,
}

impl ManagedUser {
    fn new(office: &Office, profile: Profile) -> Self {
        Self {
            is_superuser: is_superuser(office, &profile),
            is_readonly_superuser: office.settings.readonly_superusers.contains(&profile.name),
            profile,
        }
    }
}

/// Lists users in the order of their ids.
#[derive(Debug)]
pub struct ListUsers {
    /// After this one.
    pub after: AccountId,
    /// Disabled ones as well.
    pub disabled_too: bool,
    /// How many.
    pub limit: i64,
}

impl Work for ListUsers {
    type Answer = Vec<ManagedUser>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<ManagedUser>, AccountError> {
        let db = &office.deps.db;
        let rows = user::list_users(db, self.after, self.disabled_too, self.limit).await?;
        let managed = rows.into_iter().map(|row| ManagedUser::new(&office, row));
        Ok(managed.collect())
    }
}

/// Finds one user.
#[derive(Debug)]
pub struct GetManagedUser {
    /// Its name.
    pub username: String,
}

impl Work for GetManagedUser {
    type Answer = ManagedUser;

    async fn run(self, office: Arc<Office>) -> Result<ManagedUser, AccountError> {
        let profile = find(&office.deps.db, &self.username).await?;
        Ok(ManagedUser::new(&office, profile))
    }
}

/// Makes a user with a password of our choosing; answers it.
#[derive(Debug)]
pub struct CreateManagedUser {
    /// Its name.
    pub username: String,
    /// Its address.
    pub email: Option<String>,
    /// The superuser's name.
    pub superuser: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateManagedUser {
    type Answer = (CreatedUser, Secret);

    async fn run(self, office: Arc<Office>) -> Result<Self::Answer, AccountError> {
        let email = check_new_email(&office, self.email.as_deref())?;
        let password = random_token(UPPER_ALPHANUMERIC, PASSWORD_LENGTH)?;
        let prepared = prepare(&office, &self.username, &password, &Origin::default()).await;
        let phc = prepared.map_err(|error| self.refusal(error))?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let is_verified = office.outbox.is_none();
        let window_s = office.tag_expiration_s();
        let made = user::create_user(
            &transaction,
            &self.username,
            email,
            &phc,
            is_verified,
            window_s,
        )
        .await;
        let id = made.map_err(|error| self.refusal(error.into()))?;
        if let (false, Some(email)) = (is_verified, email) {
            recovery::ask_to_verify(&office, &transaction, id, &self.username, email).await?;
        }
        let metadata = json!({
            "username": self.username,
            "email": email,
            "superuser": self.superuser,
        });
        log(
            &transaction,
            "user_create",
            id.into(),
            &self.origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        office.wake_mail();
        let created = CreatedUser {
            id,
            encrypted_password: office.encrypt_password(id, &password)?,
            username: self.username.clone(),
            email: email.map(str::to_owned),
            access_token: None,
        };
        Ok((created, password))
    }
}

impl CreateManagedUser {
    fn refusal(&self, error: AccountError) -> AccountError {
        match error {
            AccountError::Taken("The username already exists") => AccountError::Rejected(format!(
                "Username has already been taken by user cannot be reused: {}",
                self.username
            )),
            other => other,
        }
    }
}

/// Changes a user; answers it as it is then.
#[derive(Debug)]
pub struct ChangeManagedUser {
    /// Its name.
    pub username: String,
    /// Its new password.
    pub password: Option<Secret>,
    /// Its new address, which then counts as proven.
    pub email: Option<String>,
    /// Enabled or not.
    pub enabled: Option<bool>,
    /// The superuser's name.
    pub superuser: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for ChangeManagedUser {
    type Answer = ManagedUser;

    async fn run(self, office: Arc<Office>) -> Result<ManagedUser, AccountError> {
        let phc = match &self.password {
            Some(password) => {
                validate_password(password.expose())?;
                Some(office.hasher.hash(password).await?)
            }
            None => None,
        };
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let profile = find(&transaction, &self.username).await?;
        if is_superuser(&office, &profile) {
            let text = "Cannot update a superuser";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        if let Some(phc) = &phc {
            set_password(&office, &transaction, &profile, phc).await?;
            session::delete_sessions(&transaction, profile.id).await?;
            self.log(&transaction, "user_change_password", &profile)
                .await?;
        }
        if let Some(email) = &self.email {
            self.change_email(&office, &transaction, &profile, email)
                .await?;
        }
        match self.enabled {
            Some(enabled) if enabled != profile.enabled => {
                self.set_enabled(&transaction, &profile, enabled).await?;
            }
            _ => {}
        }
        let changed = find(&transaction, &self.username).await?;
        transaction.commit().await?;
        office.wake_mail();
        Ok(ManagedUser::new(&office, changed))
    }
}

impl ChangeManagedUser {
    async fn log(&self, run: &impl Run, kind: &str, profile: &Profile) -> Result<(), AccountError> {
        let metadata = json!({ "username": profile.name, "superuser": self.superuser });
        Ok(log(run, kind, profile.id.into(), &self.origin, metadata).await?)
    }

    async fn change_email(
        &self,
        office: &Office,
        run: &impl Run,
        profile: &Profile,
        email: &str,
    ) -> Result<(), AccountError> {
        let is_new = profile
            .email
            .as_deref()
            .is_none_or(|own| !own.eq_ignore_ascii_case(email));
        if is_new && account::has_email(run, email).await? {
            return Err(AccountError::Taken("The email address is already in use"));
        }
        if office.outbox.is_some() {
            check_mailable(email)?;
        }
        let email = Some(email).filter(|email| !email.is_empty());
        user::set_email(run, profile.id, email).await?;
        let metadata = json!({
            "old_email": profile.email,
            "email": email,
            "superuser": self.superuser,
        });
        let place = profile.id.into();
        Ok(log(run, "user_change_email", place, &self.origin, metadata).await?)
    }

    async fn set_enabled(
        &self,
        run: &impl Run,
        profile: &Profile,
        enabled: bool,
    ) -> Result<(), AccountError> {
        user::set_enabled(run, profile.id, enabled).await?;
        if !enabled {
            session::delete_sessions(run, profile.id).await?;
        }
        let kind = if enabled {
            "user_enable"
        } else {
            "user_disable"
        };
        self.log(run, kind, profile).await
    }
}

/// Deletes a user.
#[derive(Debug)]
pub struct DeleteManagedUser {
    /// Its name.
    pub username: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteManagedUser {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let profile = find(&transaction, &self.username).await?;
        if is_superuser(&office, &profile) {
            let text = "Cannot delete a superuser";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        delete_user::delete(&transaction, &profile, &self.origin).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Mails a user a code to choose a new password; answers the address.
#[derive(Debug)]
pub struct SendRecovery {
    /// Its name.
    pub username: String,
}

impl Work for SendRecovery {
    type Answer = String;

    async fn run(self, office: Arc<Office>) -> Result<String, AccountError> {
        let profile = find(&office.deps.db, &self.username).await?;
        let Some(email) = profile.email.clone() else {
            let text = "the user has no e-mail address";
            return Err(AccountError::Invalid(text.to_owned()));
        };
        recovery::offer_recovery(&office, &profile).await?;
        Ok(email)
    }
}
