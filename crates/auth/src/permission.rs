//! The one place that decides what a caller may do with a repository.
//!
//! [`decide`] is a pure function of four plain values: who asks ([`Principal`]), about what
//! ([`RepositoryFacts`]), holding which roles ([`Grants`]), on which registry ([`Registry`]). The
//! registry, the token service and the API all call it; none has rules of its own.
//!
//! Invariants, each held by a property test: one more role never takes access away; a disabled
//! account gets nothing; nobody anonymous writes unless the registry is open for testing; a
//! read-only superuser never writes; a token's scope only ever narrows.
//!
//! Quay: `auth/permissions.py`, `endpoints/v2/v2auth.py`, `endpoints/decorators.py`.

pub use crate::facts::{
    AccountId, Grants, NamespaceOwner, Principal, PrincipalKind, Registry, RepositoryFacts,
    RepositoryState, Role, TeamRole, Visibility,
};
pub use crate::reason::Reason;
use crate::scope::ActionSet;

/// Whether one thing is allowed, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The fact that settled it.
    pub reason: Reason,
}

impl Verdict {
    fn allow(reason: Reason) -> Self {
        Self {
            allowed: true,
            reason,
        }
    }

    fn refuse(reason: Reason) -> Self {
        Self {
            allowed: false,
            reason,
        }
    }

    fn allow_or(found: Option<Reason>, refusal: Reason) -> Self {
        found.map_or(Self::refuse(refusal), Self::allow)
    }
}

/// What a caller may do with one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Read manifests, blobs and tags. Allowed on a missing repository to those who could read it
    /// if it existed, who may thus be told that it does not.
    pub pull: Verdict,
    /// Write manifests, blobs and tags; on a missing repository, to create it by doing so.
    pub push: Verdict,
    /// Delete manifests and tags.
    pub delete: Verdict,
    /// Change what the repository holds by the API. Does not look at the repository's state, at
    /// `read_only` or at `pushes_disabled`, which the API answers in ways of its own.
    pub write: Verdict,
    /// Change, share and delete the repository. Does not look at the repository's state or at
    /// `read_only`, so that reading settings and ending a read-only state stay possible.
    pub admin: Verdict,
    /// Create the repository. Does not look at `pushes_disabled`, which the API ignores.
    pub create: Verdict,
    /// See what administrators see.
    pub inspect: Verdict,
}

impl Decision {
    /// Answers which of the requested actions a token may carry.
    ///
    /// `*` is granted only where the caller may push and delete as well, which rules out
    /// repositories that are missing, mirrored or read-only.
    #[must_use]
    pub fn granted(&self, requested: ActionSet) -> ActionSet {
        let may_all = self.admin.allowed && self.push.allowed && self.delete.allowed;
        let permitted = [
            (self.pull.allowed, ActionSet::PULL),
            (self.push.allowed, ActionSet::PUSH),
            (self.delete.allowed, ActionSet::DELETE),
            (may_all, ActionSet::ADMIN),
        ];
        permitted
            .into_iter()
            .filter(|(is_permitted, _)| *is_permitted)
            .fold(ActionSet::EMPTY, |granted, (_, action)| {
                granted.union(action)
            })
            .intersection(requested)
    }

    /// Narrows the decision to what a token's actions imply; nothing becomes allowed.
    #[must_use]
    pub fn within(&self, token_actions: ActionSet) -> Self {
        let permitted = token_actions.implied();
        let narrow = |verdict: Verdict, action: ActionSet| {
            if verdict.allowed && !permitted.contains(action) {
                Verdict::refuse(Reason::OutsideTokenScope)
            } else {
                verdict
            }
        };
        Self {
            pull: narrow(self.pull, ActionSet::PULL),
            push: narrow(self.push, ActionSet::PUSH),
            delete: narrow(self.delete, ActionSet::DELETE),
            write: narrow(self.write, ActionSet::PUSH),
            admin: narrow(self.admin, ActionSet::ADMIN),
            create: narrow(self.create, ActionSet::PUSH),
            inspect: narrow(self.inspect, ActionSet::ADMIN),
        }
    }
}

/// Decides what `principal` may do with the repository.
#[must_use]
pub fn decide(
    principal: &Principal,
    facts: &RepositoryFacts,
    grants: &Grants,
    registry: &Registry,
) -> Decision {
    let case = Case {
        principal,
        facts,
        grants,
        registry,
    };
    Decision {
        pull: case.pull(),
        push: case.push(),
        delete: case.delete(),
        write: case.write(),
        admin: case.admin(),
        create: case.create(),
        inspect: case.inspect(),
    }
}

/// One question, with everything the answer depends on.
#[derive(Clone, Copy)]
struct Case<'a> {
    principal: &'a Principal,
    facts: &'a RepositoryFacts,
    grants: &'a Grants,
    registry: &'a Registry,
}

