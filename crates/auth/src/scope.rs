//! The `scope` values of a token request.
//!
//! A request carries any number of `scope` parameters and each holds any number of scopes parted
//! by spaces. Accepted are `repository:[host/]path:actions` with the actions `pull`, `push`,
//! `delete` and `*`, where the host may only be this server's name, and `registry:catalog:*`.
//! Anything else is an error in Quay's words. Scopes of the same repository are merged, so a
//! token never names one twice.
//!
//! What a scope asks for is not yet granted: [`crate::permission::Decision::granted`] decides.

use std::fmt;

use crate::error::ScopeError;

/// The most scopes one token request may carry.
pub const MAX_SCOPES: usize = 100;
/// The longest repository path in a scope, namespace included.
const MAX_PATH_BYTES: usize = 511;

/// A set of actions on a repository.
///
/// `admin` is written `*`. The set holds exactly what was named: `*` does not include the others
/// until [`ActionSet::implied`] says so.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ActionSet(u8);

impl ActionSet {
    /// No action.
    pub const EMPTY: Self = Self(0);
    /// Reading manifests, blobs and tags.
    pub const PULL: Self = Self(1);
    /// Writing manifests, blobs and tags.
    pub const PUSH: Self = Self(2);
    /// Deleting manifests and tags.
    pub const DELETE: Self = Self(4);
    /// Everything, written `*`.
    pub const ADMIN: Self = Self(8);
    /// All four actions.
    pub const ALL: Self = Self(15);

    /// Says whether every action of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Says whether no action is in this set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Answers the actions that are in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Answers the actions that are in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Answers what holding this set permits: `*` everything, `push` also `pull` and `delete`.
    ///
    /// Quay: `auth/registry_jwt_auth.py` turns `push` into a write grant, by which a manifest may
    /// be read and deleted too.
    #[must_use]
    pub fn implied(self) -> Self {
        let mut permitted = self;
        if self.contains(Self::ADMIN) {
            permitted = Self::ALL;
        }
        if self.contains(Self::PUSH) {
            permitted = permitted.union(Self::PULL).union(Self::DELETE);
        }
        permitted
    }

    /// Reads one action name; `None` when it is not one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pull" => Some(Self::PULL),
            "push" => Some(Self::PUSH),
            "delete" => Some(Self::DELETE),
            "*" => Some(Self::ADMIN),
            _ => None,
        }
    }

    /// The names in the order of a token's `actions`, which is Quay's: `push` first.
    #[must_use]
    pub fn token_names(self) -> Vec<&'static str> {
        self.names_among(&["push", "pull", "delete", "*"])
    }

    /// The names in the order of a challenge: `pull,push,delete,*`.
    #[must_use]
    pub fn challenge_names(self) -> Vec<&'static str> {
        self.names_among(&["pull", "push", "delete", "*"])
    }

    fn names_among(self, order: &[&'static str]) -> Vec<&'static str> {
        let is_held = |name: &&str| Self::from_name(name).is_some_and(|one| self.contains(one));
        order.iter().copied().filter(is_held).collect()
    }
}

impl fmt::Display for ActionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.challenge_names().join(","))
    }
}

impl fmt::Debug for ActionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ActionSet({self})")
    }
}

/// What a scope is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// A repository.
    Repository,
    /// The registry itself; only its catalog can be asked for.
    Registry,
}

impl ScopeKind {
    /// The word before the first colon.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Registry => "registry",
        }
    }
}

/// One scope of a token request or of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Repository or registry.
    pub kind: ScopeKind,
    /// Repository path without the host, or `catalog`.
    pub name: String,
    /// The name as requested, host included; a token's `access` entry repeats it.
    pub requested_name: String,
    /// The requested actions.
    pub actions: ActionSet,
}

