//! Bringing the schema up to date.
//!
//! Migrations are the files of `sql/migrations` in order of their numbers; they never change once
//! landed. Each runs in a transaction of its own that first takes an advisory lock for the
//! transaction's life, so any number of processes may start at once, also behind a pooler, and an
//! interrupted start is simply repeated. The text's digest is kept: a database that was migrated
//! by another text, or by a newer program, is refused rather than guessed at.

use deadpool_postgres::Object;

use crate::error::ModelError;

/// `slipway` in ASCII, shortened to the key of the advisory lock.
const LOCK_KEY: i64 = 0x0073_6c69_7077_6179;

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"), "/../../sql/migrations/", $name, ".sql"
        )))),*]
    };
}

const MIGRATIONS: &[(&str, &str)] = &migrations![
    "0001_accounts",
    "0002_repositories",
    "0003_blobs",
    "0004_commit_blobs",
    "0005_manifests",
    "0006_unlink_blob",
    "0007_durability",
    "0008_identities",
    "0009_users",
    "0010_organizations",
    "0012_usage_log_reading",
    "0013_repository_views",
    "0014_labels",
];

const CREATE_TABLE: &str = include_str!("../../../sql/migrations/table.sql");
const TAKE_LOCK: &str = include_str!("../../../sql/migrations/lock.sql");
const LIST_DONE: &str = include_str!("../../../sql/migrations/list_done.sql");
const RECORD: &str = include_str!("../../../sql/migrations/record.sql");

/// Runs what is missing; answers how many ran.
pub(crate) async fn run(client: &mut Object) -> Result<usize, ModelError> {
    let transaction = client.transaction().await?;
    transaction
        .query_typed(TAKE_LOCK, &[(&LOCK_KEY, postgres_types::Type::INT8)])
        .await?;
    transaction.batch_execute(CREATE_TABLE).await?;
    transaction.commit().await?;
    let mut ran = 0;
    for (number, (name, text)) in MIGRATIONS.iter().enumerate() {
        if run_one(client, number, name, text).await? {
            tracing::info!(migration.name = name, "migrated");
            ran += 1;
        }
    }
    Ok(ran)
}

async fn run_one(
    client: &mut Object,
    number: usize,
    name: &str,
    text: &str,
) -> Result<bool, ModelError> {
    let checksum = slipway_oci::Digest::of(slipway_oci::Algorithm::Sha256, text.as_bytes()).hex();
    let transaction = client.transaction().await?;
    transaction
        .query_typed(TAKE_LOCK, &[(&LOCK_KEY, postgres_types::Type::INT8)])
        .await?;
    let done = transaction.query_typed(LIST_DONE, &[]).await?;
    if let Some(stranger) = done.get(MIGRATIONS.len()) {
        let stranger: String = stranger.try_get(0)?;
        return Err(ModelError::Internal(format!(
            "the database holds migration `{stranger}` of a newer program"
        )));
    }
    if let Some(row) = done.get(number) {
        let (done_name, done_checksum): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if done_name != name || done_checksum != checksum {
            return Err(ModelError::Internal(format!(
                "migration `{name}` differs from `{done_name}` that the database was made with"
            )));
        }
        return Ok(false);
    }
    transaction.batch_execute(text).await?;
    let text_type = postgres_types::Type::TEXT;
    transaction
        .query_typed(
            RECORD,
            &[(&name, text_type.clone()), (&checksum, text_type)],
        )
        .await?;
    transaction.commit().await?;
    Ok(true)
}
