//! Knowing the repository's row, and making it on a first push.

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use slipway_model::audit::Origin;
use slipway_model::repository::{find_facts, insert_repository};
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
        read_at: Instant::now(),
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
}

impl Handler<EnsureRepository> for RepositoryActor {
    type Result = ResponseFuture<Result<RepositoryId, RepositoryError>>;

    fn handle(&mut self, msg: EnsureRepository, ctx: &mut Context<Self>) -> Self::Result {
        if self.may_answer_from_memory()
            && let (Some(id), Some(row)) = (self.known_id(), &self.row)
            && row.repository.state == "NORMAL"
        {
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

async fn ensure(
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
    if insert_repository(&deps.db, name, visibility, &msg.origin)
        .await?
        .is_some()
    {
        return Ok(());
    }
    if !msg.creates_namespace {
        return Err(RepositoryError::NamespaceUnknown(name.clone()));
    }
    let window_s = i64::try_from(deps.settings.tag_expiration.as_secs()).unwrap_or(i64::MAX);
    let owner: Option<AccountId> = msg.origin.performer;
    // A concurrent push may have made it; then that one's owner stands.
    account::insert_organization(&deps.db, name.namespace(), owner, window_s).await?;
    let made = insert_repository(&deps.db, name, visibility, &msg.origin).await?;
    made.map(drop)
        .ok_or_else(|| RepositoryError::NamespaceUnknown(name.clone()))
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
