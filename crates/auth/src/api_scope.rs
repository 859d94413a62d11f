//! The scopes of OAuth tokens, and how far each lets a caller go.
//!
//! A scope never adds anything: it caps the role a caller has anyway. Somebody with a session or a
//! password has [`ScopeSet::DIRECT`], which caps nothing.
//!
//! Quay: `auth/scopes.py`, `auth/permissions.py`.

use crate::facts::{Role, TeamRole};

/// One scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiScope {
    /// `repo:read`.
    RepoRead,
    /// `repo:write`, includes `repo:read`.
    RepoWrite,
    /// `repo:admin`, includes `repo:write`.
    RepoAdmin,
    /// `repo:create`.
    RepoCreate,
    /// `user:read`.
    UserRead,
    /// `user:admin`, includes `user:read`.
    UserAdmin,
    /// `org:admin`.
    OrgAdmin,
    /// `super:user`.
    SuperUser,
}

impl ApiScope {
    /// All scopes, in Quay's order.
    pub const ALL: [Self; 8] = [
        Self::RepoRead,
        Self::RepoWrite,
        Self::RepoAdmin,
        Self::RepoCreate,
        Self::UserRead,
        Self::UserAdmin,
        Self::OrgAdmin,
        Self::SuperUser,
    ];

    /// Its name in requests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RepoRead => "repo:read",
            Self::RepoWrite => "repo:write",
            Self::RepoAdmin => "repo:admin",
            Self::RepoCreate => "repo:create",
            Self::UserRead => "user:read",
            Self::UserAdmin => "user:admin",
            Self::OrgAdmin => "org:admin",
            Self::SuperUser => "super:user",
        }
    }

    /// What a person is told before granting it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::RepoRead => "View all visible repositories",
            Self::RepoWrite => "Read/Write to any accessible repositories",
            Self::RepoAdmin => "Administer Repositories",
            Self::RepoCreate => "Create Repositories",
            Self::UserRead => "Read User Information",
            Self::UserAdmin => "Administer User",
            Self::OrgAdmin => "Administer Organization",
            Self::SuperUser => "Super User Access",
        }
    }

    /// What it allows, in one sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::RepoRead => "See and pull every repository that the granting user can see.",
            Self::RepoWrite => {
                "See, pull and push every repository the granting user may write to."
            }
            Self::RepoAdmin => "Administer every repository the granting user administers.",
            Self::RepoCreate => "Create repositories in namespaces where the granting user may.",
            Self::UserRead => "Read the granting user's name and address.",
            Self::UserAdmin => "Change the granting user's account, robots and stars.",
            Self::OrgAdmin => "Administer the organizations the granting user administers.",
            Self::SuperUser => "Use the granting superuser's administration of this registry.",
        }
    }

    fn bit(self) -> u16 {
        match self {
            Self::RepoRead => 1,
            Self::RepoWrite => 2,
            Self::RepoAdmin => 4,
            Self::RepoCreate => 8,
            Self::UserRead => 16,
            Self::UserAdmin => 32,
            Self::OrgAdmin => 64,
            Self::SuperUser => 128,
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeSet(u16);

const DIRECT_BIT: u16 = 1 << 15;

impl ScopeSet {
    /// Nothing at all.
    pub const EMPTY: Self = Self(0);
    /// A login by the person itself: no cap.
    pub const DIRECT: Self = Self(DIRECT_BIT | 255);

    /// Reads scopes separated by spaces or commas; one unknown name makes the whole set empty.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut bits = 0;
        for name in text.split([' ', ',']).filter(|name| !name.is_empty()) {
            match ApiScope::ALL
                .into_iter()
                .find(|scope| scope.as_str() == name)
            {
                Some(scope) => bits |= scope.bit(),
                None => return Self::EMPTY,
            }
        }
        Self(bits)
    }

    /// Says whether nothing is allowed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Says whether the person itself is logged in.
    #[must_use]
    pub fn is_direct(self) -> bool {
        self.0 & DIRECT_BIT != 0
    }

    /// Says whether `scope` itself was granted.
    #[must_use]
    pub fn contains(self, scope: ApiScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Says whether everything in `other` is in here.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Only what is in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes, in Quay's order.
    pub fn iter(self) -> impl Iterator<Item = ApiScope> {
        ApiScope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }

    /// The names, separated by spaces.
    #[must_use]
    pub fn names(self) -> String {
        let names: Vec<&str> = self.iter().map(ApiScope::as_str).collect();
        names.join(" ")
    }

    /// The highest role on repositories.
    #[must_use]
    pub fn repository_cap(self) -> Option<Role> {
        if self.contains(ApiScope::RepoAdmin) {
            Some(Role::Admin)
        } else if self.contains(ApiScope::RepoWrite) {
            Some(Role::Write)
        } else {
            self.contains(ApiScope::RepoRead).then_some(Role::Read)
        }
    }

    /// The highest role in organizations and in the caller's own namespace.
    #[must_use]
    pub fn team_cap(self) -> Option<TeamRole> {
        if self.contains(ApiScope::OrgAdmin) {
            Some(TeamRole::Admin)
        } else {
            self.contains(ApiScope::RepoCreate)
                .then_some(TeamRole::Creator)
        }
    }

    /// Whether the caller's own account may be read.
    #[must_use]
    pub fn reads_user(self) -> bool {
        self.contains(ApiScope::UserRead) || self.contains(ApiScope::UserAdmin)
    }

    /// Whether the caller's own account may be changed.
    #[must_use]
    pub fn administers_user(self) -> bool {
        self.contains(ApiScope::UserAdmin)
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiScope, ScopeSet};
    use crate::facts::{Role, TeamRole};

    #[test]
    fn scopes_are_read_with_spaces_and_commas() {
        let set = ScopeSet::parse("repo:read,user:read  org:admin");

        assert_eq!(set.names(), "repo:read user:read org:admin");
        assert!(!set.is_direct());
    }

    #[test]
    fn one_unknown_scope_empties_the_set() {
        assert!(ScopeSet::parse("repo:read bogus").is_empty());
        assert!(ScopeSet::parse("REPO:READ").is_empty());
        assert!(ScopeSet::parse("").is_empty());
    }

    #[test]
    fn caps_follow_the_highest_scope() {
        assert_eq!(
            ScopeSet::parse("repo:read repo:write").repository_cap(),
            Some(Role::Write)
        );
        assert_eq!(ScopeSet::parse("user:admin").repository_cap(), None);
        assert_eq!(
            ScopeSet::parse("repo:create").team_cap(),
            Some(TeamRole::Creator)
        );
        assert_eq!(ScopeSet::parse("repo:admin").team_cap(), None);
    }

    #[test]
    fn a_direct_login_has_every_scope() {
        for scope in ApiScope::ALL {
            assert!(ScopeSet::DIRECT.contains(scope), "{}", scope.as_str());
        }
        assert!(ScopeSet::DIRECT.is_direct());
        assert!(!ScopeSet::parse(&ScopeSet::DIRECT.names()).is_direct());
    }
}
