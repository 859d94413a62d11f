//! The server's own database, asked through its socket: the usage log, and rows that no part of
//! the API makes yet.

use std::path::PathBuf;

use serde_json::Value;
use slipway_testkit::database::connect;

use super::server::{ACCOUNT, Server};

/// Runs one statement; answers the first column of its rows.
pub(crate) fn query(server: &Server, text: &str) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = connect(&params(server)).await;
        let rows = client.query(text, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    })
}

/// Rows of one kind, oldest first: `kind`, `metadata`, `ip`, and the names (as of now) of
/// `performer` and `namespace`.
pub(crate) fn logged(server: &Server, kind: &str) -> Vec<Value> {
    query(
        server,
        &format!(
            "SELECT jsonb_build_object('kind', l.kind, 'metadata', l.metadata, 'ip', l.ip,
                    'performer', p.name, 'namespace', n.name)
               FROM usage_log l
               LEFT JOIN namespace p ON p.id = l.performer_id
               LEFT JOIN namespace n ON n.id = l.namespace_id
              WHERE l.kind = '{kind}' ORDER BY l.at, l.id"
        ),
    )
}

/// Those rows in whose metadata `member` is `value`.
pub(crate) fn logged_of(server: &Server, kind: &str, member: &str, value: &str) -> Vec<Value> {
    let mut rows = logged(server, kind);
    rows.retain(|row| row["metadata"][member] == value);
    rows
}

/// Where the socket is, as the postmaster's own file says.
fn params(server: &Server) -> String {
    let clusters = std::fs::read_dir(server.dir.join("data/postgres")).unwrap();
    let files: Vec<PathBuf> = clusters
        .flatten()
        .map(|entry| entry.path().join("postmaster.pid"))
        .filter(|path| path.is_file())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (port, folder) = (lines[3].trim(), lines[4].trim());
    format!("host='{folder}' port={port} user=slipway dbname=slipway")
}

/// Makes a user without any rights whose password is the first account's.
pub(crate) fn add_stranger(server: &Server, name: &str) {
    let text = format!(
        "WITH made AS (INSERT INTO namespace (name, kind, email, tag_expiration_s)
         VALUES ('{name}', 'user', '{name}@example.com', 0) RETURNING id)
         INSERT INTO account (namespace_id, password_phc, verified)
         SELECT m.id, a.password_phc, true FROM made m, account a
           JOIN namespace n ON n.id = a.namespace_id WHERE n.name = '{ACCOUNT}'
         RETURNING to_jsonb(namespace_id)"
    );
    assert_eq!(query(server, &text).len(), 1);
}
