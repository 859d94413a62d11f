//! App-specific tokens: passwords of a user for one client each.
//!
//! The first half of a token finds its row, the second half is stored sealed, because its user may
//! read it again.

use uuid::Uuid;

use crate::error::ModelError;
use crate::ids::AccountId;
use crate::query::{Run, queries, record};
use crate::statement;

record! {
    /// A token as it logs in.
    pub struct AppSecret {
        /// Its row.
        pub id: Uuid,
        /// Whom it speaks for.
        pub account_id: AccountId,
        /// Its second half, sealed.
        pub sealed_secret: Vec<u8>,
        /// When it expires, Unix seconds.
        pub expires_at_s: Option<i64>,
    }
}

record! {
    /// A token as its user sees it; times are Unix seconds.
    pub struct AppToken {
        /// Its row.
        pub id: Uuid,
        /// What it is for.
        pub title: String,
        /// Its first half.
        pub prefix: String,
        /// Its second half, sealed.
        pub sealed_secret: Vec<u8>,
        /// When it was made.
        pub created_at_s: i64,
        /// When it expires.
        pub expires_at_s: Option<i64>,
        /// When it was last used.
        pub last_accessed_at_s: Option<i64>,
    }
}

queries! {
    /// Finds a token that has not expired by its first half.
    fn find_secret(prefix: &str) -> maybe AppSecret = FIND_APP_SECRET;
    /// Finds a token of an account.
    fn find_token(account: AccountId, id: Uuid) -> maybe AppToken = FIND_APP_TOKEN;
    /// Lists tokens, the newest first: of an account or all; those that end within `soon_s` or all.
    fn list_tokens(account: Option<AccountId>, soon_s: Option<f64>) -> many AppToken = LIST_APP_TOKENS;
    /// Revokes a token; answers its title when there was one.
    fn delete_token(account: AccountId, id: Uuid) -> maybe String = DELETE_APP_TOKEN;
    /// Forgets tokens that ended `ago_s` seconds ago; answers how many.
    fn delete_expired_tokens(ago_s: f64) -> one i64 = DELETE_EXPIRED_APP_TOKENS;
    /// Notes when tokens were last used, Unix seconds.
    fn touch_tokens(ids: &[Uuid], at_s: &[f64]) -> changed = TOUCH_APP_TOKENS;
}

/// A token to make.
#[derive(Debug)]
pub struct NewAppToken<'a> {
    /// Its row.
    pub id: Uuid,
    /// Whom it speaks for.
    pub account: AccountId,
    /// What it is for.
    pub title: &'a str,
    /// Its first half.
    pub prefix: &'a str,
    /// Its second half, sealed.
    pub sealed_secret: &'a [u8],
    /// How long it lives, seconds; for ever when `None`.
    pub life_s: Option<f64>,
}

/// Makes a token.
///
/// # Errors
/// The database's.
pub async fn insert_token(run: &impl Run, token: &NewAppToken<'_>) -> Result<AppToken, ModelError> {
    let params: crate::database::Params<'_> = &[
        &token.id,
        &token.account,
        &token.title,
        &token.prefix,
        &token.sealed_secret,
        &token.life_s,
    ];
    let rows = run.run(&statement::INSERT_APP_TOKEN, params).await?;
    crate::query::take!(one INSERT_APP_TOKEN rows)
}
