//! Search: repositories and everything else by parts of a name.

use std::sync::Arc;

use actix::prelude::*;
use slipway_model::search::{
    self, RepositoryQuery, pattern_anywhere, pattern_exact, pattern_prefix,
};
pub use slipway_model::search::{
    FoundEntity, FoundNamespace, FoundRepository, FoundRobot, FoundTeam,
};
use slipway_model::{AccountId, Database, NamespaceId};

use super::CatalogActor;
use crate::repository::RepositoryError;

/// The most of each kind that a search over all kinds finds.
const OF_EACH_KIND: i64 = 10;
/// The most names that complete what was typed.
const COMPLETIONS: i64 = 10;

/// Asks for repositories whose name or description holds some words, the best first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<FoundRepository>, RepositoryError>")]
pub struct SearchRepositories {
    /// For whom.
    pub viewer: Option<AccountId>,
    /// Whether the viewer sees everything.
    pub sees_everything: bool,
    /// The words; those before a slash name the namespace.
    pub words: String,
    /// How many.
    pub limit: i64,
    /// After how many others.
    pub offset: i64,
}

impl Handler<SearchRepositories> for CatalogActor {
    type Result = ResponseFuture<Result<Vec<FoundRepository>, RepositoryError>>;

    fn handle(&mut self, msg: SearchRepositories, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move { search_repositories(&deps.db, &msg).await })
    }
}

async fn search_repositories(
    db: &Database,
    msg: &SearchRepositories,
) -> Result<Vec<FoundRepository>, RepositoryError> {
    let words = msg.words.to_lowercase();
    let (namespace, name) = words.split_once('/').unzip();
    let (anywhere, name_prefix) = (pattern_anywhere(&words), name.map(pattern_prefix));
    let query = RepositoryQuery {
        words: &words,
        anywhere: &anywhere,
        namespace,
        name_prefix: name_prefix.as_deref(),
        limit: msg.limit,
        offset: msg.offset,
    };
    Ok(search::find_repositories(db, msg.viewer, msg.sees_everything, &query).await?)
}

/// Asks for everything whose name begins with some words.
#[derive(Debug, Message)]
#[rtype(result = "Result<Everything, RepositoryError>")]
pub struct SearchEverything {
    /// For whom.
    pub viewer: Option<AccountId>,
    /// Whether the viewer sees everything.
    pub sees_everything: bool,
    /// The words.
    pub words: String,
}

/// What a search over all kinds found.
#[derive(Debug)]
pub struct Everything {
    /// Teams of the viewer.
    pub teams: Vec<FoundTeam>,
    /// Robots of the viewer.
    pub robots: Vec<FoundRobot>,
    /// Repositories.
    pub repositories: Vec<FoundRepository>,
    /// Users and organizations.
    pub namespaces: Vec<FoundNamespace>,
}

impl Handler<SearchEverything> for CatalogActor {
    type Result = ResponseFuture<Result<Everything, RepositoryError>>;

    fn handle(&mut self, msg: SearchEverything, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move { search_everything(&deps.db, msg).await })
    }
}

async fn search_everything(
    db: &Database,
    msg: SearchEverything,
) -> Result<Everything, RepositoryError> {
    let prefix = pattern_prefix(&msg.words.to_lowercase());
    let (teams, robots) = match msg.viewer {
        Some(account) => (
            search::find_teams(db, account, &prefix, OF_EACH_KIND).await?,
            search::find_robots(db, account, &prefix, OF_EACH_KIND).await?,
        ),
        None => (Vec::new(), Vec::new()),
    };
    let (viewer, everything) = (msg.viewer, msg.sees_everything);
    let namespaces = search::find_namespaces(db, viewer, everything, &prefix, OF_EACH_KIND).await?;
    let repositories = SearchRepositories {
        viewer,
        sees_everything: everything,
        words: msg.words,
        limit: OF_EACH_KIND,
        offset: 0,
    };
    Ok(Everything {
        teams,
        robots,
        repositories: search_repositories(db, &repositories).await?,
        namespaces,
    })
}

/// Asks for names that complete what was typed.
#[derive(Debug, Message)]
#[rtype(result = "Result<Completions, RepositoryError>")]
pub struct CompleteName {
    /// What was typed.
    pub prefix: String,
    /// Whether it must be the whole name of a user.
    pub exact: bool,
    /// The organization that decides who is a member.
    pub organization: Option<NamespaceId>,
    /// Whose robots are offered too.
    pub robots_of: Option<NamespaceId>,
    /// Whether the organization's teams are offered too.
    pub with_teams: bool,
}

/// Names that complete what was typed.
#[derive(Debug)]
pub struct Completions {
    /// Names of teams.
    pub teams: Vec<String>,
    /// Users and robots.
    pub entities: Vec<FoundEntity>,
}

impl Handler<CompleteName> for CatalogActor {
    type Result = ResponseFuture<Result<Completions, RepositoryError>>;

    fn handle(&mut self, msg: CompleteName, _: &mut Context<Self>) -> Self::Result {
        let deps = Arc::clone(&self.deps);
        Box::pin(async move {
            let words = msg.prefix.to_lowercase();
            let prefix = pattern_prefix(&words);
            let teams = match msg.organization.filter(|_| msg.with_teams) {
                Some(id) => search::find_team_entities(&deps.db, &prefix, id, COMPLETIONS).await?,
                None => Vec::new(),
            };
            let users = if msg.exact {
                pattern_exact(&words)
            } else {
                prefix
            };
            let (organization, robots_of) = (msg.organization, msg.robots_of);
            let entities =
                search::find_entities(&deps.db, &users, organization, robots_of, COMPLETIONS);
            Ok(Completions {
                teams,
                entities: entities.await?,
            })
        })
    }
}
