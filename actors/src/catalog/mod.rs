//! Reads across repositories.
//!
//! Owns nothing; it is the place where such reads are asked for, so that the edge never speaks to
//! the database. Mailbox: 1024.

mod list;
mod search;

use std::sync::Arc;

use actix::prelude::*;
use slipway_model::catalog;
pub use slipway_model::catalog::Viewer;

pub use self::list::{
    DayOfActions, DescribeRepository, DescribedRepository, ListPage, ListedRepository, Listing,
    RepositoryPage, RepositoryPicture, ShownTag,
};
pub use self::search::{
    CompleteName, Completions, Everything, FoundEntity, FoundNamespace, FoundRepository,
    FoundRobot, FoundTeam, SearchEverything, SearchRepositories,
};
use crate::deps::Deps;
use crate::repository::RepositoryError;

/// The actor; one a process.
pub struct CatalogActor {
    deps: Arc<Deps>,
}

impl CatalogActor {
    pub(crate) fn new(deps: Arc<Deps>) -> Self {
        Self { deps }
    }
}

impl Actor for CatalogActor {
    type Context = Context<Self>;
}

/// Asks for full names of repositories in byte order.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<String>, RepositoryError>")]
pub struct ListRepositories {
    /// Whose eyes the list is for.
    pub viewer: Viewer,
    /// Only names above.
    pub after: Option<String>,
    /// How many.
    pub limit: usize,
}

impl Handler<ListRepositories> for CatalogActor {
    type Result = ResponseFuture<Result<Vec<String>, RepositoryError>>;

    fn handle(&mut self, msg: ListRepositories, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move {
            let limit = i64::try_from(msg.limit).unwrap_or(i64::MAX);
            let after = msg.after.as_deref();
            Ok(catalog::list_repositories(&deps.db, msg.viewer, after, limit).await?)
        })
    }
}

/// Asks whether the database and the store answer.
#[derive(Debug, Message)]
#[rtype(result = "Result<Health, RepositoryError>")]
pub struct CheckHealth {
    /// Whether the store is tried too, which writes.
    pub with_storage: bool,
}

/// What answers.
#[derive(Debug, Clone, Copy)]
pub struct Health {
    /// The database.
    pub database: bool,
    /// The store; true when it was not tried.
    pub storage: bool,
    /// Whether there is more space than uploads must leave.
    pub disk_space: bool,
}

impl Handler<CheckHealth> for CatalogActor {
    type Result = ResponseFuture<Result<Health, RepositoryError>>;

    fn handle(&mut self, msg: CheckHealth, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move {
            let database = deps.db.identify().await.is_ok();
            let storage = !msg.with_storage || deps.store.check().await.is_ok();
            let disk_space = deps.store.free_bytes().await.is_none_or(|free| free > 0);
            Ok(Health {
                database,
                storage,
                disk_space,
            })
        })
    }
}
