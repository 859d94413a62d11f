//! Why somebody may, or may not, do something with a repository.
//!
//! The answer comes from the evaluator that admits requests, over the same rows; nothing is decided
//! here.

use slipway_auth::api_scope::ScopeSet;
use slipway_auth::permission::{self as auth, Principal, PrincipalKind, Verdict};
use slipway_model::namespace::{Entity, find_entity};
use slipway_model::{AccountId, Database, account};
use slipway_oci::RepositoryName;

use super::{AccountError, AccountSettings, access, admission};

/// What somebody would like to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Pull.
    Pull,
    /// Push.
    Push,
    /// Administer.
    Admin,
}

/// Decides whether somebody may do something with a repository: a user, a robot, or `anonymous`.
///
/// # Errors
/// [`AccountError::NotFound`] when there is nobody of that name.
pub async fn why(
    db: &Database,
    settings: &AccountSettings,
    who: &str,
    wish: Wish,
    repository: &RepositoryName,
) -> Result<Verdict, AccountError> {
    let (principal, account) = match who {
        "anonymous" => (Principal::anonymous(), None),
        name => {
            let found = find_entity(db, name).await?;
            let found = found.ok_or(AccountError::NotFound)?;
            let id = AccountId(found.id.0);
            (principal(db, settings, &found).await?, Some(id))
        }
    };
    let judged = access::decide(db, settings, &principal, account, repository).await?;
    Ok(match wish {
        Wish::Pull => judged.decision.pull,
        Wish::Push => judged.decision.push,
        Wish::Admin => judged.decision.admin,
    })
}

async fn principal(
    db: &Database,
    settings: &AccountSettings,
    found: &Entity,
) -> Result<Principal, AccountError> {
    if let Some(owner) = found.owner_id {
        let kind = PrincipalKind::Robot {
            id: auth::AccountId(found.id.0),
            name: found.name.clone(),
            owner: auth::AccountId(owner.0),
        };
        let owner_name = found.name.split('+').next().unwrap_or_default();
        let owner = find_entity(db, owner_name).await?;
        return Ok(Principal {
            kind,
            enabled: found.enabled && owner.is_some_and(|owner| owner.enabled),
            restricted: settings.is_restricted(owner_name),
            ..Principal::anonymous()
        });
    }
    let identity = account::find_identity(db, AccountId(found.id.0)).await?;
    // An organization logs nobody in.
    let identity = identity.ok_or(AccountError::NotFound)?;
    Ok(admission::principal_of(
        settings,
        &identity,
        ScopeSet::DIRECT,
    ))
}
