//! Repositories: what decides access to them, making one, changing and deleting it.
//!
//! What lists and pages show of them is in `repository_view.rs`.

use slipway_oci::RepositoryName;

use crate::audit::Origin;
use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{AccountId, NamespaceId, RepositoryId};
use crate::query::{queries, record};
use crate::statement;

record! {
    /// Where a repository lies.
    pub struct RepositoryPlace {
        /// Its row.
        pub id: RepositoryId,
        /// Its namespace.
        pub namespace_id: NamespaceId,
    }
}

queries! {
    /// Finds a repository by namespace and name.
    fn find_place(namespace: &str, name: &str) -> maybe RepositoryPlace = FIND_REPOSITORY_PLACE;
    /// Changes the description; answers 0 when the repository was deleted.
    fn set_description(id: RepositoryId, description: &str) -> changed = SET_DESCRIPTION;
    /// Changes the visibility to `public` or `private`; answers 0 when the repository was deleted.
    fn set_visibility(id: RepositoryId, visibility: &str) -> changed = SET_VISIBILITY;
    /// Changes the state to `NORMAL`, `READ_ONLY` or `MIRROR`; answers 0 when the repository was deleted.
    fn set_state(id: RepositoryId, state: &str) -> changed = SET_REPOSITORY_STATE;
    /// Deletes a repository for everybody but the collector; answers 0 when it was deleted before.
    fn mark_deleted(id: RepositoryId) -> changed = MARK_REPOSITORY_DELETED;
}

/// What is stored of a repository and its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The namespace.
    pub namespace_id: NamespaceId,
    /// Whether it is an organization; else a user's own.
    pub is_organization: bool,
    /// False for a disabled namespace.
    pub namespace_enabled: bool,
    /// The namespace's epoch.
    pub namespace_epoch: i64,
    /// The asking account's highest team role: `admin`, `creator` or `member`.
    pub team_role: Option<String>,
    /// The role it was granted on the repository: `admin`, `write` or `read`.
    pub repository_role: Option<String>,
    /// The repository, when it exists.
    pub repository: Option<StoredRepository>,
}

/// The stored columns of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRepository {
    /// Its row.
    pub id: RepositoryId,
    /// `public` or `private`.
    pub visibility: String,
    /// `NORMAL`, `READ_ONLY`, `MIRROR`, `ORG_MIRROR` or `MARKED_FOR_DELETION`.
    pub state: String,
    /// Who made it.
    pub created_by: Option<AccountId>,
}

/// Finds what decides access; `None` when the namespace does not exist.
///
/// # Errors
/// The database's.
pub async fn find_facts(
    db: &Database,
    name: &RepositoryName,
    account: Option<AccountId>,
) -> Result<Option<Facts>, ModelError> {
    let account = account.map(|id| id.0);
    let row = db
        .row(
            &statement::FIND_FACTS,
            &[&name.namespace(), &name.repository(), &account],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: Option<RepositoryId> = row.try_get("repository_id")?;
    let repository = match id {
        Some(id) => Some(StoredRepository {
            id,
            visibility: row.try_get("visibility")?,
            state: row.try_get("state")?,
            created_by: row.try_get("created_by")?,
        }),
        None => None,
    };
    let kind: String = row.try_get("kind")?;
    Ok(Some(Facts {
        namespace_id: row.try_get("namespace_id")?,
        is_organization: kind == "organization",
        namespace_enabled: row.try_get("enabled")?,
        namespace_epoch: row.try_get("epoch")?,
        team_role: row.try_get("team_role")?,
        repository_role: row.try_get("repository_role")?,
        repository,
    }))
}

/// Where a repository may be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct CreationBounds<'a> {
    /// The most repositories of its namespace; 0 sets no limit.
    pub most: i64,
    /// The namespaces it may lie in; `None` for any.
    pub among: Option<&'a [i64]>,
}

/// What became of making a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeRepository {
    /// It is there, new or not.
    Present(RepositoryId),
    /// Its namespace is missing, or not among those given.
    NamespaceMissing,
    /// Its namespace holds as many as it may.
    TooMany,
}

/// A repository to make.
#[derive(Debug, Clone, Copy)]
pub struct NewRepository<'a> {
    /// Its name.
    pub name: &'a RepositoryName,
    /// `public` or `private`.
    pub visibility: &'a str,
    /// What people read about it, as Markdown.
    pub description: &'a str,
    /// The most repositories of its namespace; 0 sets no limit.
    pub most: i64,
}

/// What became of making a repository that must not be there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It was made.
    Made(RepositoryId),
    /// There is one of that name.
    Exists,
    /// Its namespace is missing.
    NamespaceMissing,
    /// Its namespace holds as many as it may.
    TooMany,
}

/// Makes a repository with its grants and its row of the usage log.
///
/// # Errors
/// The database's.
pub async fn create_repository(
    db: &Database,
    new: &NewRepository<'_>,
    origin: &Origin,
) -> Result<Creation, ModelError> {
    let performer = origin.performer.map(|id| id.0);
    let credential = origin.credential.as_deref();
    let credential = credential.map(|members| serde_json::Value::Object(members.clone()));
    let params: crate::database::Params<'_> = &[
        &new.name.namespace(),
        &new.name.repository(),
        &new.visibility,
        &new.description,
        &performer,
        &origin.ip,
        &origin.request_id,
        &new.most,
        &credential,
    ];
    let Some(row) = db.row(&statement::CREATE_REPOSITORY, params).await? else {
        return Ok(Creation::NamespaceMissing);
    };
    let (id, was_made): (Option<RepositoryId>, bool) =
        (row.try_get("id")?, row.try_get("created")?);
    Ok(match id {
        None => Creation::TooMany,
        Some(id) if was_made => Creation::Made(id),
        Some(_) => Creation::Exists,
    })
}

/// Makes a repository if it is not there.
///
/// # Errors
/// The database's.
pub async fn insert_repository(
    db: &Database,
    name: &RepositoryName,
    visibility: &str,
    origin: &Origin,
    bounds: CreationBounds<'_>,
) -> Result<MadeRepository, ModelError> {
    let performer = origin.performer.map(|id| id.0);
    let params: crate::database::Params<'_> = &[
        &name.namespace(),
        &name.repository(),
        &visibility,
        &performer,
        &origin.ip,
        &origin.request_id,
        &bounds.most,
        &bounds.among,
    ];
    let Some(row) = db.row(&statement::INSERT_REPOSITORY, params).await? else {
        return Ok(MadeRepository::NamespaceMissing);
    };
    let id: Option<RepositoryId> = row.try_get(0)?;
    Ok(id.map_or(MadeRepository::TooMany, MadeRepository::Present))
}

record! {
    /// A repository that a transaction holds.
    pub struct LockedRepository {
        /// Its namespace.
        pub namespace_id: NamespaceId,
        /// Its state, as in [`StoredRepository`].
        pub state: String,
    }
}

queries! {
    /// Takes a repository until the transaction ends: nothing is published there meanwhile.
    fn lock_repository(repository: RepositoryId) -> maybe LockedRepository = LOCK_REPOSITORY;
}
