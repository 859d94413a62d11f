//! What a caller may do with an organization, or with their own namespace, as a whole.
//!
//! Beside [`crate::permission::decide`], which answers for one repository, and by the same facts:
//! team roles, ownership of a user's namespace, and the caps of a token's scopes. Superusers are
//! not looked at here, because each operation of the API says by itself whether they count.
//!
//! Quay: `auth/permissions.py`.

use crate::facts::{NamespaceOwner, Principal, TeamRole};
use crate::reason::Reason;

/// What a caller may do with a namespace; a refusal carries its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrganizationDecision {
    /// See its teams and members.
    pub member: Result<Reason, Reason>,
    /// Create repositories in it.
    pub creator: Result<Reason, Reason>,
    /// Change it and all that is in it.
    pub admin: Result<Reason, Reason>,
}

/// Decides what `principal`, holding `team_role` there, may do with `owner`'s namespace.
#[must_use]
pub fn decide_organization(
    principal: &Principal,
    owner: NamespaceOwner,
    team_role: Option<TeamRole>,
) -> OrganizationDecision {
    let at_least = |needed: TeamRole| -> Result<Reason, Reason> {
        if !principal.enabled {
            return Err(Reason::AccountDisabled);
        }
        if principal.is_anonymous() {
            return Err(Reason::LoginNeeded);
        }
        let (role, reason) = match owner {
            NamespaceOwner::Missing => return Err(Reason::NamespaceMissing),
            NamespaceOwner::User(id) if principal.user_id() == Some(id) => {
                (Some(TeamRole::Admin), Reason::NamespaceOwner)
            }
            NamespaceOwner::User(_) => (None, Reason::NamespaceOwner),
            NamespaceOwner::Organization(_) if needed == TeamRole::Admin => {
                (team_role, Reason::OrganizationAdmin)
            }
            NamespaceOwner::Organization(_) => (team_role, Reason::OrganizationCreator),
        };
        if role < Some(needed) {
            return Err(Reason::NoAdminRole);
        }
        if principal.scopes.team_cap() < Some(needed) {
            return Err(Reason::OutsideTokenScope);
        }
        Ok(reason)
    };
    OrganizationDecision {
        member: at_least(TeamRole::Member),
        creator: at_least(TeamRole::Creator),
        admin: at_least(TeamRole::Admin),
    }
}

/// Decides whether `principal` may see who is in a team: its members may, and administrators of
/// the organization.
///
/// # Errors
/// The reason why not.
pub fn decide_team(
    principal: &Principal,
    organization: &OrganizationDecision,
    is_in_team: bool,
) -> Result<Reason, Reason> {
    if let (Ok(_), true) = (organization.member, is_in_team) {
        return Ok(Reason::TeamMember);
    }
    if principal.is_anonymous() {
        return Err(Reason::LoginNeeded);
    }
    organization.admin
}

#[cfg(test)]
mod tests {
    use super::{OrganizationDecision, decide_organization, decide_team};
    use crate::api_scope::ScopeSet;
    use crate::facts::{AccountId, NamespaceOwner, Principal, TeamRole};

    const ORG: NamespaceOwner = NamespaceOwner::Organization(AccountId(9));

    fn shape(decision: OrganizationDecision) -> (bool, bool, bool) {
        (
            decision.member.is_ok(),
            decision.creator.is_ok(),
            decision.admin.is_ok(),
        )
    }

    #[test]
    fn team_roles_include_those_below() {
        let user = Principal::user(AccountId(1), "u");
        let of = |role| shape(decide_organization(&user, ORG, role));

        assert_eq!(of(None), (false, false, false));
        assert_eq!(of(Some(TeamRole::Member)), (true, false, false));
        assert_eq!(of(Some(TeamRole::Creator)), (true, true, false));
        assert_eq!(of(Some(TeamRole::Admin)), (true, true, true));
    }

    #[test]
    fn a_user_administers_its_own_namespace_only() {
        let user = Principal::user(AccountId(1), "u");
        let own = NamespaceOwner::User(AccountId(1));
        let other = NamespaceOwner::User(AccountId(2));

        assert_eq!(
            shape(decide_organization(&user, own, None)),
            (true, true, true)
        );
        assert_eq!(
            shape(decide_organization(&user, other, None)),
            (false, false, false)
        );
    }

    #[test]
    fn a_team_shows_itself_to_its_members_and_to_administrators() {
        let user = Principal::user(AccountId(1), "u");
        let sees = |principal: &Principal, role, is_in_team| {
            let organization = decide_organization(principal, ORG, role);
            decide_team(principal, &organization, is_in_team).is_ok()
        };

        assert!(sees(&user, Some(TeamRole::Member), true));
        assert!(sees(&user, Some(TeamRole::Admin), false));
        assert!(!sees(&user, Some(TeamRole::Creator), false));
        assert!(!sees(&Principal::anonymous(), None, false));
        let capped = Principal {
            scopes: ScopeSet::parse("repo:read"),
            ..user
        };
        assert!(!sees(&capped, Some(TeamRole::Member), true));
    }

    #[test]
    fn a_scope_caps_and_never_adds() {
        for scopes in [
            "",
            "repo:admin",
            "repo:create",
            "org:admin",
            "super:user user:admin",
        ] {
            for role in [None, Some(TeamRole::Member), Some(TeamRole::Admin)] {
                let direct = Principal::user(AccountId(1), "u");
                let capped = Principal {
                    scopes: ScopeSet::parse(scopes),
                    ..direct.clone()
                };
                let full = shape(decide_organization(&direct, ORG, role));
                let less = shape(decide_organization(&capped, ORG, role));
                assert!(
                    less.0 <= full.0 && less.1 <= full.1 && less.2 <= full.2,
                    "{scopes}"
                );
            }
        }
    }

    #[test]
    fn nobody_and_the_disabled_are_refused() {
        let disabled = Principal {
            enabled: false,
            ..Principal::user(AccountId(1), "u")
        };
        for caller in [Principal::anonymous(), disabled] {
            let decision = decide_organization(&caller, ORG, Some(TeamRole::Admin));
            assert_eq!(shape(decision), (false, false, false));
        }
    }
}
