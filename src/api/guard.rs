//! Comparing what a caller may do with what an operation asks for.
//!
//! The decisions themselves are `slipway-auth`'s, brought here by the admission; this file only
//! says which of them an operation needs. Somebody who may not is told 401 without a login and 403
//! with one, before it is looked whether the thing exists.

use slipway_actors::AccountId;
use slipway_auth::api_scope::ApiScope;
use slipway_auth::permission::{Principal, Role};

use super::call::Call;
use super::error::ApiError;
use super::operation::{Also, Guard, Superusers};

/// Lets a call pass or refuses it.
///
/// # Errors
/// 401 or 403.
pub fn check(call: &Call) -> Result<(), ApiError> {
    let admission = &call.admission;
    let principal = &admission.caller.principal;
    let is_allowed = match call.operation.guard {
        Guard::Open => true,
        Guard::UserRead => is_user(principal) && principal.scopes.reads_user(),
        Guard::UserAdmin { refuse_restricted } => {
            let is_refused = refuse_restricted && is_restricted(principal);
            administers_itself(principal) && !is_refused
        }
        Guard::OrganizationMaker => {
            let only_superusers = call.state.config.accounts.superusers_org_creation_only;
            let is_welcome = principal.is_superuser() || !only_superusers;
            administers_itself(principal) && !is_restricted(principal) && is_welcome
        }
        Guard::Organization { role, also } => {
            admission.has_team_role(role) || counts_also(principal, also)
        }
        Guard::Team { also } => admission.may_see_team || counts_also(principal, also),
        Guard::Repository { role, readers, .. } => is_allowed_on_repository(call, role, readers),
        Guard::Only(also) => counts_also(principal, also),
        Guard::Superuser { readers } => {
            principal.is_superuser() || (readers && principal.reads_everything())
        }
    };
    if is_allowed {
        return Ok(());
    }
    if principal.is_anonymous() {
        return Err(ApiError::unauthenticated());
    }
    Err(ApiError::forbidden())
}

fn is_user(principal: &Principal) -> bool {
    principal.enabled && principal.user_id().is_some()
}

fn administers_itself(principal: &Principal) -> bool {
    is_user(principal) && principal.scopes.administers_user()
}

fn is_restricted(principal: &Principal) -> bool {
    principal.restricted && !principal.is_superuser()
}

/// Says whether the caller is one of those that count beside a role.
#[must_use]
pub fn counts_also(principal: &Principal, also: Also) -> bool {
    let is_superuser = match also.superusers {
        Superusers::None => false,
        Superusers::Any => principal.is_superuser(),
        Superusers::Full => principal.has_full_access(),
    };
    is_superuser || (also.readers && principal.reads_everything())
}

fn is_allowed_on_repository(call: &Call, role: Role, readers: bool) -> bool {
    let Some(decision) = &call.admission.decision else {
        return false;
    };
    match role {
        Role::Read => decision.pull.allowed,
        // The state of the repository is looked at apart: it has an answer of its own.
        Role::Write => decision.write.allowed,
        Role::Admin if readers => decision.inspect.allowed,
        Role::Admin => decision.admin.allowed,
    }
}

/// For whom repositories are listed: nobody in particular when the caller's token may not read
/// repositories.
#[must_use]
pub fn repository_viewer(call: &Call) -> Option<AccountId> {
    let caller = call.caller();
    let may_read = caller.principal.scopes.repository_cap().is_some();
    caller.account().filter(|_| may_read)
}

/// Says whether the caller sees every repository.
#[must_use]
pub fn sees_every_repository(call: &Call) -> bool {
    let principal = &call.caller().principal;
    principal.has_full_access() || principal.reads_everything()
}

/// Checks that a session gave its password lately; tokens need not.
///
/// # Errors
/// 401 `fresh_login_required`.
pub fn check_fresh(call: &Call) -> Result<(), ApiError> {
    if !call.operation.needs_fresh_login {
        return Ok(());
    }
    let limit_s = call.state.config.accounts.fresh_login_timeout.as_secs_f64();
    match &call.admission.caller.session {
        Some(session) if session.login_age_s >= limit_s => Err(ApiError::fresh_login_required()),
        _ => Ok(()),
    }
}

/// Says whether the caller's token, if it is one, has the scope.
#[must_use]
pub fn has_scope(call: &Call, scope: ApiScope) -> bool {
    call.admission.caller.principal.scopes.contains(scope)
}
