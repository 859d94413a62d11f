//! Settings of users: who may make an account, what they may change, and what is recorded.

use std::time::Duration;

/// Settings of users.
#[derive(Debug, Clone)]
pub struct UserSettings {
    /// Whether a new account needs an invitation.
    pub invite_only: bool,
    /// Domains whose addresses no new account may have.
    pub refused_email_domains: Vec<String>,
    /// Whether users may change their names.
    pub rename: bool,
    /// Whether users are asked for names, company and location.
    pub metadata: bool,
    /// Whether it is noted when a user was last here.
    pub last_accessed: bool,
    /// Time machine windows to choose from, seconds; `None` when there is no choice.
    pub tag_expiration_options_s: Option<Vec<i64>>,
    /// Whether signing in and out is recorded.
    pub log_logins: bool,
    /// Whether wrong credentials are recorded.
    pub log_login_failures: bool,
    /// How long a code that replaces a password works.
    pub recovery_life: Duration,
    /// Passwords a minute and network; 0 sets no limit.
    pub signins_per_minute_per_network: u32,
    /// Passwords a minute and name; 0 sets no limit.
    pub signins_per_minute_per_account: u32,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            invite_only: false,
            refused_email_domains: Vec::new(),
            rename: false,
            metadata: false,
            last_accessed: true,
            tag_expiration_options_s: None,
            log_logins: true,
            log_login_failures: false,
            recovery_life: Duration::from_secs(1800),
            signins_per_minute_per_network: 0,
            signins_per_minute_per_account: 0,
        }
    }
}

impl UserSettings {
    /// Says whether an address is of a refused domain or one below it.
    pub(crate) fn refuses(&self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default();
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        self.refused_email_domains.iter().any(|refused| {
            let refused = refused.to_ascii_lowercase();
            let above = domain.strip_suffix(&refused);
            above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::UserSettings;

    #[test]
    fn a_domain_is_refused_with_all_below_it() {
        let settings = UserSettings {
            refused_email_domains: vec!["Bad.example".to_owned()],
            ..UserSettings::default()
        };
        for refused in ["a@bad.example", "a@BAD.example.", "a@sub.bad.example"] {
            assert!(settings.refuses(refused), "{refused}");
        }
        for accepted in [
            "a@notbad.example",
            "bad.example@good.example",
            "a@example",
            "",
        ] {
            assert!(!settings.refuses(accepted), "{accepted}");
        }
    }
}
