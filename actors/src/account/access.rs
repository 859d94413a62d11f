//! From a login and a repository's row to the one permission decision.

use slipway_auth::api_scope::ScopeSet;
use slipway_auth::permission::{
    self as auth, Decision, Grants, NamespaceOwner, Principal, PrincipalKind, RepositoryFacts,
    RepositoryState, Role, TeamRole, Visibility,
};
use slipway_model::account::Login;
use slipway_model::repository::{self, Facts};
use slipway_model::{AccountId, Database, NamespaceId, RepositoryId};
use slipway_oci::RepositoryName;

use super::{AccountError, AccountSettings, Office};

pub(super) fn principal(settings: &AccountSettings, login: Option<&Login>) -> Principal {
    let Some(login) = login else {
        return Principal::anonymous();
    };
    Principal {
        kind: PrincipalKind::User {
            id: auth::AccountId(login.id.0),
            name: login.name.clone(),
        },
        enabled: login.enabled,
        superuser: login.superuser || settings.superusers.contains(&login.name),
        global_readonly: settings.readonly_superusers.contains(&login.name),
        full_access: settings.full_access,
        restricted: settings.is_restricted(&login.name),
        scopes: ScopeSet::DIRECT,
    }
}

/// A decision, and the rows it rests on.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    pub(crate) decision: Decision,
    pub(crate) repository: Option<RepositoryId>,
    pub(crate) namespace: Option<(NamespaceId, i64)>,
}

/// Decides what a principal may do with the repository of this name.
pub(crate) async fn judge(
    office: &Office,
    principal: &Principal,
    account: Option<AccountId>,
    name: &RepositoryName,
) -> Result<Judgement, AccountError> {
    decide(&office.deps.db, &office.settings, principal, account, name).await
}

/// Reads a team role.
pub(crate) fn team_role(name: &str) -> Option<TeamRole> {
    match name {
        "admin" => Some(TeamRole::Admin),
        "creator" => Some(TeamRole::Creator),
        "member" => Some(TeamRole::Member),
        _ => None,
    }
}

/// Reads a role on a repository.
pub(crate) fn repository_role(name: &str) -> Option<Role> {
    match name {
        "admin" => Some(Role::Admin),
        "write" => Some(Role::Write),
        "read" => Some(Role::Read),
        _ => None,
    }
}

pub(super) async fn decide(
    db: &Database,
    settings: &AccountSettings,
    principal: &Principal,
    account: Option<AccountId>,
    name: &RepositoryName,
) -> Result<Judgement, AccountError> {
    let stored = repository::find_facts(db, name, account).await?;
    let row = stored.as_ref();
    let grants = Grants {
        repository_role: row
            .and_then(|facts| facts.repository_role.as_deref())
            .and_then(repository_role),
        team_role: row
            .and_then(|facts| facts.team_role.as_deref())
            .and_then(team_role),
    };
    let repository = row.and_then(|facts| facts.repository.as_ref().map(|row| row.id));
    let namespace = row.map(|facts| (facts.namespace_id, facts.namespace_epoch));
    let facts = to_facts(name, stored);
    Ok(Judgement {
        decision: auth::decide(principal, &facts, &grants, &settings.registry),
        repository,
        namespace,
    })
}

fn to_facts(name: &RepositoryName, stored: Option<Facts>) -> RepositoryFacts {
    let Some(stored) = stored else {
        return RepositoryFacts::missing(name.namespace(), NamespaceOwner::Missing);
    };
    let id = auth::AccountId(stored.namespace_id.0);
    let owner = if stored.is_organization {
        NamespaceOwner::Organization(id)
    } else {
        NamespaceOwner::User(id)
    };
    let mut facts = match stored.repository {
        None => RepositoryFacts::missing(name.namespace(), owner),
        Some(row) => {
            let visibility = match row.visibility.as_str() {
                "public" => Visibility::Public,
                _ => Visibility::Private,
            };
            let state = match row.state.as_str() {
                "NORMAL" => RepositoryState::Normal,
                "MIRROR" => RepositoryState::Mirror,
                "ORG_MIRROR" => RepositoryState::OrgMirror,
                "MARKED_FOR_DELETION" => RepositoryState::MarkedForDeletion,
                _ => RepositoryState::ReadOnly,
            };
            let existing = RepositoryFacts::existing(name.namespace(), owner, visibility);
            RepositoryFacts { state, ..existing }
        }
    };
    facts.namespace_enabled = stored.namespace_enabled;
    facts
}
