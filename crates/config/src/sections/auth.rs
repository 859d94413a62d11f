//! Tokens, signing keys, passwords and special accounts.
//!
//! Tokens are signed with keys that the registry makes and replaces by itself; the lives given here
//! must fit each other, see the rules in `rules.rs`.

use std::time::Duration;

use crate::key::section;
use crate::size::ByteSize;

section! {
    /// Tokens, keys and accounts.
    Auth in "auth" {
        /// How long a registry token is valid.
        token_life: Duration = Duration::from_secs(3600),
            range [Duration::from_secs(1), Duration::from_secs(86_400)],
            quay ["REGISTRY_JWT_AUTH_MAX_FRESH_S"];
        /// How far clocks may differ when a token is checked.
        token_leeway: Duration = Duration::from_secs(30),
            range [Duration::ZERO, Duration::from_secs(600)];
        /// How long a key that signs tokens is valid.
        service_key_life: Duration = Duration::from_secs(7200),
            range [Duration::from_secs(60), Duration::from_secs(365 * 86_400)],
            quay ["INSTANCE_SERVICE_KEY_EXPIRATION"];
        /// How often the key that signs tokens is renewed; must be shorter than its life.
        service_key_refresh: Duration = Duration::from_secs(55 * 60),
            range [Duration::from_secs(1), Duration::from_secs(365 * 86_400)],
            quay ["INSTANCE_SERVICE_KEY_REFRESH"];
        /// How long service keys that have expired are still listed.
        expired_key_retention: Duration = Duration::from_secs(7 * 86_400),
            range [Duration::ZERO, Duration::from_secs(3650 * 86_400)],
            quay ["EXPIRED_SERVICE_KEY_TTL_SEC"];
        /// How long service keys that were handed in wait for their approval.
        unapproved_key_retention: Duration = Duration::from_secs(86_400),
            range [Duration::from_secs(1), Duration::from_secs(3650 * 86_400)],
            quay ["UNAPPROVED_SERVICE_KEY_TTL_SEC"];
        /// Names of users that administer the registry.
        superusers: Vec<String> = Vec::new(), quay ["SUPER_USERS", "FEATURE_SUPER_USERS"], flags [reload];
        /// Whether superusers may also read and change what belongs to others.
        superusers_full_access: bool = false, quay ["FEATURE_SUPERUSERS_FULL_ACCESS"], flags [public, reload];
        /// Names of users that may read everything and change nothing of others.
        global_readonly_superusers: Vec<String> = Vec::new(),
            quay ["GLOBAL_READONLY_SUPER_USERS"], flags [reload];
        /// Whether the first user can be made over the API while there is none yet.
        user_initialize: bool = true, quay ["FEATURE_USER_INITIALIZE"], flags [public];
        /// Whether registry clients must log in with encrypted passwords, tokens or as robots; plain
        /// passwords work for signing in only.
        require_encrypted_basic_auth: bool = false, quay ["FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH"], flags [public];
        /// Memory for hashing one password with argon2id.
        argon2_memory: ByteSize = ByteSize::from_mib(19),
            range [ByteSize::from_kib(8), ByteSize::from_gib(4)];
        /// Passes over that memory.
        argon2_iterations: u32 = 2, range [1, 1000];
        /// Passwords hashed at the same time; further logins wait.
        argon2_concurrent: u32 = 2, range [1, 1024];
        /// Checked tokens and credentials kept in memory.
        token_cache_entries: u32 = 10_000, range [1, 10_000_000];
        /// Whether repeated wrong passwords delay further attempts.
        lockout: bool = true;
    }
}
