//! A look into the embedded database of a running server, for what no door shows.

use std::process::Command;

use serde_json::Value;

use super::server::{ACCOUNT, Server};

impl Server {
    /// Runs a query over the socket of the embedded PostgreSQL; answers its first value as text.
    pub(crate) fn query(&self, sql: &str) -> String {
        let clusters = std::fs::read_dir(self.dir.join("data/postgres")).unwrap();
        let files = clusters.flatten().map(|entry| entry.path());
        let file = files.map(|dir| dir.join("postmaster.pid"));
        let text = file.filter_map(|file| std::fs::read_to_string(file).ok());
        let text = text.last().expect("a running database");
        let mut lines = text.lines().skip(3);
        let (port, folder) = (lines.next().unwrap(), lines.next().unwrap());
        let output = Command::new("psql")
            .args(["-h", folder.trim(), "-p", port.trim(), "-U", "slipway"])
            .args(["-d", "slipway", "-X", "-At", "-c", sql])
            .output()
            .expect("psql runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes a user without any rights whose password is the first account's.
    pub(crate) fn add_stranger(&self, name: &str) {
        self.query(&format!(
            "WITH made AS (INSERT INTO namespace (name, kind, email, tag_expiration_s) \
             VALUES ('{name}', 'user', '{name}@example.com', 0) RETURNING id) \
             INSERT INTO account (namespace_id, password_phc, verified) \
             SELECT m.id, a.password_phc, true FROM made m, account a \
               JOIN namespace n ON n.id = a.namespace_id WHERE n.name = '{ACCOUNT}'"
        ));
    }

    /// The metadata of the newest row of the usage log with this kind about this namespace.
    #[track_caller]
    pub(crate) fn logged(&self, kind: &str, namespace: &str) -> Value {
        let found = self.query(&format!(
            "SELECT l.metadata FROM usage_log l JOIN namespace n ON n.id = l.namespace_id \
              WHERE l.kind = '{kind}' AND n.name = '{namespace}' ORDER BY l.id DESC LIMIT 1"
        ));
        serde_json::from_str(&found).unwrap_or_else(|_| panic!("no row of kind {kind}"))
    }
}
