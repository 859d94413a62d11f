//! The facts a decision rests on.
//!
//! Four plain values, filled by the caller from rows and settings: who asks ([`Principal`]), about
//! what ([`RepositoryFacts`]), holding which roles ([`Grants`]), on which registry ([`Registry`]).
//! They carry no policy; [`crate::permission::decide`] does.

use crate::api_scope::{ApiScope, ScopeSet};

/// Row of an account: a user, an organization or a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Nobody is logged in.
    Anonymous,
    /// A user, by password, session, app-specific token or OAuth token.
    User {
        /// The user's account.
        id: AccountId,
        /// The user's name.
        name: String,
    },
    /// A robot.
    Robot {
        /// The robot's account.
        id: AccountId,
        /// Full name, `namespace+short_name`.
        name: String,
        /// The user or organization that owns the robot.
        owner: AccountId,
    },
    /// A repository access token, which has the role it carries and nothing else.
    AccessToken {
        /// What the token is called.
        name: String,
    },
}

/// Who asks, and what the registry says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User, robot, token or nobody.
    pub kind: PrincipalKind,
    /// False for a disabled account, who gets nothing.
    pub enabled: bool,
    /// Named as a superuser; means something here only together with `full_access`.
    pub superuser: bool,
    /// Named as a read-only superuser; wins over `superuser`.
    pub global_readonly: bool,
    /// Superusers may do anything in any namespace.
    pub full_access: bool,
    /// A restricted user, or a robot that counts as one.
    pub restricted: bool,
    /// How far the credential goes; [`ScopeSet::DIRECT`] for all but OAuth tokens.
    pub scopes: ScopeSet,
}

impl Principal {
    /// Nobody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::plain(PrincipalKind::Anonymous)
    }

    /// An enabled user without any special standing.
    #[must_use]
    pub fn user(id: AccountId, name: &str) -> Self {
        Self::plain(PrincipalKind::User {
            id,
            name: name.to_owned(),
        })
    }

    /// An enabled robot of `owner`.
    #[must_use]
    pub fn robot(id: AccountId, name: &str, owner: AccountId) -> Self {
        Self::plain(PrincipalKind::Robot {
            id,
            name: name.to_owned(),
            owner,
        })
    }

    /// A repository access token.
    #[must_use]
    pub fn access_token(name: &str) -> Self {
        Self::plain(PrincipalKind::AccessToken {
            name: name.to_owned(),
        })
    }

    fn plain(kind: PrincipalKind) -> Self {
        Self {
            kind,
            enabled: true,
            superuser: false,
            global_readonly: false,
            full_access: false,
            restricted: false,
            scopes: ScopeSet::DIRECT,
        }
    }

    /// Says whether nobody is logged in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.kind == PrincipalKind::Anonymous
    }

    /// The user, when it is one.
    #[must_use]
    pub fn user_id(&self) -> Option<AccountId> {
        match self.kind {
            PrincipalKind::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The robot, when it is one.
    #[must_use]
    pub fn robot_id(&self) -> Option<AccountId> {
        match self.kind {
            PrincipalKind::Robot { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whose namespace counts as the caller's own when restrictions are looked at.
    pub(crate) fn home(&self) -> Option<AccountId> {
        match self.kind {
            PrincipalKind::User { id, .. } => Some(id),
            PrincipalKind::Robot { owner, .. } => Some(owner),
            _ => None,
        }
    }

    /// Says whether the caller reads everything as a read-only superuser.
    #[must_use]
    pub fn reads_everything(&self) -> bool {
        self.global_readonly && self.is_special()
    }

    /// Says whether the caller administers the registry itself.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.superuser && !self.global_readonly && self.is_special()
    }

    /// Says whether the caller is a superuser who may do everything everywhere.
    #[must_use]
    pub fn has_full_access(&self) -> bool {
        self.full_access && self.is_superuser()
    }

    fn is_special(&self) -> bool {
        self.enabled && self.user_id().is_some() && self.scopes.contains(ApiScope::SuperUser)
    }
}

/// Whose namespace it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceOwner {
    /// The namespace does not exist.
    Missing,
    /// A user's own.
    User(AccountId),
    /// An organization's.
    Organization(AccountId),
}

/// Who sees a repository without a role on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everybody may pull.
    Public,
    /// Only those with a role may pull.
    Private,
}

/// What may happen to a repository at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepositoryState {
    /// Reads and writes.
    Normal,
    /// No writes.
    ReadOnly,
    /// Writes by the mirror's robot only.
    Mirror,
    /// As [`RepositoryState::Mirror`], set up for the whole organization.
    OrgMirror,
    /// Behaves as if it were gone, but its name is not free yet.
    MarkedForDeletion,
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// The namespace's name.
    pub namespace_name: String,
    /// Whose namespace it is.
    pub namespace_owner: NamespaceOwner,
    /// False for a disabled user or organization.
    pub namespace_enabled: bool,
    /// Whether the repository exists; if not, the three members below mean nothing.
    pub exists: bool,
    /// Public or private.
    pub visibility: Visibility,
    /// What may happen to it.
    pub state: RepositoryState,
    /// The robot of its mirror.
    pub mirror_robot: Option<AccountId>,
    /// The organization pulls missing images from elsewhere.
    pub proxy_cache: bool,
}

impl RepositoryFacts {
    /// A repository that does not exist, in an enabled namespace.
    #[must_use]
    pub fn missing(namespace_name: &str, namespace_owner: NamespaceOwner) -> Self {
        Self {
            namespace_name: namespace_name.to_owned(),
            namespace_owner,
            namespace_enabled: true,
            exists: false,
            visibility: Visibility::Private,
            state: RepositoryState::Normal,
            mirror_robot: None,
            proxy_cache: false,
        }
    }

    /// An existing repository in the normal state, in an enabled namespace.
    #[must_use]
    pub fn existing(
        namespace_name: &str,
        namespace_owner: NamespaceOwner,
        visibility: Visibility,
    ) -> Self {
        Self {
            exists: true,
            visibility,
            ..Self::missing(namespace_name, namespace_owner)
        }
    }
}

/// A role on a repository; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// May pull.
    Read,
    /// May also push and delete tags.
    Write,
    /// May also change and delete the repository.
    Admin,
}

/// A role in an organization; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TeamRole {
    /// Nothing by itself.
    Member,
    /// May create repositories.
    Creator,
    /// Administers the organization and each of its repositories.
    Admin,
}

/// Which roles the caller holds, directly or through teams; the highest of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// On the repository.
    pub repository_role: Option<Role>,
    /// In the organization.
    pub team_role: Option<TeamRole>,
}

/// Settings of the registry that bear on permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registry {
    /// Callers without login are served at all.
    pub anonymous_access: bool,
    /// The whole registry is read-only.
    pub read_only: bool,
    /// Pushes and manifest deletions are switched off; other writes go on.
    pub pushes_disabled: bool,
    /// Everybody may pull, push, delete and create everything. For tests only; callers without
    /// login still need `anonymous_access`.
    pub open_test_registry: bool,
    /// A push by a user into a missing namespace creates an organization of that name.
    pub create_namespace_on_push: bool,
}

impl Default for Registry {
    /// The settings of a registry whose operator chose nothing.
    fn default() -> Self {
        Self {
            anonymous_access: true,
            read_only: false,
            pushes_disabled: false,
            open_test_registry: false,
            create_namespace_on_push: false,
        }
    }
}
