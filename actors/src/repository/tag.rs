//! Listing and ending tags.

use actix::prelude::*;
use serde_json::json;
use slipway_model::audit::Origin;
use slipway_model::manifest::Verdict;
use slipway_model::tag;
use slipway_oci::TagName;

use super::edit::with;
use super::{RepositoryActor, RepositoryError};
use crate::kernel::enqueue;

/// Asks for live tags in byte order.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<String>, RepositoryError>")]
pub struct ListTags {
    /// Only names above.
    pub after: Option<String>,
    /// How many.
    pub limit: usize,
}

impl Handler<ListTags> for RepositoryActor {
    type Result = ResponseFuture<Result<Vec<String>, RepositoryError>>;

    fn handle(&mut self, msg: ListTags, _: &mut Context<Self>) -> Self::Result {
        self.count(false);
        let reader = self.reader();
        Box::pin(async move {
            let (id, _) = reader.open().await?;
            let limit = i64::try_from(msg.limit).unwrap_or(i64::MAX);
            Ok(tag::list_tags(reader.db(), id, msg.after.as_deref(), limit).await?)
        })
    }
}

/// Ends a tag.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct DeleteTag {
    /// Which.
    pub tag: TagName,
    /// The name of the user who asks by the API.
    pub username: Option<String>,
    /// Who.
    pub origin: Origin,
}

impl Handler<DeleteTag> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: DeleteTag, ctx: &mut Context<Self>) -> Self::Result {
        let name = msg.tag.to_string();
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move {
                let (id, _) = reader.open().await?;
                let mut metadata = msg.origin.describe(json!({
                    "namespace": reader.name.namespace(),
                    "repo": reader.name.repository(),
                    "tag": msg.tag.as_str(),
                }));
                if let Some(username) = &msg.username {
                    metadata = with(metadata, &json!({ "username": username }));
                }
                Ok(tag::delete_tag(reader.db(), id, &msg.tag, &msg.origin, &metadata).await?)
            }
        };
        enqueue(
            self,
            ctx,
            plan,
            move |actor: &mut Self, outcome: Result<Verdict, RepositoryError>| {
                actor.apply_end(outcome, RepositoryError::TagUnknown(name))
            },
        )
    }
}
