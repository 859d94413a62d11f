//! App-specific tokens: a password of its own for each client of a user.
//!
//! 120 characters: the first half finds the row, the second half is sealed. Quay:
//! `endpoints/api/appspecifictokens.py`, `data/model/appspecifictoken.py`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::random::{UPPER_ALPHANUMERIC, random_token};
pub use slipway_model::app_token::AppToken;
use slipway_model::app_token::{self, NewAppToken};
use slipway_model::audit::{Origin, log};
use slipway_model::{AccountId, namespace};
use uuid::Uuid;

use super::{AccountError, Office, Work};

/// Characters of a token that find its row; as many follow.
pub(crate) const PREFIX_LENGTH: usize = 60;
/// How near its end a token counts as expiring.
const EXPIRING: Duration = Duration::from_secs(30 * 86_400);

/// What the second half of a token is sealed for.
pub(crate) fn context(id: Uuid) -> String {
    format!("app_token:{id}")
}

/// A token with its code.
#[derive(Debug, Clone)]
pub struct AppTokenView {
    /// Its row.
    pub row: AppToken,
    /// The text that logs in.
    pub code: Secret,
}

/// Makes a token.
#[derive(Debug)]
pub struct CreateAppToken {
    /// Whom it speaks for.
    pub account: AccountId,
    /// What it is for.
    pub title: String,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateAppToken {
    type Answer = AppTokenView;

    async fn run(self, office: Arc<Office>) -> Result<AppTokenView, AccountError> {
        let id = Uuid::new_v4();
        let prefix = random_token(UPPER_ALPHANUMERIC, PREFIX_LENGTH)?;
        let secret = random_token(UPPER_ALPHANUMERIC, PREFIX_LENGTH)?;
        let sealed = office.keys.seal(&context(id), secret.expose().as_bytes())?;
        let new = NewAppToken {
            id,
            account: self.account,
            title: &self.title,
            prefix: prefix.expose(),
            sealed_secret: &sealed,
            life_s: office
                .settings
                .app_token_life
                .map(|life| life.as_secs_f64()),
        };
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = app_token::insert_token(&transaction, &new).await?;
        let metadata = describe(id, &self.title);
        let place = self.account.into();
        log(
            &transaction,
            "create_app_specific_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        let code = Secret::new(format!("{}{}", prefix.expose(), secret.expose()));
        Ok(AppTokenView { row, code })
    }
}

fn describe(id: Uuid, title: &str) -> serde_json::Value {
    json!({ "app_specific_token": id, "app_specific_token_title": title })
}

/// Lists tokens, the newest first.
#[derive(Debug)]
pub struct ListAppTokens {
    /// Of which account; all when `None`.
    pub account: Option<AccountId>,
    /// Only those that end soon.
    pub only_expiring: bool,
}

impl Work for ListAppTokens {
    type Answer = Vec<AppToken>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<AppToken>, AccountError> {
        let soon_s = self.only_expiring.then(|| EXPIRING.as_secs_f64());
        Ok(app_token::list_tokens(&office.deps.db, self.account, soon_s).await?)
    }
}

/// Reads a token with its code.
#[derive(Debug)]
pub struct GetAppToken {
    /// Of which account.
    pub account: AccountId,
    /// Which.
    pub id: Uuid,
}

impl Work for GetAppToken {
    type Answer = AppTokenView;

    async fn run(self, office: Arc<Office>) -> Result<AppTokenView, AccountError> {
        let row = app_token::find_token(&office.deps.db, self.account, self.id).await?;
        let row = row.ok_or(AccountError::NotFound)?;
        let secret = office.keys.open(&context(row.id), &row.sealed_secret)?;
        let code = Secret::new(format!("{}{}", row.prefix, secret.expose()));
        Ok(AppTokenView { row, code })
    }
}

/// Revokes a token.
#[derive(Debug)]
pub struct RevokeAppToken {
    /// Of which account.
    pub account: AccountId,
    /// Which.
    pub id: Uuid,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for RevokeAppToken {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let title = app_token::delete_token(&transaction, self.account, self.id).await?;
        let title = title.ok_or(AccountError::NotFound)?;
        // Registry tokens that were given for it end with it.
        namespace::raise_epochs(&transaction, &[self.account.0]).await?;
        let metadata = describe(self.id, &title);
        let place = self.account.into();
        log(
            &transaction,
            "revoke_app_specific_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}
