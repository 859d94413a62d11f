//! Robots: accounts of machines, each a namespace row named `owner+short`.
//!
//! A robot's token is stored sealed, because its owner may read it again. Deleting a robot frees its
//! name; the namespace row stays for the usage log.

use serde_json::Value;

use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId};
use crate::query::{Run, queries, record};
use crate::statement;

record! {
    /// A robot as it logs in.
    pub struct RobotLogin {
        /// Its row.
        pub id: AccountId,
        /// Whose it is.
        pub owner_id: NamespaceId,
        /// Its full name.
        pub name: String,
        /// Tokens of an older epoch are refused.
        pub epoch: i64,
        /// False when disabled.
        pub enabled: bool,
        /// False when its owner is disabled.
        pub owner_enabled: bool,
        /// The owner's epoch.
        pub owner_epoch: i64,
        /// Whether an organization owns it.
        pub of_organization: bool,
        /// The owner's name.
        pub owner_name: String,
        /// Its token, sealed.
        pub sealed_token: Vec<u8>,
        /// When it expires, Unix seconds.
        pub expires_at_s: Option<i64>,
    }
}

record! {
    /// A robot as its owner sees it; times are Unix seconds.
    pub struct Robot {
        /// Its row.
        pub id: AccountId,
        /// Its full name.
        pub name: String,
        /// What it is for.
        pub description: String,
        /// What its owner keeps with it.
        pub metadata: Value,
        /// Its token, sealed.
        pub sealed_token: Vec<u8>,
        /// When it was made.
        pub created_at_s: i64,
        /// When it last logged in.
        pub last_accessed_at_s: Option<i64>,
        /// When it expires.
        pub expires_at_s: Option<i64>,
        /// Names of its teams, where asked for.
        pub teams: Value,
        /// Names of repositories it was granted directly, where asked for.
        pub repositories: Value,
    }
}

record! {
    /// A role of a robot on a repository.
    pub struct RobotPermission {
        /// The repository's name.
        pub name: String,
        /// Whether everybody may pull it.
        pub is_public: bool,
        /// `read`, `write` or `admin`.
        pub role: String,
    }
}

record! {
    /// An outside identity that may log in as a robot.
    pub struct Federation {
        /// Who vouches for it.
        pub issuer: String,
        /// Its name there.
        pub subject: String,
    }
}

queries! {
    /// Finds a robot by its owner's name and its short name.
    fn find_login(owner: &str, short_name: &str) -> maybe RobotLogin = FIND_ROBOT_LOGIN;
    /// Makes a robot's namespace row; `None` when the name is taken or the owner gone.
    fn insert_principal(name: &str, owner: NamespaceId) -> maybe AccountId = INSERT_ROBOT_PRINCIPAL;
    /// Finds a robot of an owner.
    fn find_robot(owner: NamespaceId, short_name: &str) -> maybe Robot = FIND_ROBOT;
    /// Lists the robots of an owner by name.
    fn list_robots(owner: NamespaceId, with_grants: bool, limit: Option<i64>) -> many Robot = LIST_ROBOTS;
    /// Lists what a robot was granted directly.
    fn list_permissions(id: AccountId) -> many RobotPermission = LIST_ROBOT_PERMISSIONS;
    /// Replaces a robot's token and, where asked, its end.
    fn set_token(
        id: AccountId,
        sealed_token: &[u8],
        changes_end: bool,
        expires_at_s: Option<i64>,
    ) -> changed = SET_ROBOT_TOKEN;
    /// Takes a robot away and outdates its tokens.
    fn delete_robot(id: AccountId) -> changed = DELETE_ROBOT;
    /// Lists the outside identities of a robot.
    fn list_federation(id: AccountId) -> many Federation = LIST_FEDERATION;
    /// Forgets the outside identities of a robot; answers how many.
    fn delete_federation(id: AccountId) -> one i64 = DELETE_FEDERATION;
    /// Adds outside identities to a robot.
    fn insert_federation(id: AccountId, issuers: &[&str], subjects: &[&str]) -> changed = INSERT_FEDERATION;
    /// Notes when robots last logged in, Unix seconds.
    fn touch_robots(ids: &[i64], at_s: &[f64]) -> changed = TOUCH_ROBOTS;
}

/// What completes a robot whose namespace row was made.
#[derive(Debug)]
pub struct NewRobot<'a> {
    /// Its namespace row.
    pub id: AccountId,
    /// Whose it is.
    pub owner: NamespaceId,
    /// Its name without the owner's.
    pub short_name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// What its owner keeps with it.
    pub metadata: &'a Value,
    /// Its token, sealed.
    pub sealed_token: &'a [u8],
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
}

/// Completes a robot.
///
/// # Errors
/// The database's.
pub async fn insert_robot(run: &impl Run, robot: &NewRobot<'_>) -> Result<(), ModelError> {
    let params: crate::database::Params<'_> = &[
        &robot.id,
        &robot.owner,
        &robot.short_name,
        &robot.description,
        &robot.metadata,
        &robot.sealed_token,
        &robot.expires_at_s,
    ];
    run.run(&statement::INSERT_ROBOT, params).await.map(drop)
}
