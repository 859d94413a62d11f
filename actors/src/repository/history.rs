//! The history of tags, changes to them, and bringing back what was.

use actix::prelude::*;
use serde_json::{Value, json};
use slipway_model::manifest;
use slipway_model::tag::{self, HistoryQuery, PastSpan, Span};
use slipway_model::{Connection, ManifestId};
use slipway_oci::{Digest, TagName};

use super::edit::{Author, Change, Needs};
use super::{Reader, RepositoryActor, RepositoryError};
use crate::deps::TagLife;
use crate::kernel::enqueue;

/// Asks for spans of tags, newest first.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<PastSpan>, RepositoryError>")]
pub struct ListHistory(pub HistoryQuery);

impl Handler<ListHistory> for RepositoryActor {
    type Result = ResponseFuture<Result<Vec<PastSpan>, RepositoryError>>;

    fn handle(&mut self, msg: ListHistory, _: &mut Context<Self>) -> Self::Result {
        self.count(false);
        let reader = self.reader();
        Box::pin(async move {
            let (id, _) = reader.open().await?;
            Ok(tag::list_history(reader.db(), id, &msg.0).await?)
        })
    }
}

/// When a tag shall end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// Then, Unix seconds.
    At(i64),
}

/// Changes a tag: when it ends, whether it can be changed, where it points, in this order.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct ChangeTag {
    /// Which.
    pub tag: TagName,
    /// When it shall end.
    pub expiry: Option<Expiry>,
    /// Whether it shall be immutable.
    pub immutable: Option<bool>,
    /// Where it shall point; this alone makes a tag that is not there.
    pub digest: Option<Digest>,
    /// Who.
    pub author: Author,
}

impl Handler<ChangeTag> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: ChangeTag, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move { change(&reader, &msg).await }
        };
        enqueue(self, ctx, plan, Self::apply_change)
    }
}

async fn change(reader: &Reader, msg: &ChangeTag) -> Result<(), RepositoryError> {
    let mut connection = reader.db().connection().await?;
    let change = begin(&mut connection, reader, &msg.author).await?;
    let settings = &reader.deps.settings;
    if let Some(expiry) = msg.expiry {
        set_expiry(&change, msg, expiry, settings).await?;
    }
    if let Some(immutable) = msg.immutable {
        set_immutable(&change, msg, immutable, settings.immutable_can_expire).await?;
    }
    if let Some(digest) = &msg.digest {
        let stored = digest.to_db();
        let found = manifest::find_served_id(&change.transaction, change.id, &stored).await?;
        let target = found.ok_or_else(|| RepositoryError::ManifestUnknown(digest.to_string()))?;
        let before = retarget(&change, &msg.tag, target, digest, Step::Forward).await?;
        let kind = before.map_or("create_tag", |_| "move_tag");
        let more = json!({
            "manifest_digest": digest.to_string(),
            "original_manifest_digest": before.map(|digest| digest.to_string()),
        });
        let metadata = change.tagged(msg.tag.as_str(), &more);
        change.log(kind, metadata).await?;
    }
    change.commit().await
}

async fn begin<'a>(
    connection: &'a mut Connection,
    reader: &'a Reader,
    author: &'a Author,
) -> Result<Change<'a>, RepositoryError> {
    Change::begin(connection, reader, author, Needs::Normal).await
}

/// The live span of a tag that must have one, and the time.
async fn live_span(change: &Change<'_>, tag: &TagName) -> Result<(i64, Span), RepositoryError> {
    let (now_ms, span) = tag::find_span(&change.transaction, change.id, tag).await?;
    let span = span.ok_or_else(|| RepositoryError::TagUnknown(tag.to_string()))?;
    Ok((now_ms, span))
}

