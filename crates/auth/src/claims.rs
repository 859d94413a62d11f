//! The payload of a registry token.
//!
//! The members are Quay's, name by name and in its order, so tools that decode a token find what
//! they expect; one member of our own, `slipway`, carries the account the token was issued to and
//! that account's epoch, by which a token dies when its account is replaced or its credentials
//! are reset. Serialising never writes an absent member as `null`.
//!
//! Quay: `util/security/registry_jwt.py`, `auth/auth_context_type.py`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::ActionSet;

/// The `sub` of a token issued to nobody.
pub const ANONYMOUS_SUBJECT: &str = "(anonymous)";
/// The only content trust root this registry names.
pub const DISABLED_ROOT: &str = "$disabled";

/// The payload of a registry token; times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the service name of the instance keys, `quay` by default.
    pub iss: String,
    /// Audience: the `service` the token was asked for.
    pub aud: String,
    /// Not valid before, in Unix seconds.
    pub nbf: i64,
    /// Issued at, in Unix seconds.
    pub iat: i64,
    /// Expires at, in Unix seconds.
    pub exp: i64,
    /// User name, robot name or `(anonymous)`.
    pub sub: String,
    /// Identifier of this one token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// What the token grants; permissions of the day still limit it.
    #[serde(default)]
    pub access: Vec<AccessEntry>,
    /// Which credential stood behind the request.
    #[serde(default)]
    pub context: Context,
    /// Which account row, in which epoch.
    #[serde(default)]
    pub slipway: Epoch,
}

impl Claims {
    /// Says which actions the token grants on `repository_path`; empty when it names it nowhere.
    ///
    /// A name in `access` is as the client wrote it: perhaps with this server's name in front,
    /// perhaps a single segment, which lies in `library_namespace`.
    #[must_use]
    pub fn granted_on(&self, repository_path: &str, naming: Naming<'_>) -> ActionSet {
        self.access
            .iter()
            .filter(|entry| {
                entry.kind == "repository" && naming.names(&entry.name, repository_path)
            })
            .map(AccessEntry::action_set)
            .fold(ActionSet::EMPTY, ActionSet::union)
    }
}

/// How names in a token are read.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// Host, with port where there is one, that may stand before a path.
    pub server_name: &'a str,
    /// Namespace of a path of one segment, `library` by default.
    pub library_namespace: &'a str,
}

impl Naming<'_> {
    fn names(self, requested_name: &str, repository_path: &str) -> bool {
        let after_host = requested_name
            .strip_prefix(self.server_name)
            .and_then(|rest| rest.strip_prefix('/'));
        let path = after_host.unwrap_or(requested_name);
        if path.contains('/') {
            return path == repository_path;
        }
        let in_library = repository_path.strip_prefix(self.library_namespace);
        in_library.and_then(|rest| rest.strip_prefix('/')) == Some(path)
    }
}

/// One entry of `access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEntry {
    /// `repository` or `registry`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name as it was requested, host prefix included.
    pub name: String,
    /// Granted actions; empty when nothing was granted.
    pub actions: Vec<String>,
}

impl AccessEntry {
    /// Makes the entry of one repository, actions in Quay's order (`push` before `pull`).
    #[must_use]
    pub fn repository(requested_name: &str, actions: ActionSet) -> Self {
        let named = actions
            .token_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        Self {
            kind: "repository".to_owned(),
            name: requested_name.to_owned(),
            actions: named,
        }
    }

    /// Reads the actions; unknown ones grant nothing.
    #[must_use]
    pub fn action_set(&self) -> ActionSet {
        self.actions
            .iter()
            .filter_map(|name| ActionSet::from_name(name))
            .fold(ActionSet::EMPTY, ActionSet::union)
    }
}

/// Which credential stood behind the token request.
///
/// An anonymous context has the two `com.apostille` members only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Always 2 when somebody is logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What kind of credential it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_kind: Option<EntityKind>,
    /// User uuid, robot name, or the reference of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_reference: Option<String>,
    /// Older form of `entity_kind`: `user`, `token` or `oauth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Older member: the reference of the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Older member: the OAuth token's uuid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<String>,
    /// Name of the user or robot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Content trust root by `namespace/repository`.
    #[serde(rename = "com.apostille.roots", default)]
    pub roots: BTreeMap<String, String>,
    /// Content trust root when there is one repository.
    #[serde(rename = "com.apostille.root", default = "disabled_root")]
    pub root: String,
}

fn disabled_root() -> String {
    DISABLED_ROOT.to_owned()
}

impl Context {
    /// The context of a request without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            root: disabled_root(),
            ..Self::default()
        }
    }

    /// The context of a user who gave a password.
    #[must_use]
    pub fn user(user_uuid: &str, user_name: &str) -> Self {
        Self::of(EntityKind::User, user_uuid, "user").with_user(user_name)
    }

    /// The context of a robot.
    #[must_use]
    pub fn robot(robot_name: &str) -> Self {
        Self::of(EntityKind::Robot, robot_name, "user").with_user(robot_name)
    }

    /// The context of an app-specific token.
    #[must_use]
    pub fn app_token(token_uuid: &str, user_name: &str) -> Self {
        Self::of(EntityKind::AppSpecificToken, token_uuid, "user").with_user(user_name)
    }

    /// The context of an OAuth token.
    #[must_use]
    pub fn oauth_token(token_uuid: &str, user_name: &str) -> Self {
        let mut context = Self::of(EntityKind::OauthToken, token_uuid, "oauth");
        context.oauth = Some(token_uuid.to_owned());
        context.with_user(user_name)
    }

    /// The context of a repository access token.
    ///
    /// Whoever sees a registry token can read its payload, so `token_reference` must name the
    /// access token's row and not be the code that logs in.
    #[must_use]
    pub fn access_token(token_reference: &str) -> Self {
        let mut context = Self::of(EntityKind::Token, token_reference, "token");
        context.token = Some(token_reference.to_owned());
        context
    }

    /// Adds the disabled trust root of each requested `namespace/repository`.
    #[must_use]
    pub fn with_repositories<'a>(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        self.roots.extend(
            paths
                .into_iter()
                .map(|path| (path.to_owned(), disabled_root())),
        );
        self
    }

    fn of(kind: EntityKind, reference: &str, older_kind: &str) -> Self {
        Self {
            version: Some(2),
            entity_kind: Some(kind),
            entity_reference: Some(reference.to_owned()),
            kind: Some(older_kind.to_owned()),
            ..Self::anonymous()
        }
    }

    fn with_user(mut self, user_name: &str) -> Self {
        self.user = Some(user_name.to_owned());
        self
    }
}

/// The kinds of credential a token can stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// A user's password.
    User,
    /// A robot's token.
    Robot,
    /// A repository access token (`$token`).
    Token,
    /// An OAuth token (`$oauthtoken`).
    OauthToken,
    /// An app-specific token (`$app`).
    AppSpecificToken,
}

/// The account a token was issued to and that account's epoch at the time.
///
/// A token of another issuer lacks the member and reads as nobody in epoch 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// Row of the user, organization or robot; absent for anonymous tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<i64>,
    /// Rises whenever the account's credentials are reset.
    #[serde(default)]
    pub principal_epoch: i64,
    /// Row and epoch of each namespace that the token names; a token dies when one of them is
    /// deleted, although another of the same name may follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<(i64, i64)>,
    /// Names of namespaces that did not exist; once somebody else has one, the token is dead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unborn: Vec<String>,
}
