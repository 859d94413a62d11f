//! OAuth tokens. The first half of a token finds its row, the second half is stored as a hash.

use uuid::Uuid;

use crate::error::ModelError;
use crate::ids::{AccountId, ApplicationId};
use crate::query::{Run, queries, record};
use crate::statement;

record! {
    /// A token that has not expired.
    pub struct OauthToken {
        /// Its row.
        pub id: Uuid,
        /// Whom it speaks for.
        pub account_id: AccountId,
        /// SHA-256 of its second half.
        pub secret_hash: Vec<u8>,
        /// Its scopes, separated by spaces.
        pub scope: String,
        /// The application it was made for.
        pub client_id: String,
        /// That application's name.
        pub application_name: String,
        /// When it expires, Unix seconds.
        pub expires_at_s: i64,
    }
}

record! {
    /// A token that was made, or is listed; times are Unix seconds.
    pub struct NewToken {
        /// Its row.
        pub id: Uuid,
        /// Its name, when an administrator made it.
        pub name: Option<String>,
        /// Its scopes, separated by spaces.
        pub scope: String,
        /// When it was made.
        pub created_at_s: i64,
        /// When it expires.
        pub expires_at_s: i64,
        /// When it was last used.
        pub last_accessed_at_s: Option<i64>,
        /// Name of who made it.
        pub created_by: Option<String>,
    }
}

record! {
    /// A named token of an application in a list; times are Unix seconds but for one.
    pub struct NamedToken {
        /// Its row.
        pub id: Uuid,
        /// Its name.
        pub name: Option<String>,
        /// Its scopes, separated by spaces.
        pub scope: String,
        /// When it was made.
        pub created_at_s: i64,
        /// The same in Unix microseconds; where the next page begins.
        pub created_at_us: i64,
        /// When it expires.
        pub expires_at_s: i64,
        /// When it was last used.
        pub last_accessed_at_s: Option<i64>,
        /// Name of who made it.
        pub created_by: Option<String>,
    }
}

queries! {
    /// Finds a token that has not expired by its first half.
    fn find_token(prefix: &str) -> maybe OauthToken = FIND_OAUTH_TOKEN;
    /// Lists named tokens of an application, the newest first, after a position.
    fn list_named(
        application: ApplicationId,
        before_us: Option<i64>,
        before_id: Option<Uuid>,
        limit: i64,
    ) -> many NamedToken = LIST_NAMED_TOKENS;
    /// Revokes a named token; answers the account it spoke for.
    fn delete_named(application: ApplicationId, id: Uuid) -> maybe AccountId = DELETE_NAMED_TOKEN;
    /// Counts named tokens of an application that have not expired.
    fn count_named(application: ApplicationId) -> one i64 = COUNT_NAMED_TOKENS;
    /// Forgets tokens and codes that have ended; answers how many tokens.
    fn delete_expired_tokens() -> one i64 = DELETE_EXPIRED_OAUTH_TOKENS;
    /// Notes when tokens were last used, Unix seconds.
    fn touch_tokens(ids: &[Uuid], at_s: &[f64]) -> changed = TOUCH_OAUTH_TOKENS;
}

/// A token to make.
#[derive(Debug)]
pub struct TokenSeed<'a> {
    /// The application it is for.
    pub application: ApplicationId,
    /// Whom it speaks for.
    pub account: AccountId,
    /// Its first half.
    pub prefix: &'a str,
    /// SHA-256 of its second half.
    pub secret_hash: &'a [u8],
    /// Its scopes, separated by spaces.
    pub scope: &'a str,
    /// Its name, when an administrator makes it.
    pub name: Option<&'a str>,
    /// Who makes it, when it has a name.
    pub created_by: Option<AccountId>,
    /// How long it lives, seconds.
    pub life_s: f64,
}

/// Makes a token.
///
/// # Errors
/// The database's.
pub async fn insert_token(run: &impl Run, seed: &TokenSeed<'_>) -> Result<NewToken, ModelError> {
    let params: crate::database::Params<'_> = &[
        &seed.application,
        &seed.account,
        &seed.prefix,
        &seed.secret_hash,
        &seed.scope,
        &seed.name,
        &seed.created_by,
        &seed.life_s,
    ];
    let rows = run.run(&statement::INSERT_OAUTH_TOKEN, params).await?;
    crate::query::take!(one INSERT_OAUTH_TOKEN rows)
}
