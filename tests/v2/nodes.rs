//! Two nodes on one database and one folder of blobs, as two processes of this machine.

use std::time::Duration;

use slipway_testkit::TestDatabase;
use tempfile::TempDir;

use super::parallel::push_from_64_clients;
use crate::support::{Server, Wire, noise, sha256, wait_for};

/// The database and the folder go last.
struct Nodes {
    one: Server,
    two: Server,
    blobs: TempDir,
    _database: TestDatabase,
}

impl Nodes {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let database = runtime.block_on(TestDatabase::empty());
        let socket = database.server().socket_dir().to_str().unwrap();
        let url = format!(
            "postgresql://slipway@{}:{}/{}",
            socket.replace('/', "%2F"),
            database.server().port(),
            database.name()
        );
        let blobs = tempfile::tempdir().unwrap();
        let key_file = blobs.path().with_extension("key");
        let keys = [
            ("accounts.secret_key_file", key_file.to_str().unwrap()),
            ("database.url", url.as_str()),
            ("storage.path", blobs.path().to_str().unwrap()),
            ("storage.shared_mount", "true"),
        ];
        Self {
            one: Server::start(&keys),
            two: Server::start_empty(&keys),
            blobs,
            _database: database,
        }
    }
}

#[test]
fn t17_64_clients_push_the_same_layer_and_tag_to_two_nodes() {
    let nodes = Nodes::start();
    let ways = [nodes.one.repo("t17"), nodes.two.repo("t17")];
    push_from_64_clients(&ways, nodes.blobs.path());
}

/// The half of T23 that takes two nodes.
#[test]
fn t23_another_node_goes_on_with_the_upload_of_a_killed_one() {
    let nodes = Nodes::start();
    let bytes = noise(230, 6_000_000);
    let first = nodes.one.repo("t23");
    let upload = first.start_upload();
    first
        .patch(&upload, Some("0-2999999"), &bytes[..3_000_000])
        .expect(202);
    // An upload is saved once it pauses for a second.
    std::thread::sleep(Duration::from_secs(3));
    let mut wire = Wire::open(nodes.one.address);
    let chunk = first.request("PATCH", &upload);
    wire.send(chunk.header("Content-Length", "3000000").head().as_bytes());
    wire.send(&bytes[3_000_000..5_000_000]);
    nodes.one.signal("KILL");

    let second = nodes.two.repo("t23");
    let status = wait_for("the other node takes over", Duration::from_secs(45), || {
        let status = second.get(&upload);
        (status.status == 204).then_some(status)
    });
    let range = status.header("range").unwrap();
    let last: usize = range.strip_prefix("0-").unwrap().parse().unwrap();
    assert!((2_999_999..5_000_000).contains(&last), "{last}");
    second.patch(&upload, None, &bytes[last + 1..]).expect(202);
    let digest = sha256(&bytes);
    second.close_upload(&upload, &digest).expect(201);
    assert!(second.get(&format!("blobs/{digest}")).body == bytes);
}
