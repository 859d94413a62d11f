//! Letting a request in: from a cookie or a token to who asks and what they may do there.
//!
//! [`Admit`] is the first message of every API request. It answers the [`Caller`] and, when the
//! request names an organization or a repository, the decision of `slipway-auth` about it. The edge
//! compares that with what the operation declares; no handler decides anything by itself.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use slipway_auth::Secret;
use slipway_auth::api_scope::ScopeSet;
use slipway_auth::organization::{OrganizationDecision, decide_organization, decide_team};
use slipway_auth::permission::{
    self as auth, Decision, NamespaceOwner, Principal, PrincipalKind, TeamRole,
};
use slipway_model::account::{self, Identity};
use slipway_model::audit::Origin;
use slipway_model::{AccountId, NamespaceId, RepositoryId, namespace, oauth_token, team};
use slipway_oci::RepositoryName;

use super::session::{OpenSession, SessionCookie};
use super::{AccountError, AccountSettings, Office, Work, access};

/// Characters of an OAuth token that find its row; as many follow.
pub(crate) const TOKEN_HALF: usize = 20;

/// What came with a request.
#[derive(Debug, Default)]
pub struct Presented {
    /// The session cookie's value.
    pub cookie: Option<String>,
    /// The Bearer token.
    pub bearer: Option<Secret>,
}

/// What a request is about.
#[derive(Debug, Clone)]
pub enum Target {
    /// Nothing in particular.
    Registry,
    /// An organization or user, by name.
    Namespace(String),
    /// A team of an organization, by both names.
    Team {
        /// The organization.
        organization: String,
        /// The team.
        team: String,
    },
    /// A repository.
    Repository(RepositoryName),
}

/// The OAuth token behind a request.
#[derive(Debug, Clone)]
pub struct OauthUse {
    /// The token's id.
    pub token_id: uuid::Uuid,
    /// The application's client id.
    pub client_id: String,
    /// The application's name.
    pub application_name: String,
    /// When the token expires, Unix seconds.
    pub expires_at_s: i64,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the permission decision sees them.
    pub principal: Principal,
    /// The user; `None` when nobody is logged in.
    pub identity: Option<Identity>,
    /// The session, when there is one.
    pub session: Option<OpenSession>,
    /// The session's token, when there is one.
    pub session_token: Option<Secret>,
    /// The nonce of a cookie without a login.
    pub anonymous_csrf: Option<String>,
    /// The OAuth token, when there is one.
    pub oauth: Option<OauthUse>,
}

impl Caller {
    fn anonymous() -> Self {
        Self {
            principal: Principal::anonymous(),
            identity: None,
            session: None,
            session_token: None,
            anonymous_csrf: None,
            oauth: None,
        }
    }

    /// The user's account.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.identity.as_ref().map(|identity| identity.id)
    }

    /// The user's name; empty when nobody is logged in.
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity
            .as_ref()
            .map_or("", |identity| identity.name.as_str())
    }

    /// The CSRF token that a request which changes something must carry; `None` for a Bearer
    /// token, which needs none.
    #[must_use]
    pub fn csrf_token(&self) -> Option<&str> {
        let session = self
            .session
            .as_ref()
            .map(|session| session.csrf_token.as_str());
        session.or(self.anonymous_csrf.as_deref())
    }

    /// What the usage log says of the credential.
    #[must_use]
    pub fn log_extra(&self) -> Option<Arc<Map<String, Value>>> {
        let oauth = self.oauth.as_ref()?;
        let extra = json!({
            "oauth_token_id": oauth.token_id,
            "oauth_token_application_id": oauth.client_id,
            "oauth_token_application": oauth.application_name,
        });
        extra.as_object().cloned().map(Arc::new)
    }
}

/// What is known of the namespace a request is about.
#[derive(Debug, Clone)]
pub struct NamespaceAdmission {
    /// Its row.
    pub id: NamespaceId,
    /// Whether it is an organization.
    pub is_organization: bool,
}

/// A request that was let in, and what it may do.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Who asks.
    pub caller: Caller,
    /// The namespace it is about, when it exists.
    pub namespace: Option<NamespaceAdmission>,
    /// What the caller may do with that namespace.
    pub organization: OrganizationDecision,
    /// Whether the caller may see who is in the team it is about.
    pub may_see_team: bool,
    /// The repository it is about, when it exists.
    pub repository: Option<RepositoryId>,
    /// What the caller may do with that repository.
    pub decision: Option<Decision>,
}

/// Finds out who asks, and what they may do with `target`.
#[derive(Debug)]
pub struct Admit {
    /// What came with the request.
    pub presented: Presented,
    /// What it is about.
    pub target: Target,
}

impl Work for Admit {
    type Answer = Admission;

    async fn run(self, office: Arc<Office>) -> Result<Admission, AccountError> {
        let caller = identify(&office, self.presented).await?;
        admit(&office, caller, &self.target).await
    }
}

/// Finds out what somebody who was let in may do with something else, which the request names
/// outside its path.
#[derive(Debug)]
pub struct AdmitTo {
    /// Who asks.
    pub caller: Caller,
    /// What it is about.
    pub target: Target,
}

impl Work for AdmitTo {
    type Answer = Admission;

    async fn run(self, office: Arc<Office>) -> Result<Admission, AccountError> {
        admit(&office, self.caller, &self.target).await
    }
}

