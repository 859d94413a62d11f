//! How commands reach the database.
//!
//! With the embedded one this works beside a running server, over the socket that server's database
//! listens on, and without one, by starting the database for the moment.

use std::path::Path;

use anyhow::Context as _;
use slipway_actors::{Database, DatabaseSettings};
use slipway_config::Config;
use slipway_postgres::{EmbeddedError, EmbeddedServer, EmbeddedSettings};

/// Opens the database, migrated, and what was started for it.
pub(super) async fn open(config: &Config) -> anyhow::Result<(Database, Option<EmbeddedServer>)> {
    let (url, started) = match &config.database.url {
        Some(url) => (url.reveal().clone(), None),
        None => reach_embedded(config).await?,
    };
    let db = Database::new(&DatabaseSettings {
        url,
        ca_certificate: config.database.ca_certificate.clone(),
        pool_size: 2,
        connect_timeout: config.database.connect_timeout,
        request_wait: config.database.request_wait,
        is_prepared: false,
    })?;
    db.migrate().await.context("the database")?;
    Ok((db, started))
}

/// Does `work` in the database; what was started for it is stopped again.
pub(super) fn with<T, E: Into<anyhow::Error>>(
    config: &Config,
    work: impl AsyncFnOnce(&Database) -> Result<T, E>,
) -> anyhow::Result<T> {
    actix_rt::System::new().block_on(async {
        let (db, started) = open(config).await?;
        let outcome = work(&db).await.map_err(Into::into);
        drop(db);
        if let Some(server) = started {
            server.stop().await?;
        }
        outcome
    })
}

/// The connection to the embedded database: a running server's, or one started for the moment.
async fn reach_embedded(config: &Config) -> anyhow::Result<(String, Option<EmbeddedServer>)> {
    let data_dir = std::path::absolute(&config.data.dir)?;
    let settings = EmbeddedSettings {
        bin_dir: config.database.bin_dir.clone(),
        run_as: config.database.run_as.clone(),
        socket_dir: config.database.socket_dir.clone(),
        ..EmbeddedSettings::new(data_dir.clone())
    };
    match EmbeddedServer::start(settings).await {
        Ok(server) => Ok((server.connection().to_params(), Some(server))),
        Err(EmbeddedError::Locked { .. }) => Ok((find_running(&data_dir)?, None)),
        Err(error) => Err(error.into()),
    }
}

/// Reads where a running cluster listens from its pid file: line 4 is the port, line 5 the folder.
fn find_running(data_dir: &Path) -> anyhow::Result<String> {
    for entry in std::fs::read_dir(data_dir.join("postgres"))? {
        let file = entry?.path().join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let mut lines = text.lines().skip(3);
        if let (Some(port), Some(folder)) = (lines.next(), lines.next()) {
            return Ok(format!(
                "host='{}' port={} user=slipway dbname=slipway",
                folder.trim(),
                port.trim()
            ));
        }
    }
    anyhow::bail!(
        "a server holds `{}`, but its database is not running",
        data_dir.display()
    )
}
