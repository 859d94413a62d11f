//! Fingerprints of the keys that sealed something in this database.

use crate::query::queries;

queries! {
    /// Notes the fingerprint of the key in use, unless there is one.
    fn insert_key(fingerprint: &[u8]) -> changed = INSERT_SEALING_KEY;
    /// Lists fingerprints, the one in use first.
    fn list_keys() -> many Vec<u8> = LIST_SEALING_KEYS;
}
