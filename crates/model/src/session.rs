//! Sessions of browsers. The cookie's token is not stored, only its hash.

use crate::ids::AccountId;
use crate::query::{queries, record};

record! {
    /// A session that has not ended.
    pub struct Session {
        /// Whose.
        pub account_id: AccountId,
        /// What a request that changes something must carry.
        pub csrf_token: String,
        /// Seconds since the password was given.
        pub login_age_s: f64,
        /// Seconds since it was last noted that the session is in use.
        pub seen_age_s: f64,
    }
}

queries! {
    /// Begins a session for `life_s` seconds.
    fn insert_session(token_hash: &[u8], account: AccountId, csrf_token: &str, life_s: f64) -> changed = INSERT_SESSION;
    /// Finds a session that has not expired.
    fn find_session(token_hash: &[u8]) -> maybe Session = FIND_SESSION;
    /// Lets a session live `life_s` seconds from now.
    fn touch_session(token_hash: &[u8], life_s: f64) -> changed = TOUCH_SESSION;
    /// Notes that the password was given again, and changes the CSRF token.
    fn renew_login(token_hash: &[u8], csrf_token: &str) -> changed = RENEW_LOGIN;
    /// Ends all sessions of an account; answers how many.
    fn delete_sessions(account: AccountId) -> one i64 = DELETE_SESSIONS;
    /// Ends the sessions of an account but the one with this token.
    fn delete_other_sessions(account: AccountId, kept_hash: &[u8]) -> changed = DELETE_OTHER_SESSIONS;
    /// Forgets sessions that have ended; answers how many.
    fn delete_expired_sessions() -> one i64 = DELETE_EXPIRED_SESSIONS;
}
