//! Codes that were mailed. Only their hashes are stored.

use crate::ids::AccountId;
use crate::query::{queries, record};

record! {
    /// What a code was good for.
    pub struct TakenCode {
        /// Whose it was.
        pub account_id: AccountId,
        /// The address that replaces the present one.
        pub new_email: Option<String>,
    }
}

queries! {
    /// Keeps a code for `life_s` seconds; `purpose` is `verify_email`, `change_email` or `recover`.
    fn insert_code(
        code_hash: &[u8],
        account: AccountId,
        purpose: &str,
        new_email: Option<&str>,
        life_s: f64,
    ) -> changed = INSERT_CODE;
    /// Uses a code up.
    fn take_code(code_hash: &[u8], is_for_recovery: bool) -> maybe TakenCode = TAKE_CODE;
    /// Says whether a code for this purpose was made within the last minute.
    fn has_recent(account: AccountId, purpose: &str) -> one bool = HAS_RECENT_CODE;
    /// Ends all codes of an account.
    fn delete_codes(account: AccountId) -> changed = DELETE_CODES;
}