async fn admit(
    office: &Office,
    caller: Caller,
    target: &Target,
) -> Result<Admission, AccountError> {
    let (name, repository) = match target {
        Target::Registry => {
            return Ok(Admission {
                organization: decide_organization(&caller.principal, NamespaceOwner::Missing, None),
                caller,
                namespace: None,
                may_see_team: false,
                repository: None,
                decision: None,
            });
        }
        Target::Namespace(name) => (name.as_str(), None),
        Target::Team { organization, .. } => (organization.as_str(), None),
        Target::Repository(name) => (name.namespace(), Some(name)),
    };
    let found = namespace::find_access(&office.deps.db, name, caller.account()).await?;
    let owner = found.as_ref().map_or(NamespaceOwner::Missing, |row| {
        let id = auth::AccountId(row.id.0);
        if row.kind == "organization" {
            NamespaceOwner::Organization(id)
        } else {
            NamespaceOwner::User(id)
        }
    });
    let role = found.as_ref().and_then(|row| row.team_role.as_deref());
    let role = role.and_then(access::team_role);
    let organization = decide_organization(&caller.principal, owner, role);
    let namespace = found.map(|row| NamespaceAdmission {
        id: row.id,
        is_organization: row.kind == "organization",
    });
    let is_in_team = match (target, &namespace, caller.account()) {
        (Target::Team { team, .. }, Some(found), Some(account)) => {
            team::is_member(&office.deps.db, found.id, team, account).await?
        }
        _ => false,
    };
    let may_see_team = decide_team(&caller.principal, &organization, is_in_team).is_ok();
    let (decision, repository) = match repository {
        Some(name) => {
            let account = caller.account();
            let judged = access::judge(office, &caller.principal, account, name).await?;
            (Some(judged.decision), judged.repository)
        }
        None => (None, None),
    };
    Ok(Admission {
        namespace,
        organization,
        may_see_team,
        repository,
        decision,
        caller,
    })
}

async fn identify(office: &Office, presented: Presented) -> Result<Caller, AccountError> {
    if let Some(token) = presented.bearer {
        return by_bearer(office, &token).await;
    }
    let Some(cookie) = presented.cookie else {
        return Ok(Caller::anonymous());
    };
    match office.read_cookie(&cookie) {
        Some(SessionCookie::Session(token)) => by_session(office, token).await,
        Some(SessionCookie::Anonymous(nonce)) => Ok(Caller {
            anonymous_csrf: Some(office.anonymous_csrf(&nonce)),
            ..Caller::anonymous()
        }),
        None => Ok(Caller::anonymous()),
    }
}

async fn by_session(office: &Office, token: Secret) -> Result<Caller, AccountError> {
    let Some(session) = office.find_session(&token).await? else {
        return Ok(Caller::anonymous());
    };
    let identity = account::find_identity(&office.deps.db, session.account).await?;
    let Some(identity) = identity.filter(|identity| identity.enabled) else {
        return Ok(Caller::anonymous());
    };
    Ok(Caller {
        principal: principal_of(&office.settings, &identity, ScopeSet::DIRECT),
        identity: Some(identity),
        session: Some(session),
        session_token: Some(token),
        anonymous_csrf: None,
        oauth: None,
    })
}

async fn by_bearer(office: &Office, token: &Secret) -> Result<Caller, AccountError> {
    match oauth_caller(office, token).await? {
        Some(caller) => Ok(caller),
        None => Ok(Caller::anonymous()),
    }
}

/// Finds whom an OAuth token speaks for; `None` when it is not one that holds.
pub(crate) async fn oauth_caller(
    office: &Office,
    token: &Secret,
) -> Result<Option<Caller>, AccountError> {
    let Some((prefix, secret)) = token.expose().split_at_checked(TOKEN_HALF) else {
        return Ok(None);
    };
    let Some(row) = oauth_token::find_token(&office.deps.db, prefix).await? else {
        return Ok(None);
    };
    if !Secret::from(secret).has_sha256(&row.secret_hash) {
        return Ok(None);
    }
    let identity = account::find_identity(&office.deps.db, row.account_id).await?;
    let Some(identity) = identity.filter(|identity| identity.enabled) else {
        return Ok(None);
    };
    office.uses.note_oauth_token(row.id);
    Ok(Some(Caller {
        principal: principal_of(&office.settings, &identity, ScopeSet::parse(&row.scope)),
        identity: Some(identity),
        oauth: Some(OauthUse {
            token_id: row.id,
            client_id: row.client_id,
            application_name: row.application_name,
            expires_at_s: row.expires_at_s,
        }),
        ..Caller::anonymous()
    }))
}

/// How the permission decision sees a user.
pub(crate) fn principal_of(
    settings: &AccountSettings,
    identity: &Identity,
    scopes: ScopeSet,
) -> Principal {
    let kind = PrincipalKind::User {
        id: auth::AccountId(identity.id.0),
        name: identity.name.clone(),
    };
    Principal {
        kind,
        enabled: identity.enabled,
        superuser: identity.superuser || settings.superusers.contains(&identity.name),
        global_readonly: settings.readonly_superusers.contains(&identity.name),
        full_access: settings.full_access,
        restricted: settings.is_restricted(&identity.name),
        scopes,
    }
}

/// Where a change of this caller comes from.
#[must_use]
pub fn origin_of(caller: &Caller, ip: Option<String>, request_id: Option<String>) -> Origin {
    Origin {
        performer: caller.account(),
        ip,
        request_id,
        credential: caller.log_extra(),
    }
}

impl Admission {
    /// The caller's team role here is at least `needed`.
    #[must_use]
    pub fn has_team_role(&self, needed: TeamRole) -> bool {
        match needed {
            TeamRole::Member => self.organization.member.is_ok(),
            TeamRole::Creator => self.organization.creator.is_ok(),
            TeamRole::Admin => self.organization.admin.is_ok(),
        }
    }
}
