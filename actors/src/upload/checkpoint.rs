//! Saving an upload while one long body still flows.
//!
//! A body is taken in parts. At the end of each, what is written so far is synced and saved beside
//! the part that follows, so the stream waits only when a save takes longer than a part. A save never
//! outlives its append: the next save, the commit or the end must find the row as it is.

use slipway_model::blob::SegmentRow;
use slipway_model::upload::SavedUpload;
use slipway_storage::{ChunkReceiver, PartEnd, SegmentWriter};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::session::{Hash, to_row};
use super::{UploadError, UploadSeed};

/// Where and under which epoch an upload is saved.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) seed: &'a UploadSeed,
    pub(super) epoch: i64,
}

/// A body being stored in parts.
pub(super) struct Parts<'a> {
    place: Place<'a>,
    saving: Option<JoinHandle<Result<bool, UploadError>>>,
    /// Bytes the save at work will have saved.
    saving_bytes: u64,
    /// Bytes in the saved row.
    pub(super) saved_bytes: Option<u64>,
}

/// What storing a body gives back.
pub(super) struct Stored {
    pub(super) writer: SegmentWriter,
    pub(super) hash: Hash,
    pub(super) outcome: Result<(), UploadError>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(place: Place<'a>, saved_bytes: Option<u64>) -> Self {
        Self {
            place,
            saving: None,
            saving_bytes: 0,
            saved_bytes,
        }
    }

    /// Stores the body to its end.
    pub(super) async fn store(
        &mut self,
        mut writer: SegmentWriter,
        mut hash: Hash,
        mut chunks: ChunkReceiver,
    ) -> Stored {
        loop {
            let part = writer.append_part(hash, chunks, self.part_end()).await;
            (writer, hash) = (part.appended.writer, part.appended.sink);
            let outcome = part.appended.outcome.map_err(UploadError::from);
            let waited = self.wait().await;
            let outcome = match part.rest {
                Some(rest) if waited.is_ok() => {
                    self.begin(&writer, &hash);
                    chunks = rest;
                    continue;
                }
                _ => outcome.and(waited),
            };
            return Stored {
                writer,
                hash,
                outcome,
            };
        }
    }

    fn part_end(&self) -> PartEnd {
        let settings = &self.place.seed.deps.settings;
        PartEnd {
            after_bytes: settings.checkpoint_bytes,
            at: Instant::now() + settings.checkpoint_interval,
        }
    }

    /// Waits for the save at work; the stream goes on when only the database is away.
    async fn wait(&mut self) -> Result<(), UploadError> {
        let Some(saving) = self.saving.take() else {
            return Ok(());
        };
        match saving.await {
            Ok(Ok(true)) => {
                self.saved_bytes = Some(self.saving_bytes);
                Ok(())
            }
            // Another node has taken over.
            Ok(Ok(false)) => Err(UploadError::Unknown),
            Ok(Err(UploadError::Unavailable(error))) => {
                let id = self.place.seed.id;
                tracing::warn!(upload.uuid = %id, error, "upload is not saved on its way");
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(error) => Err(UploadError::Internal(error.to_string())),
        }
    }

    fn begin(&mut self, writer: &SegmentWriter, hash: &Hash) {
        let offset_bytes = writer.size_bytes();
        if self.saved_bytes == Some(offset_bytes) {
            return;
        }
        self.saving_bytes = offset_bytes;
        let segments: Vec<SegmentRow> = writer.segments().iter().map(to_row).collect();
        let state = SavedUpload {
            epoch: self.place.epoch,
            offset_bytes,
            hash_state: hash.0.save(),
            inline: None,
            segments,
        };
        let (seed, synced) = (self.place.seed.clone(), writer.begin_persist());
        self.saving = Some(tokio::spawn(async move {
            synced.await?;
            save(&seed, &state).await
        }));
    }
}

/// Writes the row; answers false when another node took over.
pub(super) async fn save(seed: &UploadSeed, state: &SavedUpload) -> Result<bool, UploadError> {
    let deps = &seed.deps;
    deps.crash_point("upload.save.before");
    let saved =
        slipway_model::upload::save_upload(&deps.db, seed.id, seed.repository, state).await?;
    deps.crash_point("upload.save.after");
    Ok(saved)
}