async fn set_expiry(
    change: &Change<'_>,
    msg: &ChangeTag,
    expiry: Expiry,
    settings: &crate::deps::Settings,
) -> Result<(), RepositoryError> {
    let (now_ms, span) = live_span(change, &msg.tag).await?;
    let end_ms = match expiry {
        Expiry::Never => None,
        Expiry::At(_) if span.immutable && !settings.immutable_can_expire => {
            return Err(RepositoryError::TagCannotExpire(msg.tag.to_string()));
        }
        Expiry::At(at_s) => {
            let at_ms = at_s.saturating_mul(1000);
            if at_ms <= now_ms {
                return Err(RepositoryError::TagExpiryPassed(msg.tag.to_string()));
            }
            Some(bounded_end(settings.tag_life, span.start_ms, now_ms, at_ms))
        }
    };
    if end_ms.is_none() && span.end_ms.is_none() {
        return Ok(());
    }
    tag::set_end(&change.transaction, span.id, end_ms).await?;
    let asked = match expiry {
        Expiry::Never => None,
        Expiry::At(at_s) => Some(at_s),
    };
    let more = json!({ "expiration_date": asked, "old_expiration_date": span.end_ms });
    let metadata = change.tagged(msg.tag.as_str(), &more);
    change.log("change_tag_expiration", metadata).await
}

/// The end nearest to `at_ms` that gives a tag a life within the bounds. A tag that has lived longer
/// than the longest life already is given that much from now on, instead of an end in the past.
fn bounded_end(bounds: TagLife, start_ms: i64, now_ms: i64, at_ms: i64) -> i64 {
    let from_start = start_ms.saturating_add(bounds.clamp(at_ms.saturating_sub(start_ms)));
    if from_start > now_ms {
        return from_start;
    }
    now_ms.saturating_add(bounds.clamp(at_ms.saturating_sub(now_ms)))
}

async fn set_immutable(
    change: &Change<'_>,
    msg: &ChangeTag,
    immutable: bool,
    may_end: bool,
) -> Result<(), RepositoryError> {
    let (_, span) = live_span(change, &msg.tag).await?;
    if span.immutable == immutable {
        return Ok(());
    }
    tag::set_immutable(&change.transaction, span.id, immutable, may_end).await?;
    let more = json!({ "immutable": immutable, "previous_immutable": span.immutable });
    let metadata = change.tagged(msg.tag.as_str(), &more);
    change.log("change_tag_immutability", metadata).await
}

/// Which way a tag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Forward,
    Back,
}

/// Lets a tag point at a manifest; answers where it pointed. A tag that points there for good
/// already keeps its span.
async fn retarget(
    change: &Change<'_>,
    name: &TagName,
    target: ManifestId,
    digest: &Digest,
    step: Step,
) -> Result<Option<Digest>, RepositoryError> {
    let transaction = &change.transaction;
    let (now_ms, span) = tag::find_span(transaction, change.id, name).await?;
    if let Some(span) = &span {
        if span.digest == *digest {
            let is_for_good =
                span.end_ms.is_none() && !tag::has_acting_label(transaction, target).await?;
            if span.immutable || is_for_good {
                return Ok(Some(span.digest));
            }
        } else if span.immutable {
            return Err(RepositoryError::TagImmutable(name.to_string()));
        }
        tag::close_span(transaction, change.id, name.as_str(), now_ms).await?;
    }
    let is_reversion = step == Step::Back;
    tag::open_span(
        transaction,
        change.id,
        target,
        name.as_str(),
        now_ms,
        is_reversion,
    )
    .await?;
    Ok(span.map(|span| span.digest))
}

/// Lets a tag point at a manifest of its past again, which the time machine still holds.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct RestoreTag {
    /// Which.
    pub tag: TagName,
    /// The manifest.
    pub digest: Digest,
    /// Who.
    pub author: Author,
}

impl Handler<RestoreTag> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: RestoreTag, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move { restore(&reader, &msg).await }
        };
        enqueue(self, ctx, plan, Self::apply_change)
    }
}

