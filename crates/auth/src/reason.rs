//! Why something is allowed or refused.
//!
//! Every verdict of [`crate::permission::decide`] carries one [`Reason`], so an operator can ask
//! why. `Display` gives a clause that follows "allowed, because" or "refused, because". Reasons
//! may tell that a repository exists and are meant for operators and logs, never for the caller.

use std::fmt;

/// The one fact that settled a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Allowed: the repository is public.
    PublicRepository,
    /// Allowed: the caller, or a team of theirs, holds a sufficient role on the repository.
    RepositoryRole,
    /// Allowed: the namespace is the caller's own.
    NamespaceOwner,
    /// Allowed: a team of the caller administers the organization.
    OrganizationAdmin,
    /// Allowed: a team of the caller may create repositories in the organization.
    OrganizationCreator,
    /// Allowed: the caller is in the team.
    TeamMember,
    /// Allowed: any member of an organization with a proxy cache may pull.
    ProxyCacheMember,
    /// Allowed: superusers have full access here.
    SuperuserFullAccess,
    /// Allowed: a read-only superuser reads everything.
    ReadOnlySuperuserReads,
    /// Allowed: the push would create the repository.
    PushCreatesRepository,
    /// Allowed: the push would create the namespace too.
    PushCreatesNamespace,
    /// Allowed: the registry is open for testing.
    OpenTestRegistry,

    /// Refused: the caller's account is disabled.
    AccountDisabled,
    /// Refused: anonymous access is off.
    AnonymousAccessOff,
    /// Refused: nobody is logged in.
    LoginNeeded,
    /// Refused: the namespace is disabled.
    NamespaceDisabled,
    /// Refused: there is no such namespace.
    NamespaceMissing,
    /// Refused: there is no such repository.
    RepositoryMissing,
    /// Refused: the repository exists already.
    RepositoryExists,
    /// Refused: the repository is being deleted.
    RepositoryBeingDeleted,
    /// Refused: the repository is read-only.
    RepositoryReadOnly,
    /// Refused: only the robot of the mirror writes to a mirror.
    MirrorRobotOnly,
    /// Refused: the registry is read-only.
    RegistryReadOnly,
    /// Refused: pushes are switched off.
    PushesDisabled,
    /// Refused: a read-only superuser writes nothing.
    ReadOnlySuperuserWrites,
    /// Refused: a restricted user writes nothing in their own namespace.
    RestrictedUser,
    /// Refused: no role that lets the caller read.
    NoReadRole,
    /// Refused: no role that lets the caller write.
    NoWriteRole,
    /// Refused: no role that lets the caller administer.
    NoAdminRole,
    /// Refused: no role that lets the caller create repositories in the namespace.
    NoCreateRole,
    /// Refused: the token's scope leaves the action out.
    OutsideTokenScope,
}

impl Reason {
    /// The clause that `Display` prints.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicRepository => "the repository is public",
            Self::RepositoryRole => "the caller holds a sufficient role on the repository",
            Self::NamespaceOwner => "the namespace is the caller's own",
            Self::OrganizationAdmin => "a team of the caller administers the organization",
            Self::OrganizationCreator => {
                "a team of the caller may create repositories in the organization"
            }
            Self::TeamMember => "the caller is in the team",
            Self::ProxyCacheMember => "members of an organization with a proxy cache may pull",
            Self::SuperuserFullAccess => "superusers have full access",
            Self::ReadOnlySuperuserReads => "a read-only superuser reads everything",
            Self::PushCreatesRepository => "the push would create the repository",
            Self::PushCreatesNamespace => "the push would create the namespace",
            Self::OpenTestRegistry => "the registry is open for testing",
            Self::AccountDisabled => "the account is disabled",
            Self::AnonymousAccessOff => "anonymous access is switched off",
            Self::LoginNeeded => "nobody is logged in",
            Self::NamespaceDisabled => "the namespace is disabled",
            Self::NamespaceMissing => "there is no such namespace",
            Self::RepositoryMissing => "there is no such repository",
            Self::RepositoryExists => "the repository exists already",
            Self::RepositoryBeingDeleted => "the repository is being deleted",
            Self::RepositoryReadOnly => "the repository is read-only",
            Self::MirrorRobotOnly => "only the robot of the mirror writes to it",
            Self::RegistryReadOnly => "the registry is read-only",
            Self::PushesDisabled => "pushes are switched off",
            Self::ReadOnlySuperuserWrites => "a read-only superuser writes nothing",
            Self::RestrictedUser => "the user is restricted and the namespace is their own",
            Self::NoReadRole => "no role lets the caller read the repository",
            Self::NoWriteRole => "no role lets the caller write to the repository",
            Self::NoAdminRole => "no role lets the caller administer the repository",
            Self::NoCreateRole => "no role lets the caller create repositories in the namespace",
            Self::OutsideTokenScope => "the scope of the token leaves it out",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
