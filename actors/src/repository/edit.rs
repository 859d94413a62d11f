//! What changes by the API have in common: one transaction that holds the repository and ends with a
//! row of the usage log.
//!
//! Such a change is asked for rarely, so it is several statements where a push is one; the
//! repository's row is taken first, as by every function that publishes, so none sees half of
//! another.

use serde_json::{Value, json};
use slipway_model::audit::{self, Origin, Place};
use slipway_model::{Connection, RepositoryId, Transaction, repository};

use super::{Reader, RepositoryActor, RepositoryError};

/// Who changes something through the API.
#[derive(Debug, Clone)]
pub struct Author {
    /// The user's name, as the usage log shows it.
    pub username: String,
    /// Where the change comes from.
    pub origin: Origin,
}

/// Which states of the repository a change is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Only the normal one.
    Normal,
    /// Any in which the repository exists.
    Existing,
}

/// A change on its way.
pub(super) struct Change<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) id: RepositoryId,
    reader: &'a Reader,
    author: &'a Author,
    place: Place,
}

impl<'a> Change<'a> {
    /// Takes the repository.
    pub(super) async fn begin(
        connection: &'a mut Connection,
        reader: &'a Reader,
        author: &'a Author,
        needs: Needs,
    ) -> Result<Self, RepositoryError> {
        let (id, _) = reader.open().await?;
        let transaction = connection.begin().await?;
        let held = repository::lock_repository(&transaction, id).await?;
        let held = held.filter(|held| held.state != "MARKED_FOR_DELETION");
        let held = held.ok_or_else(|| RepositoryError::Unknown(reader.name.clone()))?;
        if needs == Needs::Normal && held.state != "NORMAL" {
            return Err(RepositoryError::NotWritable(held.state));
        }
        let place = Place {
            namespace: Some(held.namespace_id),
            repository: Some(id),
        };
        Ok(Self {
            transaction,
            id,
            reader,
            author,
            place,
        })
    }

    /// What a log row says of the place.
    pub(super) fn place(&self) -> Value {
        let name = &self.reader.name;
        json!({ "namespace": name.namespace(), "repo": name.repository() })
    }

    /// What a log row says of a tag and of who changed it, with further members.
    pub(super) fn tagged(&self, tag: &str, more: &Value) -> Value {
        let who = json!({ "username": self.author.username, "tag": tag });
        with(with(self.place(), &who), more)
    }

    /// Writes a row of the usage log.
    pub(super) async fn log(&self, kind: &str, metadata: Value) -> Result<(), RepositoryError> {
        let origin = &self.author.origin;
        Ok(audit::log(&self.transaction, kind, self.place, origin, metadata).await?)
    }

    /// Makes it last.
    pub(super) async fn commit(self) -> Result<(), RepositoryError> {
        Ok(self.transaction.commit().await?)
    }
}

/// An object with the members of another.
pub(super) fn with(mut object: Value, more: &Value) -> Value {
    if let (Some(members), Some(more)) = (object.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    object
}

impl RepositoryActor {
    /// Forgets what a change of tags may have made untrue, whether it is known to have happened or
    /// not.
    pub(super) fn apply_change<T>(
        &mut self,
        outcome: Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        self.version = self.version.wrapping_add(1);
        if let Err(RepositoryError::Unknown(_) | RepositoryError::NotWritable(_)) = outcome {
            self.row = None;
        }
        self.cache.forget_tags();
        outcome
    }
}