async fn restore(reader: &Reader, msg: &RestoreTag) -> Result<(), RepositoryError> {
    let mut connection = reader.db().connection().await?;
    let change = begin(&mut connection, reader, &msg.author).await?;
    let (transaction, digest) = (&change.transaction, &msg.digest);
    let gone = || RepositoryError::ManifestUnknown(digest.to_string());
    let found = manifest::find_kept_id(transaction, change.id, &digest.to_db()).await?;
    let target = found.ok_or_else(gone)?;
    if !manifest::revive_manifest(transaction, change.id, target).await? {
        return Err(gone());
    }
    retarget(&change, &msg.tag, target, digest, Step::Back).await?;
    let metadata = json!({
        "username": msg.author.username,
        "repo": reader.name.repository(),
        "tag": msg.tag.as_str(),
        "manifest_digest": digest.to_string(),
    });
    change.log("revert_tag", metadata).await?;
    change.commit().await
}

/// Takes spans of a tag that point at a manifest out of the time machine.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), RepositoryError>")]
pub struct PurgeTag {
    /// Which tag.
    pub tag: TagName,
    /// The manifest.
    pub digest: Digest,
    /// The span that lives, instead of those that have ended.
    pub is_live: bool,
    /// What an index lists need not be held by pushes by digest either.
    pub with_children: bool,
    /// Who.
    pub author: Author,
}

impl Handler<PurgeTag> for RepositoryActor {
    type Result = ResponseFuture<Result<(), RepositoryError>>;

    fn handle(&mut self, msg: PurgeTag, ctx: &mut Context<Self>) -> Self::Result {
        let plan = move |actor: &mut Self| {
            let reader = actor.reader();
            async move { purge(&reader, &msg).await }
        };
        enqueue(self, ctx, plan, Self::apply_change)
    }
}

async fn purge(reader: &Reader, msg: &PurgeTag) -> Result<(), RepositoryError> {
    let mut connection = reader.db().connection().await?;
    let change = Change::begin(&mut connection, reader, &msg.author, Needs::Existing).await?;
    let (transaction, tag) = (&change.transaction, &msg.tag);
    let found = manifest::find_kept_id(transaction, change.id, &msg.digest.to_db()).await?;
    let target = found.ok_or_else(|| RepositoryError::ManifestUnknown(msg.digest.to_string()))?;
    let unknown = || RepositoryError::TagUnknown(tag.to_string());
    let (now_ms, span) = tag::find_span(transaction, change.id, tag).await?;
    if msg.is_live {
        let span = span.filter(|span| span.digest == msg.digest);
        let span = span.ok_or_else(unknown)?;
        if span.immutable {
            return Err(RepositoryError::TagImmutable(tag.to_string()));
        }
        tag::purge_live(transaction, span.id).await?;
    } else if tag::purge_ended(transaction, change.id, tag.as_str(), target, now_ms).await? == 0 {
        return Err(unknown());
    }
    if msg.with_children {
        tag::purge_children(transaction, change.id, target).await?;
    }
    let more: Value = json!({ "manifest_digest": msg.digest.to_string() });
    let metadata = change.tagged(tag.as_str(), &more);
    change.log("permanently_delete_tag", metadata).await?;
    change.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_end_gives_a_life_within_the_bounds_and_is_never_past() {
        let bounds = TagLife {
            min: Duration::from_secs(3600),
            max: Duration::from_secs(10_000),
        };
        let cases = [
            (0, 1000, 5_000_000, 5_000_000),
            (0, 1000, 60_000, 3_600_000),
            (0, 1000, i64::MAX, 10_000_000),
            (0, 50_000_000, 50_001_000, 53_600_000),
            (0, 50_000_000, i64::MAX, 60_000_000),
        ];
        for (start_ms, now_ms, at_ms, end_ms) in cases {
            assert_eq!(bounded_end(bounds, start_ms, now_ms, at_ms), end_ms);
        }
    }
}
