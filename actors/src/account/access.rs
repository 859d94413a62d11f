//! From a login and a repository's row to the one permission decision.

use slipway_auth::permission::{
    self as auth, Decision, Grants, NamespaceOwner, Principal, PrincipalKind, RepositoryFacts,
    RepositoryState, TeamRole, Visibility,
};
use slipway_model::account::Login;
use slipway_model::repository::{self, Facts};
use slipway_model::{AccountId, Database};
use slipway_oci::RepositoryName;

use super::{AccountError, AccountSettings};

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
        restricted: false,
    }
}

pub(super) async fn decide(
    db: &Database,
    settings: &AccountSettings,
    principal: &Principal,
    account: Option<AccountId>,
    name: &RepositoryName,
) -> Result<Decision, AccountError> {
    let stored = repository::find_facts(db, name, account).await?;
    let grants = Grants {
        repository_role: None,
        team_role: stored
            .as_ref()
            .filter(|facts| facts.is_owner)
            .map(|_| TeamRole::Admin),
    };
    let facts = to_facts(name, stored);
    Ok(auth::decide(principal, &facts, &grants, &settings.registry))
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
