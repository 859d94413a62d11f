//! Users and organizations: their credentials and the epochs that outdate their tokens.

use uuid::Uuid;

use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId};
use crate::query::{queries, record};
use crate::statement;

/// The credentials of a user.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its stable id as clients see it.
    pub uuid: String,
    /// False when disabled.
    pub enabled: bool,
    /// Tokens of an older epoch are refused.
    pub epoch: i64,
    /// PHC string; `None` when the user has no password.
    pub password_phc: Option<String>,
    /// Administers the registry.
    pub superuser: bool,
    /// Wrong passwords from the asking network since the last right one.
    pub failed_logins: i32,
    /// Seconds since the last of them.
    pub since_failure_s: Option<f64>,
}

/// Finds the credentials behind a user name or e-mail, for somebody of `network`.
///
/// # Errors
/// The database's.
pub async fn find_login(
    db: &Database,
    name: &str,
    network: &str,
) -> Result<Option<Login>, ModelError> {
    let Some(row) = db.row(&statement::FIND_LOGIN, &[&name, &network]).await? else {
        return Ok(None);
    };
    Ok(Some(Login {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        enabled: row.try_get(2)?,
        epoch: row.try_get(3)?,
        uuid: row.try_get(4)?,
        password_phc: row.try_get(5)?,
        superuser: row.try_get(6)?,
        failed_logins: row.try_get(7)?,
        since_failure_s: row.try_get(8)?,
    }))
}

record! {
    /// Who an account is.
    pub struct Identity {
        /// Its row.
        pub id: AccountId,
        /// Its name.
        pub name: String,
        /// False when disabled.
        pub enabled: bool,
        /// Tokens of an older epoch are refused.
        pub epoch: i64,
        /// What tokens call it.
        pub uuid: Uuid,
        /// Whether it administers the registry.
        pub superuser: bool,
        /// Its address.
        pub email: Option<String>,
        /// Whether that address was proven.
        pub verified: bool,
    }
}

queries! {
    /// Finds a user that is not deleted.
    fn find_identity(id: AccountId) -> maybe Identity = FIND_IDENTITY;
    /// Says whether a user has this address.
    fn has_email(email: &str) -> one bool = HAS_EMAIL;
}

/// A user to make.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// Its name, unique among users and organizations.
    pub name: &'a str,
    /// Its address, if it has one.
    pub email: Option<&'a str>,
    /// PHC string of its password.
    pub password_phc: &'a str,
    /// Whether it administers the registry.
    pub superuser: bool,
    /// Its time machine window, seconds.
    pub tag_expiration_s: i64,
    /// Only when no user exists yet.
    pub only_first: bool,
}

/// Makes a user; `None` when `only_first` held it back.
///
/// # Errors
/// [`ModelError::Conflict`] when the name or the e-mail is taken.
pub async fn insert_user(
    db: &Database,
    user: &NewUser<'_>,
) -> Result<Option<(AccountId, String)>, ModelError> {
    let params: crate::database::Params<'_> = &[
        &user.name,
        &user.email,
        &user.password_phc,
        &user.superuser,
        &user.tag_expiration_s,
        &user.only_first,
    ];
    match db.row(&statement::INSERT_USER, params).await? {
        Some(row) => Ok(Some((row.try_get(0)?, row.try_get(1)?))),
        None => Ok(None),
    }
}

/// Counts a wrong password from `network`.
///
/// # Errors
/// The database's.
pub async fn record_failure(db: &Database, id: AccountId, network: &str) -> Result<(), ModelError> {
    db.rows(&statement::RECORD_FAILURE, &[&id.0, &network])
        .await
        .map(drop)
}

/// Forgets wrong passwords from `network`.
///
/// # Errors
/// The database's.
pub async fn clear_failures(db: &Database, id: AccountId, network: &str) -> Result<(), ModelError> {
    db.rows(&statement::CLEAR_FAILURES, &[&id.0, &network])
        .await
        .map(drop)
}

/// Enables or disables a user or organization; answers whether it exists.
///
/// # Errors
/// The database's.
pub async fn set_enabled(db: &Database, name: &str, enabled: bool) -> Result<bool, ModelError> {
    Ok(db
        .row(&statement::SET_ENABLED, &[&name, &enabled])
        .await?
        .is_some())
}

/// The present epoch of a principal whose permissions changed of late.
#[derive(Debug, Clone)]
pub struct ChangedEpoch {
    /// The user or organization.
    pub id: NamespaceId,
    /// Tokens of an older one are refused.
    pub epoch: i64,
    /// False when disabled.
    pub enabled: bool,
    /// Its name, when it is new.
    pub new_name: Option<String>,
    /// Who made it, when it is an organization.
    pub created_by: Option<AccountId>,
}

/// Lists principals whose permissions changed in the last `within_s` seconds, and those that are new
/// when `with_new` says so.
///
/// # Errors
/// The database's.
pub async fn list_changed_epochs(
    db: &Database,
    within_s: f64,
    with_new: bool,
) -> Result<Vec<ChangedEpoch>, ModelError> {
    let rows = db
        .rows(&statement::LIST_CHANGED_EPOCHS, &[&within_s, &with_new])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ChangedEpoch {
                id: row.try_get(0)?,
                epoch: row.try_get(1)?,
                enabled: row.try_get(2)?,
                new_name: row.try_get(3)?,
                created_by: row.try_get(4)?,
            })
        })
        .collect()
}

/// Makes an organization; `None` when the name is taken.
///
/// # Errors
/// The database's.
pub async fn insert_organization(
    db: &Database,
    name: &str,
    owner: Option<AccountId>,
    tag_expiration_s: i64,
) -> Result<Option<NamespaceId>, ModelError> {
    let owner = owner.map(|id| id.0);
    let row = db
        .row(
            &statement::INSERT_ORGANIZATION,
            &[&name, &owner, &tag_expiration_s],
        )
        .await?;
    row.map(|row| row.try_get(0).map_err(ModelError::from))
        .transpose()
}
