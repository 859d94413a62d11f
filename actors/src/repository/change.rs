//! Making, changing and deleting a repository through the API.
//!
//! Each is a write in the repository's queue: one transaction that also writes the row of the
//! usage log. What takes access away raises the namespace's epoch first, so that tokens issued
//! before die on every node; this node's memory forgets the row at once. A deleted repository
//! only loses its name; its content waits for the collector.
//!
//! Quay: `endpoints/api/repository.py`.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::{Value, json};
use slipway_auth::permission::Visibility;
use slipway_model::audit::{Origin, Place, log};
use slipway_model::repository::{self, Creation, NewRepository, RepositoryPlace};
use slipway_model::{RepositoryId, Transaction, namespace};
use slipway_oci::RepositoryName;

use super::{RepositoryActor, RepositoryError};
use crate::deps::Deps;
use crate::kernel::enqueue;

/// Makes the repository, which must not be there yet.
#[derive(Debug, Message)]
#[rtype(result = "Result<RepositoryId, RepositoryError>")]
pub struct CreateRepository {
    /// Who may read it without a role.
    pub visibility: Visibility,
    /// What people read about it, as Markdown.
    pub description: String,
    /// Who makes it.
    pub origin: Origin,
}

impl Handler<CreateRepository> for RepositoryActor {
    type Result = ResponseFuture<Result<RepositoryId, RepositoryError>>;

    fn handle(&mut self, msg: CreateRepository, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let (deps, name) = (Arc::clone(&actor.deps), actor.name.clone());
            async move { create(&deps, &name, &msg).await }
        };
        enqueue(self, ctx, plan, |actor: &mut Self, outcome| {
            actor.forget_row();
            outcome
        })
    }
}

async fn create(
    deps: &Deps,
    name: &RepositoryName,
    msg: &CreateRepository,
) -> Result<RepositoryId, RepositoryError> {
    let most = deps.settings.max_repositories;
    let new = NewRepository {
        name,
        visibility: visibility_name(msg.visibility),
        description: &msg.description,
        most,
    };
    match repository::create_repository(&deps.db, &new, &msg.origin).await? {
        Creation::Made(id) => Ok(id),
        Creation::Exists => Err(RepositoryError::AlreadyExists(name.clone())),
        Creation::NamespaceMissing => Err(RepositoryError::NamespaceUnknown(name.clone())),
        Creation::TooMany => Err(RepositoryError::TooManyRepositories(most)),
    }
}

/// Whether a repository takes pushes, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// From everybody with the role.
    Normal,
    /// From nobody.
    ReadOnly,
    /// From its mirror only.
    Mirror,
}

impl Mode {
    /// As the database and the API spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::ReadOnly => "READ_ONLY",
            Self::Mirror => "MIRROR",
        }
    }
}

/// One change of a repository's row.
#[derive(Debug, Clone)]
pub enum Change {
    /// What people read about it.
    Description(String),
    /// Who may read it without a role.
    Visibility(Visibility),
    /// Whether it takes pushes.
    Mode(Mode),
    /// It is there no longer.
    Deletion,
}

impl Change {
    fn takes_access_away(&self) -> bool {
        match self {
            Self::Description(_)
            | Self::Visibility(Visibility::Public)
            | Self::Mode(Mode::Normal) => false,
            Self::Visibility(Visibility::Private)
            | Self::Mode(Mode::ReadOnly | Mode::Mirror)
            | Self::Deletion => true,
        }
    }

    /// The kind and the metadata of the usage log.
    fn to_log(&self, name: &RepositoryName) -> (&'static str, Value) {
        let (namespace, repo) = (name.namespace(), name.repository());
        match self {
            Self::Description(text) => (
                "set_repo_description",
                json!({ "namespace": namespace, "repo": repo, "description": text }),
            ),
            Self::Visibility(visibility) => {
                let visibility = visibility_name(*visibility);
                (
                    "change_repo_visibility",
                    json!({ "namespace": namespace, "repo": repo, "visibility": visibility }),
                )
            }
            Self::Mode(mode) => (
                "change_repo_state",
                json!({ "namespace": namespace, "repo": repo, "state_changed": mode.as_str() }),
            ),
            Self::Deletion => (
                "delete_repo",
                json!({ "namespace": namespace, "repo": repo }),
            ),
        }
    }

    /// Answers how many rows were changed: none when the repository was deleted meanwhile.
    async fn apply(
        &self,
        transaction: &Transaction<'_>,
        id: RepositoryId,
    ) -> Result<usize, RepositoryError> {
        let changed = match self {
            Self::Description(text) => repository::set_description(transaction, id, text).await,
            Self::Visibility(visibility) => {
                let visibility = visibility_name(*visibility);
                repository::set_visibility(transaction, id, visibility).await
            }
            Self::Mode(mode) => repository::set_state(transaction, id, mode.as_str()).await,
            Self::Deletion => repository::mark_deleted(transaction, id).await,
        };
        Ok(changed?)
    }
}

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

/// Changes the repository's row.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct ChangeRepository {
    /// What.
    pub change: Change,
    /// Who.
    pub origin: Origin,
}

impl Handler<ChangeRepository> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: ChangeRepository, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let (deps, name) = (Arc::clone(&actor.deps), actor.name.clone());
            async move { change(&deps, &name, &msg).await }
        };
        enqueue(self, ctx, plan, |actor: &mut Self, outcome| {
            // Even a failed write may have happened.
            actor.forget_row();
            outcome
        })
    }
}

async fn change(
    deps: &Deps,
    name: &RepositoryName,
    msg: &ChangeRepository,
) -> Result<(), RepositoryError> {
    let mut connection = deps.db.connection().await?;
    let transaction = connection.begin().await?;
    let unknown = || RepositoryError::Unknown(name.clone());
    let place = repository::find_place(&transaction, name.namespace(), name.repository()).await?;
    let RepositoryPlace { id, namespace_id } = place.ok_or_else(unknown)?;
    // Before the repository's row is locked, which is the order of all writers.
    if msg.change.takes_access_away() {
        namespace::raise_epochs(&transaction, &[namespace_id.0]).await?;
    }
    if msg.change.apply(&transaction, id).await? == 0 {
        return Err(unknown());
    }
    let (kind, metadata) = msg.change.to_log(name);
    let place = Place {
        namespace: Some(namespace_id),
        repository: Some(id),
    };
    log(&transaction, kind, place, &msg.origin, metadata).await?;
    transaction.commit().await?;
    Ok(())
}
