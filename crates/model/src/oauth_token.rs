//! OAuth tokens. The first half of a token finds its row, the second half is stored as a hash.

use uuid::Uuid;

use crate::ids::AccountId;
use crate::query::{queries, record};

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
    }
}

queries! {
    /// Finds a token that has not expired by its first half.
    fn find_token(prefix: &str) -> maybe OauthToken = FIND_OAUTH_TOKEN;
}
