//! Manifests: publishing, finding, ending, and who refers to whom.

use bytes::Bytes;
use serde_json::Value;
use slipway_oci::Digest;
use tokio_postgres::Row;

use crate::audit::Origin;
use crate::database::Database;
use crate::error::ModelError;
use crate::ids::{ManifestId, RepositoryId};
use crate::label::{self, NewLabel};
use crate::query::queries;
use crate::statement;

/// A manifest that is served.
#[derive(Debug, Clone)]
pub struct StoredManifest {
    /// Its media type.
    pub media_type: String,
    /// Its bytes as pushed.
    pub bytes: Bytes,
    /// What it is about.
    pub subject: Option<Digest>,
    /// When it stops being served, Unix milliseconds; `i64::MAX` for no end in sight.
    pub served_until_ms: i64,
}

/// Finds a manifest that is served by digest.
///
/// # Errors
/// The database's.
pub async fn find_manifest(
    db: &Database,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<StoredManifest>, ModelError> {
    let row = db
        .row(&statement::FIND_MANIFEST, &[&repository.0, &digest.to_db()])
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let bytes: Vec<u8> = row.try_get(1)?;
    let subject: Option<&[u8]> = row.try_get(2)?;
    Ok(Some(StoredManifest {
        media_type: row.try_get(0)?,
        bytes: Bytes::from(bytes),
        subject: subject.map(parse_digest).transpose()?,
        served_until_ms: row.try_get(3)?,
    }))
}

/// A manifest to publish.
#[derive(Debug)]
pub struct NewManifest {
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// The type it is listed under as a referrer.
    pub artifact_type: Option<String>,
    /// The config's media type.
    pub config_media_type: Option<String>,
    /// What it is about.
    pub subject: Option<Digest>,
    /// Its annotations as a JSON object.
    pub annotations: Option<Value>,
    /// Its bytes.
    pub bytes: Bytes,
    /// The sum of its layers' sizes, each time it names them.
    pub layers_size_bytes: u64,
    /// The labels of its config.
    pub labels: Vec<NewLabel>,
    /// Blobs it needs here, with the sizes its descriptors state; distinct.
    pub blobs: Vec<(Digest, u64)>,
    /// Manifests it lists; distinct.
    pub children: Vec<Digest>,
    /// Whether blobs and listed manifests may be absent.
    pub sparse_allowed: bool,
    /// Tags that shall point at it; none for a push by digest.
    pub tags: Vec<String>,
    /// Life of the temporary tag of a push by digest, milliseconds.
    pub temporary_ms: i64,
}

/// What a guarded change found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done; the texts are what was ended.
    Done(Vec<String>),
    /// The repository or the thing is not here.
    Unknown,
    /// The repository is not in the normal state but in this one.
    State(String),
    /// These blobs are not in the repository.
    MissingBlobs(Vec<Digest>),
    /// The descriptors of these blobs state another size.
    WrongSizes(Vec<Digest>),
    /// These manifests are not in the repository.
    MissingChildren(Vec<Digest>),
    /// This tag cannot be changed.
    Immutable(String),
    /// These served indexes hold the manifest.
    Parents(Vec<Digest>),
    /// These tags point at the manifest too.
    Siblings(Vec<String>),
}

/// What became of a push.
#[derive(Debug)]
pub struct Put {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether its subject is here.
    pub has_subject: bool,
    /// For each tag, in order, when it ends by itself, Unix milliseconds; empty for a refusal.
    pub ends_ms: Vec<Option<i64>>,
}

/// Publishes a manifest.
///
/// # Errors
/// The database's.
pub async fn put_manifest(
    db: &Database,
    repository: RepositoryId,
    manifest: &NewManifest,
    origin: &Origin,
    metadata: &Value,
) -> Result<Put, ModelError> {
    let blobs: Vec<Vec<u8>> = manifest
        .blobs
        .iter()
        .map(|(digest, _)| digest.to_db())
        .collect();
    let sizes: Vec<i64> = manifest
        .blobs
        .iter()
        .map(|(_, size)| i64::try_from(*size).unwrap_or(i64::MAX))
        .collect();
    let children: Vec<Vec<u8>> = manifest.children.iter().map(Digest::to_db).collect();
    let layers_size = i64::try_from(manifest.layers_size_bytes).unwrap_or(i64::MAX);
    let labels = label::to_json(&manifest.labels);
    let subject = manifest.subject.map(|digest| digest.to_db());
    let performer = origin.performer.map(|id| id.0);
    let bytes: &[u8] = &manifest.bytes;
    let row = db
        .one(
            &statement::PUT_MANIFEST,
            &[
                &repository.0,
                &manifest.digest.to_db(),
                &manifest.media_type,
                &manifest.artifact_type,
                &manifest.config_media_type,
                &subject,
                &manifest.annotations,
                &bytes,
                &layers_size,
                &blobs,
                &sizes,
                &children,
                &manifest.sparse_allowed,
                &manifest.tags,
                &manifest.temporary_ms,
                &labels,
                &performer,
                &origin.ip,
                &origin.request_id,
                &metadata,
            ],
        )
        .await?;
    Ok(Put {
        verdict: read_verdict(&row)?,
        has_subject: row.try_get(2)?,
        ends_ms: row.try_get(3)?,
    })
}

