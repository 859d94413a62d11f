//! Users as they see themselves, and making an account for oneself.
//!
//! Quay: `endpoints/api/user.py`, `data/model/user.py`.

use std::sync::Arc;

use serde_json::json;
use slipway_auth::Secret;
use slipway_auth::api_scope::ScopeSet;
use slipway_auth::organization::decide_organization;
use slipway_auth::password::validate_password;
use slipway_auth::permission::{self as auth, NamespaceOwner, Principal, PrincipalKind};
use slipway_model::audit::{Origin, log};
use slipway_model::user::{self, Profile};
use slipway_model::{AccountId, Run};
use slipway_oci::NamespaceName;

use super::flood::address_of;
use super::session::NewSession;
use super::{AccountError, Office, Work, access, invite, recovery};

/// An organization of a user.
#[derive(Debug, Clone)]
pub struct UserOrganization {
    /// Its name.
    pub name: String,
    /// Its address.
    pub email: Option<String>,
    /// Whether the user's credential may make repositories there.
    pub creates: bool,
    /// Whether it may administer it.
    pub administers: bool,
}

/// What a user's page shows.
#[derive(Debug, Clone)]
pub struct UserDetails {
    /// Its row.
    pub profile: Profile,
    /// Its organizations, by name.
    pub organizations: Vec<UserOrganization>,
    /// Whether it administers the registry.
    pub is_superuser: bool,
    /// Whether it reads everything.
    pub is_readonly_superuser: bool,
    /// Whether it shall be asked for names and company.
    pub lacks_metadata: bool,
}

/// Asks for a user's details, as a credential with these scopes sees them.
#[derive(Debug)]
pub struct DescribeUser {
    /// Who.
    pub account: AccountId,
    /// The credential's scopes.
    pub scopes: ScopeSet,
}

impl Work for DescribeUser {
    type Answer = UserDetails;

    async fn run(self, office: Arc<Office>) -> Result<UserDetails, AccountError> {
        let db = &office.deps.db;
        let profile = user::find_profile(db, self.account).await?;
        let profile = profile.ok_or(AccountError::NotFound)?;
        let principal = principal(&office, &profile, self.scopes);
        let memberships = user::list_organizations(db, self.account).await?;
        let organizations = memberships.into_iter().map(|row| {
            let owner = NamespaceOwner::Organization(auth::AccountId(row.id.0));
            let role = row.role.as_deref().and_then(access::team_role);
            let decision = decide_organization(&principal, owner, role);
            UserOrganization {
                name: row.name,
                email: row.email,
                creates: decision.creator.is_ok(),
                administers: decision.admin.is_ok(),
            }
        });
        Ok(UserDetails {
            organizations: organizations.collect(),
            is_superuser: principal.superuser,
            is_readonly_superuser: principal.global_readonly,
            lacks_metadata: office.settings.users.metadata && !profile.metadata_given,
            profile,
        })
    }
}

fn principal(office: &Office, profile: &Profile, scopes: ScopeSet) -> Principal {
    let settings = &office.settings;
    Principal {
        kind: PrincipalKind::User {
            id: auth::AccountId(profile.id.0),
            name: profile.name.clone(),
        },
        enabled: profile.enabled,
        superuser: is_superuser(office, profile),
        global_readonly: settings.readonly_superusers.contains(&profile.name),
        full_access: settings.full_access,
        restricted: settings.is_restricted(&profile.name),
        scopes,
    }
}

/// Says whether a user administers the registry.
pub(crate) fn is_superuser(office: &Office, profile: &Profile) -> bool {
    profile.superuser || office.settings.superusers.contains(&profile.name)
}

/// Finds the account of a user's name.
#[derive(Debug)]
pub struct FindUser {
    /// The name.
    pub username: String,
}

impl Work for FindUser {
    type Answer = Profile;

    async fn run(self, office: Arc<Office>) -> Result<Profile, AccountError> {
        find(&office.deps.db, &self.username).await
    }
}

