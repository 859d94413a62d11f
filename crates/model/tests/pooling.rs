//! Without prepared statements, alone and behind a pooler that shares connections.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use slipway_model::audit::{self, Entry, Origin};
use slipway_model::blob::{commit_blobs, link_blob, unlink_blob};
use slipway_model::catalog::{Viewer, list_repositories};
use slipway_model::manifest::{self, Verdict};
use slipway_model::service_key::{ServiceKey, insert_key, list_keys};
use slipway_model::upload::{self, SavedUpload};
use slipway_model::{Database, DatabaseSettings, UploadId, account, batch, node, repository, tag};
use slipway_oci::{RepositoryName, TagName};
use slipway_testkit::TestDatabase;

use crate::support::{
    LEASE_S, commit, find_blob, inline_blob, make_repository, new_manifest, open_batch, put,
    segment_blob, segments, tagged,
};

const POOLER: &str = "/usr/sbin/pgbouncer";

/// What a push, a pull and their surroundings ask; `name` keeps runs apart.
async fn run_everything(db: &Database, name: &str) {
    db.identify().await.unwrap();
    let (node, batch) = open_batch(db).await;
    node::beat(db, node, 30.0).await.unwrap();
    let path = format!("{name}/web");
    let repository = make_repository(db, &path).await;
    push_blobs(db, batch, repository).await;
    push_manifests(db, repository).await;
    ask_the_rest(db, name, &path, repository).await;
    batch::close_batch(db, batch).await.unwrap();
    node::stop_node(db, node).await.unwrap();
}

async fn push_blobs(
    db: &Database,
    batch: slipway_model::BatchId,
    repository: slipway_model::RepositoryId,
) {
    let large = segment_blob(&format!("large {repository}"), batch, repository);
    let state = SavedUpload {
        epoch: 1,
        offset_bytes: 30,
        hash_state: vec![1, 2],
        inline: None,
        segments: segments(&large),
    };
    assert!(
        upload::save_upload(db, large.upload, repository, &state)
            .await
            .unwrap()
    );
    let taken = upload::take_upload(db, large.upload, repository)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((taken.epoch, taken.segments), (2, state.segments));
    let small = inline_blob("config", &[repository]);
    let group = [large.clone(), small.clone()];
    let verdicts = commit_blobs(db, &group, LEASE_S).await.unwrap();
    assert!(verdicts[0].stored && verdicts[1].id.is_some());
    for new in &group {
        let found = find_blob(db, repository, &new.digest, LEASE_S)
            .await
            .unwrap();
        assert_eq!(found.unwrap().size_bytes, new.size_bytes);
    }
    assert!(
        link_blob(db, repository, repository, &small.digest, LEASE_S)
            .await
            .unwrap()
    );
    let idle = UploadId::new_v4();
    assert!(!upload::delete_upload(db, idle).await.unwrap());
    upload::list_expired(db, 3600.0, 5).await.unwrap();
}

async fn push_manifests(db: &Database, repository: slipway_model::RepositoryId) {
    let config = inline_blob("config", &[repository]);
    commit(db, &config).await;
    let mut image = tagged("image", &["v1"]);
    image.blobs = vec![(config.digest, 6)];
    image.annotations = Some(json!({ "a": "b" }));
    assert_eq!(put(db, repository, &image).await, Verdict::Done(vec![]));
    let mut signature = new_manifest("signature");
    signature.subject = Some(image.digest);
    put(db, repository, &signature).await;
    let found = manifest::find_manifest(db, repository, &image.digest)
        .await
        .unwrap();
    assert_eq!(found.unwrap().bytes, image.bytes);
    let listed = manifest::list_referrers(db, repository, &image.digest, None, 0, 10).await;
    assert_eq!(listed.unwrap().len(), 1);
    let v1 = TagName::parse("v1").unwrap();
    let target = tag::find_tag(db, repository, &v1).await.unwrap().unwrap();
    assert_eq!(target.digest, image.digest);
    assert_eq!(
        tag::list_tags(db, repository, None, 10).await.unwrap(),
        ["v1"]
    );
    let (origin, metadata) = (Origin::default(), json!({}));
    let ended = tag::delete_tag(db, repository, &v1, &origin, &metadata)
        .await
        .unwrap();
    assert_eq!(ended, Verdict::Done(vec![]));
    assert!(tag::has_history(db, repository, &v1).await.unwrap());
    unlink_blob(db, repository, &config.digest).await.unwrap();
}

