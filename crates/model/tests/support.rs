//! Namespaces, blobs and manifests to put into a test's database.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use slipway_model::audit::Origin;
use slipway_model::blob::{
    self, Committed, Content, Found, NewBlob, SegmentRow, StoredBlob, commit_blobs,
};
use slipway_model::manifest::{self, NewManifest, StoredManifest, Verdict};
use slipway_model::node::NewNode;
use slipway_model::repository::{CreationBounds, MadeRepository};
use slipway_model::{BatchId, Database, ModelError, NodeId, RepositoryId, UploadId};
use slipway_model::{account, repository};
use slipway_oci::{Algorithm, Digest, RepositoryName};
use slipway_testkit::TestDatabase;

pub(crate) const LEASE_S: f64 = 3600.0;

/// A database, its pool, and one repository in it.
pub(crate) struct Site {
    pub(crate) test: TestDatabase,
    pub(crate) db: Database,
    pub(crate) repository: RepositoryId,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let test = TestDatabase::new().await;
        let db = test.database();
        let repository = make_repository(&db, "acme/web").await;
        Self {
            test,
            db,
            repository,
        }
    }

    /// Commits a small blob of `text` into the repository.
    pub(crate) async fn blob(&self, text: &str) -> Digest {
        let new = inline_blob(text, &[self.repository]);
        assert!(commit(&self.db, &new).await.id.is_some());
        new.digest
    }

    pub(crate) async fn put(&self, new: &NewManifest) -> Verdict {
        put(&self.db, self.repository, new).await
    }

    pub(crate) async fn delete(&self, digest: &Digest, refuse_siblings: bool) -> Verdict {
        manifest::delete_manifest(
            &self.db,
            self.repository,
            digest,
            refuse_siblings,
            &Origin::default(),
            &json!({}),
        )
        .await
        .unwrap()
    }

    pub(crate) async fn find(&self, digest: &Digest) -> Option<StoredManifest> {
        manifest::find_manifest(&self.db, self.repository, digest)
            .await
            .unwrap()
    }

    /// Runs statements as the superuser.
    pub(crate) async fn execute(&self, sql: &str) {
        self.test.connect().await.batch_execute(sql).await.unwrap();
    }

    /// The single number that `sql` answers.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let client = self.test.connect().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until as many sessions of this database wait for a lock.
    pub(crate) async fn wait_for_waiters(&self, count: i64) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..250 {
            if self.count(sql).await >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("fewer than {count} sessions wait for a lock");
    }
}

pub(crate) async fn make_repository(db: &Database, path: &str) -> RepositoryId {
    let name = RepositoryName::parse(path, "library").unwrap();
    account::insert_organization(db, name.namespace(), None, 1_209_600)
        .await
        .unwrap();
    let bounds = CreationBounds::default();
    let origin = Origin::default();
    let made = repository::insert_repository(db, &name, "private", &origin, bounds).await;
    match made.unwrap() {
        MadeRepository::Present(id) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn digest_of(text: &str) -> Digest {
    Digest::of(Algorithm::Sha256, text.as_bytes())
}

pub(crate) fn inline_blob(text: &str, repositories: &[RepositoryId]) -> NewBlob {
    NewBlob {
        digest: digest_of(text),
        size_bytes: u64::try_from(text.len()).unwrap(),
        content: Content::Inline(Bytes::from(text.to_owned())),
        upload: UploadId::new_v4(),
        repositories: repositories.to_vec(),
    }
}

/// A blob of two objects below `batch` with random names.
pub(crate) fn segment_blob(text: &str, batch: BatchId, repository: RepositoryId) -> NewBlob {
    NewBlob {
        digest: digest_of(text),
        size_bytes: 30,
        content: Content::Segments(vec![segment(batch, 10), segment(batch, 20)]),
        upload: UploadId::new_v4(),
        repositories: vec![repository],
    }
}

pub(crate) fn segment(batch: BatchId, size_bytes: u64) -> SegmentRow {
    SegmentRow {
        batch,
        name: UploadId::new_v4().as_u128(),
        size_bytes,
    }
}

pub(crate) fn segments(blob: &NewBlob) -> Vec<SegmentRow> {
    match &blob.content {
        Content::Segments(segments) => segments.clone(),
        Content::Inline(_) => Vec::new(),
    }
}

/// A blob that is present.
pub(crate) async fn find_blob(
    db: &Database,
    repository: RepositoryId,
    digest: &Digest,
    lease_s: f64,
) -> Result<Option<StoredBlob>, ModelError> {
    let found = blob::find_blob(db, repository, digest, lease_s).await?;
    Ok(found.and_then(Found::present))
}

pub(crate) async fn commit(db: &Database, blob: &NewBlob) -> Committed {
    commit_blobs(db, std::slice::from_ref(blob), LEASE_S)
        .await
        .unwrap()[0]
}

/// A node with an open batch.
pub(crate) async fn open_batch(db: &Database) -> (NodeId, BatchId) {
    let node = NodeId::new_v4();
    slipway_model::node::start_node(db, &NewNode::durable(node))
        .await
        .unwrap();
    let batch = slipway_model::batch::open_batch(db, node).await.unwrap();
    (node, batch)
}

/// A manifest whose bytes are `text`, pushed by digest for an hour.
pub(crate) fn new_manifest(text: &str) -> NewManifest {
    NewManifest {
        digest: digest_of(text),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        artifact_type: None,
        config_media_type: None,
        subject: None,
        annotations: None,
        bytes: Bytes::from(text.to_owned()),
        layers_size_bytes: 0,
        labels: Vec::new(),
        blobs: Vec::new(),
        children: Vec::new(),
        sparse_allowed: false,
        tags: Vec::new(),
        temporary_ms: 3_600_000,
    }
}

pub(crate) fn tagged(text: &str, tags: &[&str]) -> NewManifest {
    NewManifest {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..new_manifest(text)
    }
}

pub(crate) async fn put(db: &Database, repository: RepositoryId, new: &NewManifest) -> Verdict {
    manifest::put_manifest(db, repository, new, &Origin::default(), &json!({}))
        .await
        .unwrap()
        .verdict
}