/// Finds a user by name.
pub(crate) async fn find(run: &impl Run, username: &str) -> Result<Profile, AccountError> {
    let account = user::find_user(run, username).await?;
    let account = account.ok_or(AccountError::NotFound)?;
    let profile = user::find_profile(run, account).await?;
    profile.ok_or(AccountError::NotFound)
}

/// What became of somebody who made an account.
#[derive(Debug)]
pub enum SignedUp {
    /// The address must be proven first; a mail is on its way.
    AwaitingVerification,
    /// It is signed in.
    SignedIn(AccountId, NewSession),
}

/// Makes an account for oneself.
#[derive(Debug)]
pub struct SignUp {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Its address.
    pub email: Option<String>,
    /// The code of a team's invitation.
    pub invite_code: Option<String>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for SignUp {
    type Answer = SignedUp;

    async fn run(self, office: Arc<Office>) -> Result<SignedUp, AccountError> {
        let email = check_new_email(&office, self.email.as_deref())?;
        let invite = invite::read_code(self.invite_code.as_deref());
        if office.settings.users.invite_only && !invite::is_open(&office, invite).await? {
            let text = "Cannot create non-invited user";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        let phc = prepare(&office, &self.username, &self.password, &self.origin).await?;
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let is_mailing = office.outbox.is_some();
        let account = user::create_user(
            &transaction,
            &self.username,
            email,
            &phc,
            !is_mailing,
            office.tag_expiration_s(),
        )
        .await?;
        let origin = Origin {
            performer: Some(account),
            ..self.origin
        };
        let metadata = json!({ "username": self.username, "email": email });
        log(
            &transaction,
            "user_create",
            account.into(),
            &origin,
            metadata,
        )
        .await?;
        let proves = invite::accept(&transaction, invite, account, &self.username, &origin).await?;
        if proves {
            user::set_verified(&transaction, account).await?;
        }
        let must_verify = is_mailing && !proves;
        if let (true, Some(email)) = (must_verify, email) {
            recovery::ask_to_verify(&office, &transaction, account, &self.username, email).await?;
        }
        transaction.commit().await?;
        office.wake_mail();
        if must_verify {
            return Ok(SignedUp::AwaitingVerification);
        }
        let session = office.begin_session(account).await?;
        Ok(SignedUp::SignedIn(account, session))
    }
}

/// Checks a new user's name and password; answers the password's hash.
pub(crate) async fn prepare(
    office: &Office,
    username: &str,
    password: &Secret,
    origin: &Origin,
) -> Result<String, AccountError> {
    NamespaceName::parse(username).map_err(|_| AccountError::InvalidName(username.to_owned()))?;
    validate_password(password.expose())?;
    // An account that is taken costs no hash.
    if slipway_model::namespace::find_access(&office.deps.db, username, None)
        .await?
        .is_some()
    {
        return Err(AccountError::Taken("The username already exists"));
    }
    office.floods.admit_network(address_of(origin))?;
    Ok(office.hasher.hash(password).await?)
}

/// Checks a new user's address: it is needed and must be one exactly when mail can be sent.
pub(crate) fn check_new_email<'a>(
    office: &Office,
    email: Option<&'a str>,
) -> Result<Option<&'a str>, AccountError> {
    let email = email.filter(|email| !email.is_empty());
    if office.outbox.is_some() {
        let email = email.ok_or_else(|| {
            let text = "Email address is required";
            AccountError::Invalid(text.to_owned())
        })?;
        check_mailable(email)?;
    }
    if email.is_some_and(|email| office.settings.users.refuses(email)) {
        let text =
            "Accounts with this e-mail address cannot be made, please contact an administrator";
        return Err(AccountError::Invalid(text.to_owned()));
    }
    Ok(email)
}

/// Checks that mail can be sent to an address.
pub(crate) fn check_mailable(email: &str) -> Result<(), AccountError> {
    let is_sound = email.len() <= 254
        && !email
            .contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c))
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.contains('@')
                && domain.split('.').all(|part| !part.is_empty())
        });
    if is_sound {
        Ok(())
    } else {
        Err(AccountError::InvalidEmail(email.to_owned()))
    }
}