async fn ask_the_rest(
    db: &Database,
    name: &str,
    path: &str,
    repository: slipway_model::RepositoryId,
) {
    let full_name = RepositoryName::parse(path, "library").unwrap();
    let facts = repository::find_facts(db, &full_name, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(facts.repository.unwrap().id, repository);
    let viewer = Viewer {
        account: None,
        reads_everything: true,
        lists_public: true,
    };
    let listed = list_repositories(db, viewer, None, 1000).await.unwrap();
    assert!(listed.iter().any(|one| one == path));
    assert!(account::set_enabled(db, name, true).await.unwrap());
    assert!(
        !account::list_changed_epochs(db, 60.0, false)
            .await
            .unwrap()
            .is_empty()
    );
    let key = ServiceKey {
        kid: name.to_owned(),
        jwk: json!({ "kty": "EC" }),
        expires_at_s: None,
    };
    insert_key(db, "quay", "key", &key, 60.0).await.unwrap();
    assert!(
        list_keys(db, "quay")
            .await
            .unwrap()
            .iter()
            .any(|one| one.kid == name)
    );
    let entry = Entry {
        kind: "pull_repo",
        repository: Some(repository),
        origin: Origin::default(),
        metadata: json!({ "x": 1 }),
        at_ms: 1_700_000_000_000,
    };
    audit::insert_entries(db, &[entry.clone(), entry])
        .await
        .unwrap();
}

#[tokio::test]
async fn everything_works_prepared() {
    let test = TestDatabase::new().await;
    run_everything(&test.database(), "acme").await;
}

#[tokio::test]
async fn everything_works_without_prepared_statements() {
    let test = TestDatabase::new().await;
    let db = Database::new(&DatabaseSettings {
        is_prepared: false,
        ..test.settings()
    })
    .unwrap();
    run_everything(&db, "acme").await;
    let left: i64 = test
        .connect()
        .await
        .query_one("SELECT count(*) FROM pg_prepared_statements", &[])
        .await
        .unwrap()
        .get(0);
    assert!(left <= 1, "only this question itself");
}

/// A pooler in transaction mode with two server connections; ends with this or with the process.
struct Pooler {
    folder: tempfile::TempDir,
    shell: Child,
}

impl Pooler {
    async fn start(test: &TestDatabase) -> Self {
        let server = test.server();
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let place = folder.path().display();
        let ini = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\npool_mode = transaction\n\
             default_pool_size = 2\nmax_client_conn = 100\nauth_type = any\n\
             listen_addr =\nlisten_port = 6432\nunix_socket_dir = {place}\n\
             logfile = {place}/log\n",
            server.socket_dir().display(),
            server.port(),
        )
        .replace("* = host", &format!("{} = user=slipway host", test.name()));
        let ini_path = folder.path().join("pgbouncer.ini");
        std::fs::write(&ini_path, ini).unwrap();
        // The server's socket is private to its user, and the pooler refuses to run as root.
        let owner = std::fs::metadata(server.socket_dir()).unwrap();
        let (uid, gid) = (owner.uid(), owner.gid());
        let is_root = std::fs::metadata(folder.path()).unwrap().uid() != uid;
        let script = "trap '' INT; \"$0\" -q \"$1\" & read -r _; kill $!; wait";
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).arg(POOLER).arg(&ini_path);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if is_root {
            for path in [folder.path(), &ini_path] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
            }
            command.uid(uid).gid(gid);
        }
        let shell = command.spawn().unwrap();
        let pooler = Self { folder, shell };
        pooler.wait_ready().await;
        pooler
    }

    async fn wait_ready(&self) {
        let socket = self.folder.path().join(".s.PGSQL.6432");
        for _ in 0..250 {
            if tokio::net::UnixStream::connect(&socket).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log"));
        panic!("the pooler is not there: {log:?}");
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_pooler_in_transaction_mode() {
    if !Path::new(POOLER).exists() {
        println!("SKIPPED: there is no {POOLER}");
        return;
    }
    let test = TestDatabase::empty().await;
    let pooler = Pooler::start(&test).await;
    let folder = pooler.folder.path().display();
    let settings = DatabaseSettings {
        url: format!(
            "host={folder} port=6432 user=slipway dbname={}",
            test.name()
        ),
        is_prepared: false,
        ..test.settings()
    };
    // Two programs migrate through it at once, then sixteen requests share two connections.
    let (one, two) = (
        Database::new(&settings).unwrap(),
        Database::new(&settings).unwrap(),
    );
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    assert!(first.unwrap() + second.unwrap() >= 5);
    let runs: Vec<_> = (0..16)
        .map(|number| {
            let db = one.clone();
            tokio::spawn(async move { run_everything(&db, &format!("org{number}")).await })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND usename = 'slipway'",
        test.name()
    );
    let sessions: i64 = test
        .connect()
        .await
        .query_one(&sql, &[])
        .await
        .unwrap()
        .get(0);
    assert!((1..=2).contains(&sessions), "{sessions} sessions");
}
