//! The schema and its migrations.

use slipway_model::{ALL_STATEMENTS, Database, ModelError};
use slipway_testkit::TestDatabase;

#[tokio::test]
async fn every_statement_prepares_with_its_declared_types() {
    let test = TestDatabase::new().await;
    let db = test.database();
    let mut refused = Vec::new();
    for statement in ALL_STATEMENTS {
        if let Err(error) = db.check(statement).await {
            refused.push(format!("{}: {error}", statement.name));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    assert!(ALL_STATEMENTS.len() >= 40);
}

#[tokio::test]
async fn every_file_of_sql_queries_is_a_statement() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql/queries");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path().with_extension("");
            let name = path.strip_prefix(&root).unwrap();
            files.push(name.to_str().unwrap().to_owned());
        }
    }
    let mut names: Vec<&str> = ALL_STATEMENTS.iter().map(|one| one.name).collect();
    names.sort_unstable();
    files.sort_unstable();
    assert_eq!(names, files);
}

#[tokio::test]
async fn a_second_run_does_nothing() {
    let test = TestDatabase::empty().await;
    let first = test.database().migrate().await.unwrap();
    assert!(first >= 5);
    assert_eq!(test.database().migrate().await.unwrap(), 0);
}

#[tokio::test]
async fn eight_processes_may_migrate_at_once() {
    let test = TestDatabase::empty().await;
    let runs = (0..8).map(|_| {
        let db = test.database();
        tokio::spawn(async move { db.migrate().await.unwrap() })
    });
    let mut ran = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        ran.push(run.await.unwrap());
    }
    let done: i64 = test
        .connect()
        .await
        .query_one("SELECT count(*) FROM migration", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(
        ran.iter().sum::<usize>(),
        usize::try_from(done).unwrap(),
        "each migration ran once: {ran:?}"
    );
}

async fn migrate_after(sql: &str) -> (Database, Result<usize, ModelError>) {
    let test = TestDatabase::new().await;
    test.connect().await.batch_execute(sql).await.unwrap();
    let db = test.database();
    let outcome = db.migrate().await;
    (db, outcome)
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let sql = "UPDATE migration SET checksum = repeat('0', 64) WHERE name = '0003_blobs'";
    let (_, outcome) = migrate_after(sql).await;
    let Err(ModelError::Internal(text)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(text.contains("0003_blobs"), "{text}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let sql = "INSERT INTO migration (name, checksum) VALUES ('9999_future', 'x')";
    let (_, outcome) = migrate_after(sql).await;
    let Err(ModelError::Internal(text)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(text.contains("9999_future"), "{text}");
}

#[tokio::test]
async fn a_migration_that_was_cut_short_is_repeated() {
    let test = TestDatabase::empty().await;
    let db = test.database();
    // What an end before the second migration leaves.
    let first = include_str!("../../../sql/migrations/0001_accounts.sql");
    let table = include_str!("../../../sql/migrations/table.sql");
    let checksum = slipway_oci::Digest::of(slipway_oci::Algorithm::Sha256, first.as_bytes()).hex();
    let client = test.connect().await;
    let sql = format!(
        "SET ROLE slipway; {table}; {first}; \
         INSERT INTO migration (name, checksum) VALUES ('0001_accounts', '{checksum}')"
    );
    client.batch_execute(&sql).await.unwrap();
    assert!(db.migrate().await.unwrap() >= 4);
    assert!(db.identify().await.unwrap() >= 140_000);
}
