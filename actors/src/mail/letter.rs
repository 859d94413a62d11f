//! What letters say.
//!
//! Plain text, in our own words. Names come from users and addresses are not looked at as markup
//! anywhere, so there is nothing to escape; line breaks in names cannot occur.

/// A letter to a person.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    /// Asks to prove an address.
    VerifyAddress {
        /// The user's name.
        username: &'a str,
        /// What proves it.
        code: &'a str,
    },
    /// Asks to prove an address that replaces another.
    ChangeAddress {
        /// The user's name.
        username: &'a str,
        /// What proves it.
        code: &'a str,
    },
    /// Lets a forgotten password be replaced.
    RecoverPassword {
        /// The user's name.
        username: &'a str,
        /// What logs it in once.
        code: &'a str,
        /// For how long, minutes.
        life_minutes: u64,
    },
    /// Says that the password was replaced.
    PasswordChanged {
        /// The user's name.
        username: &'a str,
    },
    /// Says, to the old address, that it was replaced.
    AddressChanged {
        /// The user's name.
        username: &'a str,
        /// The new address.
        new_email: &'a str,
    },
    /// Invites to a team.
    TeamInvite {
        /// Who invites.
        inviter: &'a str,
        /// The organization.
        organization: &'a str,
        /// The team.
        team: &'a str,
        /// What accepts.
        code: &'a str,
    },
}

impl Letter<'_> {
    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::VerifyAddress { username, .. } => {
                format!("Please confirm the e-mail address of {username}")
            }
            Self::ChangeAddress { username, .. } => {
                format!("Please confirm the new e-mail address of {username}")
            }
            Self::RecoverPassword { username, .. } => format!("Password recovery for {username}"),
            Self::PasswordChanged { username } => format!("The password of {username} was changed"),
            Self::AddressChanged { username, .. } => {
                format!("The e-mail address of {username} was changed")
            }
            Self::TeamInvite {
                inviter,
                organization,
                team,
                ..
            } => format!("{inviter} invites you to team {team} of {organization}"),
        }
    }

    /// Its text; links begin with `base_url`.
    #[must_use]
    pub fn text(&self, base_url: &str) -> String {
        let body = match self {
            Self::VerifyAddress { username, code } => format!(
                "somebody made the account {username} at {base_url} with this e-mail address.\n\
                 If it was you, open this link to confirm the address:\n\n\
                 {base_url}/confirm?code={code}\n\n\
                 If it was not you, nothing needs to be done."
            ),
            Self::ChangeAddress { username, code } => format!(
                "the account {username} at {base_url} wants to use this e-mail address.\n\
                 Open this link to confirm it:\n\n\
                 {base_url}/confirm?code={code}\n\n\
                 If that account is not yours, nothing needs to be done."
            ),
            Self::RecoverPassword {
                username,
                code,
                life_minutes,
            } => format!(
                "somebody asked for a new password of the account {username} at {base_url}.\n\
                 This link logs you in once, within {life_minutes} minutes, to choose one:\n\n\
                 {base_url}/recovery?code={code}\n\n\
                 If you did not ask, the password stays as it is."
            ),
            Self::PasswordChanged { username } => format!(
                "the password of the account {username} at {base_url} was changed, and whoever was\n\
                 logged in elsewhere no longer is.\n\
                 If it was not you, ask for a new password at {base_url} at once."
            ),
            Self::AddressChanged {
                username,
                new_email,
            } => format!(
                "the account {username} at {base_url} now has the e-mail address {new_email}.\n\
                 If it was not you, turn to the administrator of that registry."
            ),
            Self::TeamInvite {
                inviter,
                organization,
                team,
                code,
            } => format!(
                "{inviter} invites you to the team {team} of the organization {organization}\n\
                 at {base_url}. Open this link to accept:\n\n\
                 {base_url}/confirminvite?code={code}\n\n\
                 If you do not want to join, nothing needs to be done."
            ),
        };
        format!("Hello,\n\n{body}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Letter;

    const BASE: &str = "https://registry.example.com";

    #[test]
    fn letters_link_to_the_registry_and_name_whom_they_are_about() {
        let cases = [
            (
                Letter::VerifyAddress {
                    username: "ann",
                    code: "c0de",
                },
                Some("/confirm?code=c0de"),
            ),
            (
                Letter::ChangeAddress {
                    username: "ann",
                    code: "c0de",
                },
                Some("/confirm?code=c0de"),
            ),
            (
                Letter::RecoverPassword {
                    username: "ann",
                    code: "c0de",
                    life_minutes: 30,
                },
                Some("/recovery?code=c0de"),
            ),
            (Letter::PasswordChanged { username: "ann" }, None),
            (
                Letter::AddressChanged {
                    username: "ann",
                    new_email: "new@example.com",
                },
                None,
            ),
            (
                Letter::TeamInvite {
                    inviter: "ann",
                    organization: "acme",
                    team: "devs",
                    code: "c0de",
                },
                Some("/confirminvite?code=c0de"),
            ),
        ];
        for (letter, link) in cases {
            let text = letter.text(BASE);
            assert!(letter.subject().contains("ann"), "{letter:?}");
            assert!(text.contains(BASE), "{letter:?}");
            if let Some(link) = link {
                let line = format!("\n{BASE}{link}\n");
                assert!(text.contains(&line), "a line of its own: {text}");
            }
            assert!(text.lines().all(|line| line.len() < 120), "{text}");
        }
    }

    #[test]
    fn subjects_ask_for_a_confirmation_where_one_is_needed() {
        let letter = Letter::VerifyAddress {
            username: "ann",
            code: "x",
        };
        assert!(letter.subject().contains("confirm"));
    }
}
