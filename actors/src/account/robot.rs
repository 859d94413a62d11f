//! Robots: making, reading, regenerating and deleting them, and who from outside may be one.
//!
//! A robot belongs to a user or an organization. Its token is sealed; who may administer the owner
//! may read it again. Regenerating or deleting outdates its registry tokens within seconds.
//!
//! Quay: `endpoints/api/robot.py`, `data/model/user.py`.

use std::sync::Arc;

use serde_json::{Value, json};
use slipway_auth::Secret;
use slipway_auth::random::{UPPER_ALPHANUMERIC, random_token};
use slipway_model::audit::{Origin, log};
pub use slipway_model::robot::Federation;
use slipway_model::robot::{self, NewRobot, Robot, RobotPermission};
use slipway_model::{AccountId, NamespaceId, Run, namespace};
use slipway_oci::NamespaceName;

use super::{AccountError, Office, Work};

const TOKEN_LENGTH: usize = 64;
const UNKNOWN: &str = "Could not find robot with specified username";

/// What a robot's token is sealed for.
pub(crate) fn context(id: AccountId) -> String {
    format!("robot:{id}")
}

/// A robot by its place.
#[derive(Debug, Clone)]
pub struct RobotRef {
    /// Whose it is.
    pub owner: NamespaceId,
    /// The owner's name.
    pub owner_name: String,
    /// Its name without the owner's.
    pub short_name: String,
}

impl RobotRef {
    fn full_name(&self) -> String {
        format!("{}+{}", self.owner_name, self.short_name)
    }

    async fn find(&self, run: &impl Run) -> Result<Robot, AccountError> {
        let found = robot::find_robot(run, self.owner, &self.short_name).await?;
        found.ok_or_else(|| AccountError::Rejected(UNKNOWN.to_owned()))
    }

    fn check_name(&self) -> Result<(), AccountError> {
        let short = &self.short_name;
        let issue = if !(2..=255).contains(&short.chars().count()) {
            "Namespace must be between 2 and 255 characters in length"
        } else if NamespaceName::parse(short).is_err() {
            "Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
        } else {
            return Ok(());
        };
        Err(AccountError::Invalid(format!(
            "The name for the robot '{short}' is invalid: {issue}"
        )))
    }
}

/// A robot as its owner sees it.
#[derive(Debug, Clone)]
pub struct RobotView {
    /// Its row.
    pub row: Robot,
    /// Its token; `None` for who may not read it.
    pub token: Option<Secret>,
}

impl Office {
    fn show_robot(&self, row: Robot, with_token: bool) -> Result<RobotView, AccountError> {
        let token = if with_token {
            Some(self.keys.open(&context(row.id), &row.sealed_token)?)
        } else {
            None
        };
        Ok(RobotView { row, token })
    }

    fn new_robot_token(&self, id: AccountId) -> Result<(Secret, Vec<u8>), AccountError> {
        let token = random_token(UPPER_ALPHANUMERIC, TOKEN_LENGTH)?;
        let sealed = self.keys.seal(&context(id), token.expose().as_bytes())?;
        Ok((token, sealed))
    }
}

/// Makes a robot.
#[derive(Debug)]
pub struct CreateRobot {
    /// Where.
    pub robot: RobotRef,
    /// What it is for.
    pub description: String,
    /// What its owner keeps with it; `None` when nothing was said.
    pub metadata: Option<Value>,
    /// When it expires, Unix seconds.
    pub expires_at_s: Option<i64>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for CreateRobot {
    type Answer = RobotView;

    async fn run(self, office: Arc<Office>) -> Result<RobotView, AccountError> {
        self.robot.check_name()?;
        let full_name = self.robot.full_name();
        let settings = &office.settings;
        if settings.robots_disallowed && !settings.robots_allowed.contains(&full_name) {
            let text = "Robot accounts have been disabled. Please contact your administrator.";
            return Err(AccountError::Invalid(text.to_owned()));
        }
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let owner = self.robot.owner;
        let id = robot::insert_principal(&transaction, &full_name, owner).await?;
        let id = id.ok_or_else(|| {
            AccountError::Invalid(format!("Existing robot with name: {full_name}"))
        })?;
        let (_, sealed_token) = office.new_robot_token(id)?;
        let kept = self.metadata.clone().unwrap_or_else(|| json!({}));
        let new = NewRobot {
            id,
            owner,
            short_name: &self.robot.short_name,
            description: &self.description,
            metadata: &kept,
            sealed_token: &sealed_token,
            expires_at_s: self.expires_at_s,
        };
        robot::insert_robot(&transaction, &new).await?;
        let metadata = json!({
            "robot": self.robot.short_name,
            "description": self.description,
            "unstructured_metadata": self.metadata,
        });
        log(
            &transaction,
            "create_robot",
            owner.into(),
            &self.origin,
            metadata,
        )
        .await?;
        let mut row = self.robot.find(&transaction).await?;
        transaction.commit().await?;
        row.metadata = self.metadata.unwrap_or(Value::Null);
        office.show_robot(row, true)
    }
}

/// Lists the robots of an owner by name.
#[derive(Debug)]
pub struct ListRobots {
    /// Whose.
    pub owner: NamespaceId,
    /// With their tokens.
    pub with_tokens: bool,
    /// With their teams and repositories.
    pub with_grants: bool,
    /// How many at most.
    pub limit: Option<i64>,
}

impl Work for ListRobots {
    type Answer = Vec<RobotView>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<RobotView>, AccountError> {
        let limit = self.limit.map(|limit| limit.max(0));
        let rows = robot::list_robots(&office.deps.db, self.owner, self.with_grants, limit).await?;
        rows.into_iter()
            .map(|row| office.show_robot(row, self.with_tokens))
            .collect()
    }
}

/// Reads a robot.
#[derive(Debug)]
pub struct GetRobot {
    /// Which.
    pub robot: RobotRef,
    /// With its token.
    pub with_token: bool,
}

impl Work for GetRobot {
    type Answer = RobotView;