/// Stops serving a manifest.
///
/// # Errors
/// The database's.
pub async fn delete_manifest(
    db: &Database,
    repository: RepositoryId,
    digest: &Digest,
    refuse_siblings: bool,
    origin: &Origin,
    metadata: &Value,
) -> Result<Verdict, ModelError> {
    let performer = origin.performer.map(|id| id.0);
    let row = db
        .one(
            &statement::DELETE_MANIFEST,
            &[
                &repository.0,
                &digest.to_db(),
                &refuse_siblings,
                &performer,
                &origin.ip,
                &origin.request_id,
                &metadata,
            ],
        )
        .await?;
    read_verdict(&row)
}

queries! {
    /// Finds the row of a manifest that is served.
    fn find_served_id(repository: RepositoryId, digest: &[u8]) -> maybe ManifestId = FIND_SERVED_ID;
    /// Finds the row of a manifest that is served or that the time machine still holds.
    fn find_kept_id(repository: RepositoryId, digest: &[u8]) -> maybe ManifestId = FIND_KEPT_ID;
    /// Makes a deleted manifest servable again; answers whether all of it is still there.
    fn revive_manifest(repository: RepositoryId, manifest: ManifestId) -> one bool = REVIVE_MANIFEST;
}

/// A manifest about another.
#[derive(Debug, Clone)]
pub struct Referrer {
    /// Its row; grows with the time of its push.
    pub id: i64,
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// What it is.
    pub artifact_type: Option<String>,
    /// Its size.
    pub size_bytes: i64,
    /// Its annotations.
    pub annotations: Option<Value>,
}

/// Lists at most `limit` served manifests about `subject` with ids above `after`.
///
/// # Errors
/// The database's.
pub async fn list_referrers(
    db: &Database,
    repository: RepositoryId,
    subject: &Digest,
    artifact_type: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<Referrer>, ModelError> {
    let rows = db
        .rows(
            &statement::LIST_REFERRERS,
            &[
                &repository.0,
                &subject.to_db(),
                &artifact_type,
                &after,
                &limit,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Referrer {
                id: row.try_get(0)?,
                digest: read_digest(row, 1)?,
                media_type: row.try_get(2)?,
                artifact_type: row.try_get(3)?,
                size_bytes: row.try_get(4)?,
                annotations: row.try_get(5)?,
            })
        })
        .collect()
}

pub(crate) fn read_verdict(row: &Row) -> Result<Verdict, ModelError> {
    let verdict: String = row.try_get(0)?;
    let detail: Vec<String> = row.try_get(1)?;
    let first = |detail: Vec<String>| detail.into_iter().next().unwrap_or_default();
    match verdict.as_str() {
        "ok" => Ok(Verdict::Done(detail)),
        "gone" | "unknown" => Ok(Verdict::Unknown),
        "state" => Ok(Verdict::State(first(detail))),
        "blobs" => Ok(Verdict::MissingBlobs(parse_hex(&detail)?)),
        "sizes" => Ok(Verdict::WrongSizes(parse_hex(&detail)?)),
        "children" => Ok(Verdict::MissingChildren(parse_hex(&detail)?)),
        "immutable" => Ok(Verdict::Immutable(first(detail))),
        "parents" => Ok(Verdict::Parents(parse_hex(&detail)?)),
        "siblings" => Ok(Verdict::Siblings(detail)),
        other => Err(ModelError::Internal(format!("unknown verdict `{other}`"))),
    }
}

pub(crate) fn read_digest(row: &Row, column: usize) -> Result<Digest, ModelError> {
    parse_digest(row.try_get(column)?)
}

pub(crate) fn parse_digest(stored: &[u8]) -> Result<Digest, ModelError> {
    Digest::from_db(stored).map_err(|error| ModelError::Internal(error.to_string()))
}

/// Digests in the hexadecimal form of their stored bytes.
fn parse_hex(texts: &[String]) -> Result<Vec<Digest>, ModelError> {
    texts
        .iter()
        .map(|text| {
            let nibbles: Option<Vec<u8>> = text
                .chars()
                .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
                .collect();
            let bytes: Vec<u8> = nibbles
                .unwrap_or_default()
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
                .collect();
            parse_digest(&bytes)
        })
        .collect()
}
