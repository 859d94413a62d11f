//! Replacing the key that seals secrets in the database.
//!
//! Order: the new key goes first into the key file beside the old one, then into the database; each
//! sealed value is sealed anew in batches; the old keys' fingerprints leave the database; last the
//! old keys leave the file. At every moment the file opens whatever the database holds, so a run
//! that was killed is simply repeated and goes on where it ended. No node may run meanwhile: it
//! would not know the new key.

use std::path::Path;

use slipway_auth::seal::KeyRing;
use slipway_model::sealing_key::{self, SEALED_COLUMNS, SealedColumn};
use slipway_model::{Database, NodeId, node};

use super::AccountError;
use super::sealing::{open_key_file, write_key_file};
use crate::deps::CrashHook;

/// Values sealed anew in one statement.
const BATCH: i64 = 200;
/// A node without a heartbeat for this long is dead, seconds.
const DEAD_AFTER_S: f64 = 30.0;

/// Names of the places at which a test can end the rotation.
pub const ROTATION_POINTS: &[&str] = &[
    "rotation.key.written",
    "rotation.key.recorded",
    "rotation.batch.sealed",
    "rotation.old.forgotten",
];

/// What a rotation did.
#[derive(Debug, Clone, Copy)]
pub struct Rotated {
    /// Values that were sealed anew.
    pub resealed: usize,
    /// Whether an earlier run that was cut off has been finished.
    pub was_resumed: bool,
}

/// What happens to the old keys in the file in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeys {
    /// They go; encrypted passwords that clients keep end with them.
    Drop,
    /// They stay, so that encrypted passwords go on to work.
    Keep,
}

/// Replaces the key in `path` and seals everything anew.
///
/// # Errors
/// [`AccountError::Unavailable`] while a node runs, [`AccountError::Internal`] that names the file
/// when it is missing, cannot be written, or does not open what the database holds.
pub async fn rotate_key(
    db: &Database,
    path: &Path,
    old_keys: OldKeys,
    hook: Option<&CrashHook>,
) -> Result<Rotated, AccountError> {
    let running = node::beat(db, NodeId::nil(), DEAD_AFTER_S).await?.others;
    if running > 0 {
        return Err(AccountError::Unavailable(format!(
            "{running} running node(s) would not know the new key: stop all nodes of this registry \
             first (a node that was killed counts for 30 seconds)"
        )));
    }
    let passed = |point| {
        if let Some(hook) = hook {
            hook(point);
        }
    };
    let held = open_key_file(db, path).await?;
    let in_use = sealing_key::find_current(db).await?;
    let was_resumed = held.current().map(|key| key.to_vec()) != in_use;
    let ring = if was_resumed {
        held
    } else {
        let ring = held.rotated()?;
        write_key_file(path, &ring)?;
        ring
    };
    passed("rotation.key.written");
    let current = ring
        .current()
        .ok_or_else(|| AccountError::Internal("the key file is empty".to_owned()))?;
    sealing_key::insert_key(db, &current).await?;
    passed("rotation.key.recorded");
    let mut resealed = 0;
    for column in SEALED_COLUMNS {
        loop {
            let count = reseal_batch(db, &ring, column, &current).await?;
            if count == 0 {
                break;
            }
            resealed += count;
            passed("rotation.batch.sealed");
        }
    }
    sealing_key::keep_only(db, &current).await?;
    passed("rotation.old.forgotten");
    if old_keys == OldKeys::Drop {
        write_key_file(path, &ring.trimmed())?;
    }
    Ok(Rotated {
        resealed,
        was_resumed,
    })
}

/// Seals some values of a column anew; answers how many, 0 when none is left.
async fn reseal_batch(
    db: &Database,
    ring: &KeyRing,
    column: &SealedColumn,
    current: &[u8],
) -> Result<usize, AccountError> {
    let rows = sealing_key::list_stale(db, column, current, BATCH).await?;
    let mut fresh = Vec::with_capacity(rows.len());
    for row in &rows {
        let plain = ring.open(&row.context, &row.sealed).map_err(|_| {
            AccountError::Internal(format!(
                "the sealed value of {} cannot be opened",
                row.context
            ))
        })?;
        fresh.push(ring.seal(&row.context, plain.expose().as_bytes())?);
    }
    sealing_key::replace_sealed(db, column, &rows, &fresh).await?;
    Ok(rows.len())
}
