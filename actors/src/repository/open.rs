//! Knowing the repository's row, and making it on a first push.

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use slipway_model::audit::Origin;
use slipway_model::repository::{CreationBounds, MadeRepository, find_facts, insert_repository};
use slipway_model::{AccountId, RepositoryId, account};
use slipway_oci::RepositoryName;

use super::{OpenRow, RepositoryActor, RepositoryError};
use crate::deps::Deps;
use crate::kernel::enqueue;

/// Reads the row from the database.
pub(super) async fn read_row(
    deps: &Deps,
    name: &RepositoryName,
) -> Result<OpenRow, RepositoryError> {
    let read_at = Instant::now();
    let facts = find_facts(&deps.db, name, None).await?;
    let facts = facts.ok_or_else(|| RepositoryError::Unknown(name.clone()))?;
    if !facts.namespace_enabled {
        return Err(RepositoryError::NamespaceDisabled(name.clone()));
    }
    let repository = facts
        .repository
        .filter(|row| row.state != "MARKED_FOR_DELETION");
    let repository = repository.ok_or_else(|| RepositoryError::Unknown(name.clone()))?;
    Ok(OpenRow {
        namespace_id: facts.namespace_id,
        namespace_epoch: facts.namespace_epoch,
        read_at,
        repository,
    })
}

/// Makes the repository if it is not there, and checks that it takes writes.
#[derive(Debug, Message)]
#[rtype(result = "Result<RepositoryId, RepositoryError>")]
pub struct EnsureRepository {
    /// Who pushes.
    pub origin: Origin,
    /// Whether a missing namespace is made too, as an organization of the pusher.
    pub creates_namespace: bool,
    /// The namespaces that the caller's token was issued for; `None` when any will do.
    pub namespaces: Option<Vec<i64>>,
}

impl Handler<EnsureRepository> for RepositoryActor {
    type Result = ResponseFuture<Result<RepositoryId, RepositoryError>>;

    fn handle(&mut self, msg: EnsureRepository, ctx: &mut Context<Self>) -> Self::Result {
        if let Some(id) = self.writable_id() {
            return Box::pin(std::future::ready(Ok(id)));
        }
        let plan = move |actor: &mut Self| {
            let (deps, name) = (Arc::clone(&actor.deps), actor.name.clone());
            async move { ensure(&deps, &name, &msg).await }
        };
        enqueue(
            self,
            ctx,
            plan,
            |actor: &mut Self, row: Result<OpenRow, RepositoryError>| {
                let row = row?;
                let id = row.repository.id;
                actor.keep_row(row);
                Ok(id)
            },
        )
    }
}

impl RepositoryActor {
    /// The repository's id, when memory may say that it takes writes.
    pub(super) fn writable_id(&mut self) -> Option<RepositoryId> {
        if !self.may_answer_from_memory() {
            return None;
        }
        let id = self.known_id()?;
        let row = self.row.as_ref()?;
        (row.repository.state == "NORMAL").then_some(id)
    }
}

/// Reads the row, making the repository first if it is not there; refuses one without writes.
pub(super) async fn ensure(
    deps: &Deps,
    name: &RepositoryName,
    msg: &EnsureRepository,
) -> Result<OpenRow, RepositoryError> {
    let row = match read_row(deps, name).await {
        Err(RepositoryError::Unknown(_)) => {
            make(deps, name, msg).await?;
            read_row(deps, name).await?
        }
        found => found?,
    };
    if row.repository.state == "NORMAL" {
        Ok(row)
    } else {
        Err(RepositoryError::NotWritable(row.repository.state))
    }
}

async fn make(
    deps: &Deps,
    name: &RepositoryName,
    msg: &EnsureRepository,
) -> Result<(), RepositoryError> {
    let visibility = if deps.settings.private_on_push {
        "private"
    } else {
        "public"
    };
    let most = deps.settings.max_repositories;
    let bounds = CreationBounds {
        most,
        among: msg.namespaces.as_deref(),
    };
    match insert_repository(&deps.db, name, visibility, &msg.origin, bounds).await? {
        MadeRepository::Present(_) => return Ok(()),
        MadeRepository::TooMany => return Err(RepositoryError::TooManyRepositories(most)),
        MadeRepository::NamespaceMissing if msg.creates_namespace => {}
        MadeRepository::NamespaceMissing => {
            return Err(RepositoryError::NamespaceUnknown(name.clone()));
        }
    }
    let window_s = i64::try_from(deps.settings.tag_expiration.as_secs()).unwrap_or(i64::MAX);
    let owner: Option<AccountId> = msg.origin.performer;
    let made = account::insert_organization(&deps.db, name.namespace(), owner, window_s).await?;
    if made.is_none() && owner.is_some() && !owns(deps, name, owner).await? {
        // Somebody else was faster; what this push was allowed was a name that nobody had.
        return Err(RepositoryError::NamespaceUnknown(name.clone()));
    }
    let bounds = CreationBounds {
        among: None,
        ..bounds
    };
    match insert_repository(&deps.db, name, visibility, &msg.origin, bounds).await? {
        MadeRepository::Present(_) => Ok(()),
        _ => Err(RepositoryError::NamespaceUnknown(name.clone())),
    }
}

/// Says whether an account administers the organization that a name lies in.
async fn owns(
    deps: &Deps,
    name: &RepositoryName,
    account: Option<AccountId>,
) -> Result<bool, RepositoryError> {
    let facts = find_facts(&deps.db, name, account).await?;
    Ok(facts.is_some_and(|facts| facts.team_role.as_deref() == Some("admin")))
}

/// Asks for the repository's id.
#[derive(Debug, Message)]
#[rtype(result = "Result<RepositoryId, RepositoryError>")]
pub struct GetRepository;

impl Handler<GetRepository> for RepositoryActor {
    type Result = ResponseActFuture<Self, Result<RepositoryId, RepositoryError>>;

    fn handle(&mut self, _: GetRepository, _: &mut Context<Self>) -> Self::Result {
        self.count(self.known_id().is_some());
        let reader = self.reader();
        let work = async move {
            let outcome = reader.open().await;
            (reader, outcome)
        };
        Box::pin(
            fut::wrap_future(work).map(|(reader, outcome), actor: &mut Self, _| {
                let (id, row) = outcome?;
                actor.learn(&reader, row);
                Ok(id)
            }),
        )
    }
}
