//! Users, sessions, and who may do what by default.
//!
//! Sign-in, its life and its limits. Registry tokens and signing keys are in `auth.rs`.

use std::path::PathBuf;
use std::time::Duration;

use crate::host::HostRule;
use crate::key::section;

section! {
    /// Users, sessions and robots.
    Accounts in "accounts" {
        /// Whether people can make accounts for themselves.
        user_creation: bool = true, quay ["FEATURE_USER_CREATION"], flags [public, reload];
        /// Whether only people with the code of a team's invitation can make an account.
        invite_only: bool = false, quay ["FEATURE_INVITE_ONLY_USER_CREATION"], flags [public];
        /// Domains whose addresses, and those of their subdomains, no new account may have.
        refused_email_domains: Vec<String> = Vec::new(),
            quay ["BLACKLISTED_EMAIL_DOMAINS", "FEATURE_BLACKLISTED_EMAILS"];
        /// Whether users may change their names.
        user_rename: bool = false, quay ["FEATURE_USER_RENAME"], flags [public];
        /// Whether users are asked for their names, company and location.
        user_metadata: bool = false, quay ["FEATURE_USER_METADATA"], flags [public];
        /// Whether it is noted when a user was last here.
        user_last_accessed: bool = true, quay ["FEATURE_USER_LAST_ACCESSED"], flags [public];
        /// How long the link in a mail for a forgotten password works.
        recovery_life: Duration = Duration::from_secs(1800),
            range [Duration::from_secs(60), Duration::from_secs(7 * 86_400)],
            quay ["USER_RECOVERY_TOKEN_LIFETIME"];
        /// Whether people can sign in with a user name and a password of this registry.
        direct_login: bool = true, quay ["FEATURE_DIRECT_LOGIN"], flags [public, reload];
        /// How long a browser session lives after it was last used.
        session_timeout: Duration = Duration::from_secs(31 * 86_400),
            range [Duration::from_secs(60), Duration::from_secs(366 * 86_400)],
            quay ["SESSION_TIMEOUT"];
        /// How long after the password was given sensitive operations need it again.
        fresh_login_timeout: Duration = Duration::from_secs(600),
            range [Duration::from_secs(1), Duration::from_secs(366 * 86_400)],
            quay ["FRESH_LOGIN_TIMEOUT"];
        /// Whether users may write only in organizations, not in a namespace of their own.
        restricted_users: bool = false, quay ["FEATURE_RESTRICTED_USERS"], flags [public];
        /// Names of users that are not restricted all the same.
        restricted_users_whitelist: Vec<String> = Vec::new(), quay ["RESTRICTED_USERS_WHITELIST"];
        /// Whether robots of restricted users are restricted as well.
        restricted_robots: bool = true, quay ["RESTRICTED_USER_INCLUDE_ROBOTS"];
        /// Whether robots are switched off: none can be made and none can log in.
        robots_disallow: bool = false, quay ["ROBOTS_DISALLOW"];
        /// Full names of robots, such as `org+robot`, that work all the same.
        robots_whitelist: Vec<String> = Vec::new(), quay ["ROBOTS_WHITELIST"];
        /// Whether users can make app-specific tokens, each a password for one client.
        app_specific_tokens: bool = true, quay ["FEATURE_APP_SPECIFIC_TOKENS"], flags [public];
        /// How long a new app-specific token is valid; for ever when not set.
        app_token_life: Option<Duration> = None, quay ["APP_SPECIFIC_TOKEN_EXPIRATION"];
        /// How long an app-specific token is still listed after it expired.
        app_tokens_kept: Duration = Duration::from_secs(86_400), quay ["EXPIRED_APP_SPECIFIC_TOKEN_GC"];
        /// Whether administrators of an organization can offer a token of its applications to
        /// another user.
        assign_oauth_tokens: bool = true, quay ["FEATURE_ASSIGN_OAUTH_TOKEN"], flags [public];
        /// Named tokens that an OAuth application may have at a time; any number when 0.
        tokens_per_application: u32 = 0, quay ["OAUTH_APPLICATION_MAXIMUM_TOKEN_COUNT"];
        /// Whether users who are in no team of an organization are invited into its teams by mail,
        /// and are in them only when they agree.
        require_team_invite: bool = true, quay ["FEATURE_REQUIRE_TEAM_INVITE"], flags [public];
        /// Whether only superusers can make organizations.
        superusers_org_creation_only: bool = false,
            quay ["FEATURE_SUPERUSERS_ORG_CREATION_ONLY"], flags [public];
        /// Hosts that may be asked although they are inside: names, addresses or networks. What the
        /// registry asks on somebody's behalf, such as the issuer of a robot's outside identity,
        /// must otherwise be a public address, and `https`.
        ssrf_allowed_hosts: Vec<HostRule> = Vec::new(), quay ["SSRF_ALLOWED_HOSTS"];
        /// File with the keys that seal robot tokens and other secrets in the database;
        /// `secret.key` inside `data.dir` when not set. All nodes of a registry need the same one.
        secret_key_file: Option<PathBuf> = None;
    }
}
