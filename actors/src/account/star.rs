//! Starred repositories.
//!
//! Quay: `endpoints/api/user.py`, `data/model/repository.py`.

use std::sync::Arc;

use slipway_model::star::{self, Starred};
use slipway_model::{AccountId, RepositoryId};
use slipway_oci::RepositoryName;

use super::admission::Caller;
use super::{AccountError, Office, Work, access};

/// Lists starred repositories that the user may still read, by id.
#[derive(Debug)]
pub struct ListStarred {
    /// Whose.
    pub account: AccountId,
    /// After this one.
    pub after: RepositoryId,
    /// How many.
    pub limit: i64,
}

impl Work for ListStarred {
    type Answer = Vec<Starred>;

    async fn run(self, office: Arc<Office>) -> Result<Vec<Starred>, AccountError> {
        let db = &office.deps.db;
        Ok(star::list_starred(db, self.account, self.after, self.limit).await?)
    }
}

/// Stars a repository that the caller may read; answers whether it was not starred before. One
/// that it may not read is as one that is not there.
#[derive(Debug)]
pub struct AddStar {
    /// Who asks.
    pub caller: Caller,
    /// Which.
    pub repository: RepositoryName,
}

impl Work for AddStar {
    type Answer = bool;

    async fn run(self, office: Arc<Office>) -> Result<bool, AccountError> {
        let account = self.caller.account();
        let judged =
            access::judge(&office, &self.caller.principal, account, &self.repository).await?;
        let (Some(account), Some(repository)) = (account, judged.repository) else {
            return Ok(false);
        };
        if !judged.decision.pull.allowed {
            return Ok(false);
        }
        Ok(star::insert_star(&office.deps.db, account, repository).await? > 0)
    }
}

/// Takes a star away; answers whether there was one.
#[derive(Debug)]
pub struct RemoveStar {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub repository: RepositoryId,
}

impl Work for RemoveStar {
    type Answer = bool;

    async fn run(self, office: Arc<Office>) -> Result<bool, AccountError> {
        let db = &office.deps.db;
        Ok(star::delete_star(db, self.account, self.repository).await? > 0)
    }
}