impl Scope {
    /// Makes the scope of a repository for a challenge.
    #[must_use]
    pub fn repository(path: &str, actions: ActionSet) -> Self {
        Self {
            kind: ScopeKind::Repository,
            name: path.to_owned(),
            requested_name: path.to_owned(),
            actions,
        }
    }

    /// Makes the scope of the catalog.
    #[must_use]
    pub fn catalog() -> Self {
        Self {
            kind: ScopeKind::Registry,
            name: "catalog".to_owned(),
            requested_name: "catalog".to_owned(),
            actions: ActionSet::ADMIN,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.kind.as_str(),
            self.requested_name,
            self.actions
        )
    }
}

/// Reads all `scope` parameters of a token request.
///
/// Blank parameters are skipped. Scopes come back in the order of their first mention.
///
/// # Errors
/// [`ScopeError`] for the first scope that cannot be granted to anybody.
pub fn parse_scopes<'a>(
    parameters: impl IntoIterator<Item = &'a str>,
    server_name: &str,
) -> Result<Vec<Scope>, ScopeError> {
    let mut scopes: Vec<Scope> = Vec::new();
    let texts = parameters
        .into_iter()
        .flat_map(|parameter| parameter.split(' '));
    for text in texts.filter(|text| !text.is_empty()) {
        let scope = parse_scope(text, server_name)?;
        let known = scopes
            .iter_mut()
            .find(|other| other.kind == scope.kind && other.requested_name == scope.requested_name);
        if let Some(earlier) = known {
            earlier.actions = earlier.actions.union(scope.actions);
        } else if scopes.len() == MAX_SCOPES {
            return Err(ScopeError::TooMany { limit: MAX_SCOPES });
        } else {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

/// Reads one scope.
///
/// # Errors
/// [`ScopeError::Undecodable`] unless it has one of the two accepted forms;
/// [`ScopeError::Name`] when the path has the form but breaks the name rules.
pub fn parse_scope(text: &str, server_name: &str) -> Result<Scope, ScopeError> {
    if text == "registry:catalog:*" {
        return Ok(Scope::catalog());
    }
    let undecodable = || ScopeError::Undecodable(text.to_owned());
    let rest = text.strip_prefix("repository:").ok_or_else(undecodable)?;
    let (requested_name, action_list) = rest.rsplit_once(':').ok_or_else(undecodable)?;
    let actions = parse_actions(action_list).ok_or_else(undecodable)?;
    let path = strip_server(requested_name, server_name);
    if !is_decodable_path(path) {
        return Err(undecodable());
    }
    if !is_valid_path(path) {
        return Err(ScopeError::Name(path.to_owned()));
    }
    Ok(Scope {
        kind: ScopeKind::Repository,
        name: path.to_owned(),
        requested_name: requested_name.to_owned(),
        actions,
    })
}

fn strip_server<'a>(requested_name: &'a str, server_name: &str) -> &'a str {
    if server_name.is_empty() {
        return requested_name;
    }
    let rest = requested_name.strip_prefix(server_name);
    rest.and_then(|after| after.strip_prefix('/'))
        .unwrap_or(requested_name)
}

fn parse_actions(list: &str) -> Option<ActionSet> {
    let mut actions = ActionSet::EMPTY;
    for name in list.split(',') {
        actions = actions.union(ActionSet::from_name(name)?);
    }
    Some(actions)
}

/// Segments of letters, digits, dots, dashes and underscores, as Quay's pattern reads them.
fn is_decodable_path(path: &str) -> bool {
    let is_path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    path.split('/')
        .all(|segment| !segment.is_empty() && segment.bytes().all(is_path_byte))
}

/// Lower case throughout, each segment starting with a letter or digit, bounded length.
fn is_valid_path(path: &str) -> bool {
    let starts_well = |segment: &str| {
        segment
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
    };
    path.len() <= MAX_PATH_BYTES
        && !path.bytes().any(|byte| byte.is_ascii_uppercase())
        && path.split('/').all(starts_well)
}