impl Case<'_> {
    fn pull(self) -> Verdict {
        if let Some(refusal) = self.caller_barrier().or_else(|| self.place_barrier()) {
            return Verdict::refuse(refusal);
        }
        let is_public = self.facts.exists && self.facts.visibility == Visibility::Public;
        let is_proxy_member = self.facts.proxy_cache && self.grants.team_role.is_some();
        let created = Some(self.create()).filter(|verdict| verdict.allowed);
        let found = self
            .standing(Role::Read)
            .or(is_public.then_some(Reason::PublicRepository))
            .or(self
                .principal
                .reads_everything()
                .then_some(Reason::ReadOnlySuperuserReads))
            .or((is_proxy_member && self.is_account()).then_some(Reason::ProxyCacheMember))
            .or(created.map(|verdict| verdict.reason))
            .or(self.open());
        let refusal = if self.facts.exists {
            Reason::NoReadRole
        } else {
            Reason::RepositoryMissing
        };
        Verdict::allow_or(found, self.login_or(refusal))
    }

    fn push(self) -> Verdict {
        let barrier = self.write_barrier();
        let barrier = barrier.or(self
            .registry
            .pushes_disabled
            .then_some(Reason::PushesDisabled));
        if let Some(refusal) = barrier {
            return Verdict::refuse(refusal);
        }
        if !self.facts.exists {
            return self.create();
        }
        self.write_to_existing()
    }

    fn delete(self) -> Verdict {
        let barrier = self.write_barrier();
        let barrier = barrier.or(self
            .registry
            .pushes_disabled
            .then_some(Reason::PushesDisabled));
        if let Some(refusal) = barrier {
            return Verdict::refuse(refusal);
        }
        if !self.facts.exists {
            return Verdict::refuse(self.login_or(Reason::RepositoryMissing));
        }
        self.write_to_existing()
    }

    fn write(self) -> Verdict {
        let readonly = self
            .principal
            .global_readonly
            .then_some(Reason::ReadOnlySuperuserWrites);
        let restriction = self.is_restricted_here().then_some(Reason::RestrictedUser);
        let barrier = self.caller_barrier().or(self.place_barrier());
        if let Some(refusal) = barrier.or(readonly).or(restriction) {
            return Verdict::refuse(refusal);
        }
        if !self.facts.exists {
            // Whoever administers the place may be told that it is missing.
            let found = self.standing(Role::Admin);
            return Verdict::allow_or(found, self.login_or(Reason::RepositoryMissing));
        }
        let found = self.standing(Role::Write).or(self.open());
        Verdict::allow_or(found, self.login_or(Reason::NoWriteRole))
    }

    fn write_to_existing(self) -> Verdict {
        let state_barrier = self.state_barrier();
        let restriction = self.is_restricted_here().then_some(Reason::RestrictedUser);
        if let Some(refusal) = state_barrier.or(restriction) {
            return Verdict::refuse(refusal);
        }
        let found = self.standing(Role::Write).or(self.open());
        Verdict::allow_or(found, self.login_or(Reason::NoWriteRole))
    }

    fn admin(self) -> Verdict {
        if let Some(refusal) = self.caller_barrier() {
            return Verdict::refuse(refusal);
        }
        if self.is_being_deleted() {
            return Verdict::refuse(Reason::RepositoryBeingDeleted);
        }
        if self.principal.global_readonly {
            return Verdict::refuse(Reason::ReadOnlySuperuserWrites);
        }
        Verdict::allow_or(
            self.standing(Role::Admin),
            self.login_or(Reason::NoAdminRole),
        )
    }

    fn inspect(self) -> Verdict {
        if let Some(refusal) = self.caller_barrier() {
            return Verdict::refuse(refusal);
        }
        if self.is_being_deleted() {
            return Verdict::refuse(Reason::RepositoryBeingDeleted);
        }
        let reads = self
            .principal
            .reads_everything()
            .then_some(Reason::ReadOnlySuperuserReads);
        let found = self.standing(Role::Admin).or(reads);
        Verdict::allow_or(found, self.login_or(Reason::NoAdminRole))
    }

    fn create(self) -> Verdict {
        if let Some(refusal) = self.write_barrier() {
            return Verdict::refuse(refusal);
        }
        if self.facts.exists {
            return Verdict::refuse(Reason::RepositoryExists);
        }
        let is_new_namespace = self.facts.namespace_owner == NamespaceOwner::Missing;
        if self.is_restricted_here() || (self.principal.restricted && is_new_namespace) {
            return Verdict::refuse(Reason::RestrictedUser);
        }
        if is_new_namespace {
            return self.create_with_namespace();
        }
        let may_create = self.is_account() && self.grants.team_role >= Some(TeamRole::Creator);
        let in_organization = matches!(self.facts.namespace_owner, NamespaceOwner::Organization(_));
        let creator = may_create && in_organization;
        let found = self
            .namespace_standing()
            .or(creator.then_some(Reason::OrganizationCreator))
            .filter(|_| self.principal.scopes.team_cap().is_some())
            .map(|_| Reason::PushCreatesRepository)
            .or(self.open());
        let refusal = if self.principal.scopes.team_cap().is_some() {
            Reason::NoCreateRole
        } else {
            Reason::OutsideTokenScope
        };
        Verdict::allow_or(found, self.login_or(refusal))
    }

    fn create_with_namespace(self) -> Verdict {
        let by_user = self.registry.create_namespace_on_push
            && self.principal.user_id().is_some()
            && self.principal.scopes.team_cap() == Some(TeamRole::Admin);
        let found = by_user
            .then_some(Reason::PushCreatesNamespace)
            .or(self.open());
        Verdict::allow_or(found, self.login_or(Reason::NamespaceMissing))
    }

    /// Finds what gives the caller at least `needed` on the repository.
    fn standing(self, needed: Role) -> Option<Reason> {
        if self.principal.is_anonymous() || self.principal.scopes.repository_cap() < Some(needed) {
            return None;
        }
        if self.facts.exists && self.grants.repository_role >= Some(needed) {
            return Some(Reason::RepositoryRole);
        }
        self.namespace_standing()
    }

    /// Finds what gives the caller everything in the namespace, scopes aside.
    fn namespace_standing(self) -> Option<Reason> {
        if self.principal.is_anonymous() {
            return None;
        }
        let is_own = match self.facts.namespace_owner {
            NamespaceOwner::User(owner) => self.principal.user_id() == Some(owner),
            _ => false,
        };
        if is_own {
            return Some(Reason::NamespaceOwner);
        }
        let in_organization = matches!(self.facts.namespace_owner, NamespaceOwner::Organization(_));
        let administers = self.grants.team_role >= Some(TeamRole::Admin);
        if in_organization && administers && self.is_account() {
            return Some(Reason::OrganizationAdmin);
        }
        let has_namespace = self.facts.namespace_owner != NamespaceOwner::Missing;
        let is_full = has_namespace && self.principal.has_full_access();
        is_full.then_some(Reason::SuperuserFullAccess)
    }

    /// What keeps the caller from everything.
    fn caller_barrier(self) -> Option<Reason> {
        if !self.principal.enabled {
            return Some(Reason::AccountDisabled);
        }
        let is_unwelcome = self.principal.is_anonymous() && !self.registry.anonymous_access;
        is_unwelcome.then_some(Reason::AnonymousAccessOff)
    }

    /// What keeps everybody from the content.
    fn place_barrier(self) -> Option<Reason> {
        if !self.facts.namespace_enabled {
            return Some(Reason::NamespaceDisabled);
        }
        self.is_being_deleted()
            .then_some(Reason::RepositoryBeingDeleted)
    }

    /// What keeps the caller from every write.
    fn write_barrier(self) -> Option<Reason> {
        let readonly = self
            .principal
            .global_readonly
            .then_some(Reason::ReadOnlySuperuserWrites);
        let frozen = self.registry.read_only.then_some(Reason::RegistryReadOnly);
        self.caller_barrier()
            .or(self.place_barrier())
            .or(readonly)
            .or(frozen)
    }

    fn state_barrier(self) -> Option<Reason> {
        match self.facts.state {
            RepositoryState::Normal => None,
            RepositoryState::ReadOnly => Some(Reason::RepositoryReadOnly),
            RepositoryState::MarkedForDeletion => Some(Reason::RepositoryBeingDeleted),
            RepositoryState::Mirror | RepositoryState::OrgMirror => {
                let robot = self.principal.robot_id();
                let is_mirror_robot = robot.is_some() && robot == self.facts.mirror_robot;
                (!is_mirror_robot).then_some(Reason::MirrorRobotOnly)
            }
        }
    }

    fn is_being_deleted(self) -> bool {
        self.facts.exists && self.facts.state == RepositoryState::MarkedForDeletion
    }

    fn is_restricted_here(self) -> bool {
        let NamespaceOwner::User(owner) = self.facts.namespace_owner else {
            return false;
        };
        self.principal.restricted && self.principal.home() == Some(owner)
    }

    /// Users and robots can be in teams; access tokens and nobody cannot.
    fn is_account(self) -> bool {
        self.principal.home().is_some()
    }

    fn open(self) -> Option<Reason> {
        self.registry
            .open_test_registry
            .then_some(Reason::OpenTestRegistry)
    }

    fn login_or(self, refusal: Reason) -> Reason {
        if self.principal.is_anonymous() {
            Reason::LoginNeeded
        } else {
            refusal
        }
    }
}