    async fn run(self, office: Arc<Office>) -> Result<RobotView, AccountError> {
        let row = self.robot.find(&office.deps.db).await?;
        office.show_robot(row, self.with_token)
    }
}

/// Gives a robot another token.
#[derive(Debug)]
pub struct RegenerateRobot {
    /// Which.
    pub robot: RobotRef,
    /// A new end, Unix seconds: `None` leaves it, `Some(None)` takes it away.
    pub new_end_s: Option<Option<i64>>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for RegenerateRobot {
    type Answer = RobotView;

    async fn run(self, office: Arc<Office>) -> Result<RobotView, AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = self.robot.find(&transaction).await?;
        let (token, sealed) = office.new_robot_token(row.id)?;
        let (changes_end, end_s) = (self.new_end_s.is_some(), self.new_end_s.flatten());
        if robot::set_token(&transaction, row.id, &sealed, changes_end, end_s).await? == 0 {
            return Err(AccountError::Rejected(UNKNOWN.to_owned()));
        }
        namespace::raise_epochs(&transaction, &[row.id.0]).await?;
        let metadata = json!({ "robot": self.robot.short_name });
        let place = self.robot.owner.into();
        log(
            &transaction,
            "regenerate_robot_token",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        let row = self.robot.find(&transaction).await?;
        transaction.commit().await?;
        Ok(RobotView {
            row,
            token: Some(token),
        })
    }
}

/// Takes a robot away.
#[derive(Debug)]
pub struct DeleteRobot {
    /// Which.
    pub robot: RobotRef,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteRobot {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = self.robot.find(&transaction).await?;
        robot::delete_robot(&transaction, row.id).await?;
        let metadata = json!({ "robot": self.robot.short_name });
        let place = self.robot.owner.into();
        log(&transaction, "delete_robot", place, &self.origin, metadata).await?;
        Ok(transaction.commit().await?)
    }
}

/// Lists what a robot was granted directly.
#[derive(Debug)]
pub struct ListRobotPermissions {
    /// Which.
    pub robot: RobotRef,
}

impl Work for ListRobotPermissions {
    type Answer = Vec<RobotPermission>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<RobotPermission>, AccountError> {
        let db = &office.deps.db;
        let row = self.robot.find(db).await?;
        Ok(robot::list_permissions(db, row.id).await?)
    }
}

/// Lists the outside identities that may log in as a robot.
#[derive(Debug)]
pub struct ListFederation {
    /// Which.
    pub robot: RobotRef,
}

impl Work for ListFederation {
    type Answer = Vec<Federation>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<Federation>, AccountError> {
        let db = &office.deps.db;
        let row = self.robot.find(db).await?;
        Ok(robot::list_federation(db, row.id).await?)
    }
}

/// Replaces the outside identities of a robot.
#[derive(Debug)]
pub struct SetFederation {
    /// Which.
    pub robot: RobotRef,
    /// Who may log in as it.
    pub identities: Vec<Federation>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for SetFederation {
    type Answer = Vec<Federation>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<Federation>, AccountError> {
        for identity in &self.identities {
            let issuer = &identity.issuer;
            if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
                let text = "Issuer must be a URL (http:// or https://)";
                return Err(AccountError::Invalid(text.to_owned()));
            }
        }
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = self.robot.find(&transaction).await?;
        robot::delete_federation(&transaction, row.id).await?;
        let list = |part: fn(&Federation) -> &str| self.identities.iter().map(part).collect();
        let issuers: Vec<&str> = list(|identity| &identity.issuer);
        let subjects: Vec<&str> = list(|identity| &identity.subject);
        robot::insert_federation(&transaction, row.id, &issuers, &subjects).await?;
        // Whoever was let in before must not go on with the tokens it has.
        namespace::raise_epochs(&transaction, &[row.id.0]).await?;
        let config: Vec<Value> = self
            .identities
            .iter()
            .map(|identity| json!({ "issuer": identity.issuer, "subject": identity.subject }))
            .collect();
        let metadata = json!({ "config": config, "robot": self.robot.short_name });
        let place = self.robot.owner.into();
        log(
            &transaction,
            "create_robot_federation",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        transaction.commit().await?;
        Ok(self.identities)
    }
}

/// Forgets the outside identities of a robot.
#[derive(Debug)]
pub struct DeleteFederation {
    /// Which.
    pub robot: RobotRef,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Work for DeleteFederation {
    type Answer = ();

    async fn run(self, office: Arc<Office>) -> Result<(), AccountError> {
        let mut connection = office.deps.db.connection().await?;
        let transaction = connection.begin().await?;
        let row = self.robot.find(&transaction).await?;
        robot::delete_federation(&transaction, row.id).await?;
        namespace::raise_epochs(&transaction, &[row.id.0]).await?;
        let metadata = json!({ "robot": self.robot.short_name });
        let place = self.robot.owner.into();
        log(
            &transaction,
            "delete_robot_federation",
            place,
            &self.origin,
            metadata,
        )
        .await?;
        Ok(transaction.commit().await?)
    }
}
