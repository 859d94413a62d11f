//! Whether a caller may make repositories in a namespace that a body names.
//!
//! The edge learns the namespace after the request was let in, so this is a message of its own;
//! the decision is that of a push that would make the repository.

use std::sync::Arc;

use slipway_auth::permission::{self as auth, Grants, NamespaceOwner, RepositoryFacts};
use slipway_model::namespace;

use super::admission::Caller;
use super::{AccountError, Office, Work, access};

/// Refuses a caller who may not make a repository in the namespace: [`AccountError::Forbidden`],
/// or [`AccountError::NotFound`] for one who may do everything where there is no such namespace.
#[derive(Debug)]
pub struct AdmitCreation {
    /// Who asks.
    pub caller: Caller,
    /// The namespace's name.
    pub namespace: String,
}

impl Work for AdmitCreation {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let principal = &self.caller.principal;
        let account = self.caller.account();
        let found = namespace::find_access(&office.deps.db, &self.namespace, account).await?;
        let Some(found) = found else {
            let knows_all = principal.has_full_access();
            return Err(if knows_all {
                AccountError::NotFound
            } else {
                AccountError::Forbidden
            });
        };
        let id = auth::AccountId(found.id.0);
        let owner = if found.kind == "organization" {
            NamespaceOwner::Organization(id)
        } else {
            NamespaceOwner::User(id)
        };
        let mut facts = RepositoryFacts::missing(&self.namespace, owner);
        facts.namespace_enabled = found.enabled;
        let grants = Grants {
            repository_role: None,
            team_role: found.team_role.as_deref().and_then(access::team_role),
        };
        let decision = auth::decide(principal, &facts, &grants, &office.settings.registry);
        if decision.create.allowed {
            Ok(())
        } else {
            Err(AccountError::Forbidden)
        }
    }
}
