//! Pages of repositories, and the page of one.

use std::sync::Arc;

use actix::prelude::*;
pub use slipway_model::repository_view::{
    DayOfActions, DescribedRepository, ListedRepository, ShownTag,
};
use slipway_model::{AccountId, Database, RepositoryId, repository, repository_view as view};
use slipway_oci::RepositoryName;

use super::{CatalogActor, Viewer};
use crate::repository::RepositoryError;

/// The most tags that a repository's page shows.
const SHOWN_TAGS: i64 = 500;
/// The days before today for which it shows what was done.
const SHOWN_DAYS: i32 = 91;

/// Which repositories are listed.
#[derive(Debug, Clone)]
pub enum Listing {
    /// Those of a namespace that the viewer has a role on.
    Namespace {
        /// Its name.
        name: String,
        /// Public ones as well.
        with_public: bool,
    },
    /// Those that an account starred.
    Starred(AccountId),
    /// Those that are public or that the viewer has a role on.
    Visible,
}

/// Asks for a page of repositories, the oldest first.
#[derive(Debug, Message)]
#[rtype(result = "Result<RepositoryPage, RepositoryError>")]
pub struct ListPage {
    /// Which.
    pub listing: Listing,
    /// For whom.
    pub viewer: Option<AccountId>,
    /// Whether the viewer sees everything in a namespace.
    pub sees_everything: bool,
    /// Only those above; 0 for the first page.
    pub after: i64,
    /// How many.
    pub limit: usize,
    /// Look for the newest tag of each.
    pub with_last_modified: bool,
    /// Look how much is done with each.
    pub with_popularity: bool,
}

/// A page of repositories.
#[derive(Debug, Clone)]
pub struct RepositoryPage {
    /// What is on it.
    pub repositories: Vec<ListedRepository>,
    /// What the next page is above; `None` when there is no more.
    pub next_after: Option<i64>,
}

impl Handler<ListPage> for CatalogActor {
    type Result = ResponseFuture<Result<RepositoryPage, RepositoryError>>;

    fn handle(&mut self, msg: ListPage, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move { list(&deps.db, &msg).await })
    }
}

async fn list(db: &Database, msg: &ListPage) -> Result<RepositoryPage, RepositoryError> {
    let limit = i64::try_from(msg.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let (after, everything) = (RepositoryId(msg.after), msg.sees_everything);
    let found = match &msg.listing {
        Listing::Namespace { name, with_public } => {
            let viewer = Viewer {
                account: msg.viewer,
                reads_everything: everything,
                lists_public: *with_public,
            };
            view::list_in_namespace(db, viewer, name, after, limit).await
        }
        Listing::Starred(account) => {
            view::list_starred(db, *account, everything, after, limit).await
        }
        Listing::Visible => view::list_visible(db, msg.viewer, after, limit).await,
    };
    let mut ids: Vec<i64> = found?.into_iter().map(|id| id.0).collect();
    let has_more = ids.len() > msg.limit;
    ids.truncate(msg.limit);
    let repositories = view::describe_list(
        db,
        &ids,
        msg.viewer,
        msg.with_last_modified,
        msg.with_popularity,
    )
    .await?;
    Ok(RepositoryPage {
        repositories,
        next_after: ids.last().copied().filter(|_| has_more),
    })
}

/// Asks what the page of one repository shows.
#[derive(Debug, Message)]
#[rtype(result = "Result<RepositoryPicture, RepositoryError>")]
pub struct DescribeRepository {
    /// Which.
    pub name: RepositoryName,
    /// For whom.
    pub viewer: Option<AccountId>,
    /// With its newest tags.
    pub with_tags: bool,
    /// With what was done day by day.
    pub with_actions: bool,
}

/// What the page of one repository shows.
#[derive(Debug, Clone)]
pub struct RepositoryPicture {
    /// Its row.
    pub repository: DescribedRepository,
    /// Its newest tags, when they were asked for.
    pub tags: Option<Vec<ShownTag>>,
    /// What was done on each day before today, when that was asked for.
    pub actions: Option<Vec<DayOfActions>>,
}

impl Handler<DescribeRepository> for CatalogActor {
    type Result = ResponseFuture<Result<RepositoryPicture, RepositoryError>>;

    fn handle(&mut self, msg: DescribeRepository, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move { describe(&deps.db, &msg).await })
    }
}

async fn describe(
    db: &Database,
    msg: &DescribeRepository,
) -> Result<RepositoryPicture, RepositoryError> {
    let unknown = || RepositoryError::Unknown(msg.name.clone());
    let (namespace, name) = (msg.name.namespace(), msg.name.repository());
    let place = repository::find_place(db, namespace, name).await?;
    let id = place.ok_or_else(unknown)?.id;
    let found = view::describe(db, id, msg.viewer).await?;
    let tags = match msg.with_tags {
        true => Some(view::list_newest_tags(db, id, SHOWN_TAGS).await?),
        false => None,
    };
    let actions = match msg.with_actions {
        true => Some(view::list_actions(db, id, SHOWN_DAYS).await?),
        false => None,
    };
    Ok(RepositoryPicture {
        repository: found.ok_or_else(unknown)?,
        tags,
        actions,
    })
}
