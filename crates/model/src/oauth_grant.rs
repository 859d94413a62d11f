//! What users grant to applications: their tokens as they see them, codes that become tokens, and
//! tokens an administrator offers to another user.

use uuid::Uuid;

use crate::error::ModelError;
use crate::ids::{AccountId, ApplicationId};
use crate::query::{Run, queries, record};
use crate::statement;

record! {
    /// A token as the user it speaks for sees it.
    pub struct Grant {
        /// The token's row.
        pub id: Uuid,
        /// Its scopes, separated by spaces.
        pub scope: String,
        /// The application's name.
        pub name: String,
        /// What it does.
        pub description: String,
        /// Its address.
        pub application_uri: String,
        /// The address its picture is made of.
        pub avatar_email: Option<String>,
        /// Its public id.
        pub client_id: String,
        /// Whose the application is.
        pub organization_name: String,
        /// E-mail of whose it is.
        pub organization_email: Option<String>,
    }
}

record! {
    /// A token that was offered to a user.
    pub struct Assignment {
        /// Its row.
        pub id: Uuid,
        /// Scopes, separated by spaces.
        pub scope: String,
        /// Where the browser is sent afterwards.
        pub redirect_uri: String,
        /// `token` or `code`.
        pub response_type: String,
        /// The application's row.
        pub application_id: ApplicationId,
        /// The application's name.
        pub name: String,
        /// What it does.
        pub description: String,
        /// Its address.
        pub application_uri: String,
        /// The address its picture is made of.
        pub avatar_email: Option<String>,
        /// Its public id.
        pub client_id: String,
        /// Whose the application is.
        pub organization_name: String,
        /// E-mail of whose it is.
        pub organization_email: Option<String>,
    }
}

record! {
    /// An authorization code that was taken.
    pub struct Code {
        /// SHA-256 of its second half.
        pub secret_hash: Vec<u8>,
        /// Who granted.
        pub account_id: AccountId,
        /// What was granted, separated by spaces.
        pub scope: String,
        /// Where the code was sent.
        pub redirect_uri: String,
        /// Whether it has not expired.
        pub is_fresh: bool,
    }
}

record! {
    /// The application behind a grant that was ended.
    pub struct EndedGrant {
        /// Its public id.
        pub client_id: String,
        /// Its name.
        pub name: String,
    }
}

queries! {
    /// Lists the grants of an account, or one of them.
    fn list_grants(account: AccountId, only: Option<Uuid>) -> many Grant = LIST_GRANTS;
    /// Ends a grant; answers its application when there was one.
    fn delete_grant(account: AccountId, id: Uuid) -> maybe EndedGrant = DELETE_GRANT;
    /// Lists the scopes an account has granted to an application, each as one text.
    fn list_scopes(application: ApplicationId, account: AccountId) -> many String = LIST_GRANTED_SCOPES;
    /// Takes a code; it works once.
    fn take_code(prefix: &str, application: ApplicationId) -> maybe Code = TAKE_OAUTH_CODE;
    /// Offers a token to a user; `None` when there is no such user.
    fn insert_assignment(
        application: ApplicationId,
        username: &str,
        scope: &str,
        redirect_uri: &str,
        response_type: &str,
    ) -> maybe AccountId = INSERT_ASSIGNMENT;
    /// Lists offers to a user, or one of them.
    fn list_assignments(account: AccountId, only: Option<Uuid>) -> many Assignment = LIST_ASSIGNMENTS;
    /// Takes an offer away.
    fn delete_assignment(account: AccountId, id: Uuid) -> changed = DELETE_ASSIGNMENT;
}

/// A code to make.
#[derive(Debug)]
pub struct NewCode<'a> {
    /// Its first half.
    pub prefix: &'a str,
    /// SHA-256 of its second half.
    pub secret_hash: &'a [u8],
    /// The application it is for.
    pub application: ApplicationId,
    /// Who grants.
    pub account: AccountId,
    /// What is granted, separated by spaces.
    pub scope: &'a str,
    /// Where the code is sent.
    pub redirect_uri: &'a str,
    /// How long it lives, seconds.
    pub life_s: f64,
}

/// Makes a code.
///
/// # Errors
/// The database's.
pub async fn insert_code(run: &impl Run, code: &NewCode<'_>) -> Result<(), ModelError> {
    let params: crate::database::Params<'_> = &[
        &code.prefix,
        &code.secret_hash,
        &code.application,
        &code.account,
        &code.scope,
        &code.redirect_uri,
        &code.life_s,
    ];
    run.run(&statement::INSERT_OAUTH_CODE, params)
        .await
        .map(drop)
}
