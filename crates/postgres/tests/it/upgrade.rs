//! A cluster of an older major is brought to a newer one, and the old one kept.
//!
//! Needs two majors: `SLIPWAY_TEST_PG_OLD_BIN` and `SLIPWAY_TEST_PG_NEW_BIN` name the folders of
//! their programs (`tools/tests/second_postgres.sh` fetches a second one). The older ones must
//! be where a host has them, or in `PATH`. For a test without `pg_upgrade` the newer
//! installation is copied without that program.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use slipway_postgres::{EmbeddedError, EmbeddedServer, EmbeddedSettings};
use tempfile::TempDir;

use crate::support::{Helper, cluster_of, data_folder, query, quick_settings, wait_until};

struct Majors {
    old_bin: PathBuf,
    new_bin: PathBuf,
}

/// The two sets of programs, or `None` with a word about it.
fn two_majors() -> Option<Majors> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let old_bin = folder("SLIPWAY_TEST_PG_OLD_BIN");
    let new_bin = folder("SLIPWAY_TEST_PG_NEW_BIN");
    if let (Some(old_bin), Some(new_bin)) = (old_bin, new_bin) {
        return Some(Majors { old_bin, new_bin });
    }
    println!("SKIPPED: SLIPWAY_TEST_PG_OLD_BIN and SLIPWAY_TEST_PG_NEW_BIN are not set");
    None
}

fn settings(data_dir: &Path, bin_dir: &Path) -> EmbeddedSettings {
    let mut settings = quick_settings(data_dir);
    settings.bin_dir = Some(bin_dir.to_owned());
    settings
}

/// A data folder whose cluster is of the older major and has a row in it.
async fn old_cluster(old_bin: &Path) -> TempDir {
    let folder = data_folder();
    let server = EmbeddedServer::start(settings(folder.path(), old_bin))
        .await
        .unwrap();
    let rows = "CREATE TABLE kept (word text PRIMARY KEY); INSERT INTO kept VALUES ('here')";
    query(&server, rows).await;
    server.stop().await.unwrap();
    folder
}

/// Starts with the newer programs and checks that all is as after an upgrade.
async fn check_upgraded(data_dir: &Path, majors: &Majors, new_bin: &Path) {
    let settings = settings(data_dir, new_bin);
    let kept_major = major_of(&majors.old_bin);

    let server = EmbeddedServer::start(settings.clone()).await.unwrap();

    assert_eq!(query(&server, "SELECT word FROM kept").await, "here");
    let owner = "SELECT tableowner::text FROM pg_tables WHERE tablename = 'kept'";
    assert_eq!(query(&server, owner).await, "slipway");
    let statistics = "SELECT count(*)::text FROM pg_stats WHERE tablename = 'kept'";
    assert_eq!(query(&server, statistics).await, "1");
    assert!(
        server.version().starts_with(&major_of(new_bin)),
        "{}",
        server.version()
    );
    server.stop().await.unwrap();
    let root = data_dir.join("postgres");
    assert_eq!(
        cluster_of(data_dir).file_name().unwrap().to_str().unwrap(),
        major_of(new_bin)
    );
    assert!(root.join(format!("{kept_major}.kept/PG_VERSION")).exists());
    assert!(!root.join("upgrade").exists());
    assert!(!root.join("upgrade.state").exists());

    let server = EmbeddedServer::start(settings).await.unwrap();
    assert_eq!(query(&server, "SELECT word FROM kept").await, "here");
    server.stop().await.unwrap();
}

fn major_of(bin_dir: &Path) -> String {
    let answer = std::process::Command::new(bin_dir.join("postgres"))
        .arg("--version")
        .output();
    let line = String::from_utf8(answer.unwrap().stdout).unwrap();
    line.split_whitespace()
        .nth(2)
        .unwrap()
        .split('.')
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn pg_upgrade_brings_the_rows_and_keeps_the_old_cluster() {
    let Some(majors) = two_majors() else { return };
    let folder = old_cluster(&majors.old_bin).await;
    check_upgraded(folder.path(), &majors, &majors.new_bin).await;
}

#[tokio::test]
async fn without_pg_upgrade_a_dump_brings_the_rows() {
    let Some(majors) = two_majors() else { return };
    let folder = old_cluster(&majors.old_bin).await;
    let copy = data_folder();
    let new_bin = copy_without(&majors.new_bin, "pg_upgrade", copy.path());
    check_upgraded(folder.path(), &majors, &new_bin).await;
}

#[tokio::test]
async fn an_upgrade_cut_short_is_done_again() {
    let Some(majors) = two_majors() else { return };
    let folder = old_cluster(&majors.old_bin).await;
    let work = folder.path().join("postgres/upgrade");
    let helper = Helper::spawn_with_bin(folder.path(), &majors.new_bin);
    wait_until(|| work.join("cluster/PG_VERSION").exists()).await;
    helper.kill();
    let state = fs::read_to_string(folder.path().join("postgres/upgrade.state")).unwrap();
    assert!(
        state.ends_with("building\n"),
        "the helper was killed too late: {state}"
    );

    check_upgraded(folder.path(), &majors, &majors.new_bin).await;
}

#[tokio::test]
async fn an_upgrade_cut_short_between_its_moves_is_finished() {
    let Some(majors) = two_majors() else { return };
    let folder = old_cluster(&majors.old_bin).await;
    let root = folder.path().join("postgres");
    let server = EmbeddedServer::start(settings(folder.path(), &majors.new_bin))
        .await
        .unwrap();
    server.stop().await.unwrap();
    // As it was after the old cluster's move and before the new one's.
    let (old, new) = (major_of(&majors.old_bin), major_of(&majors.new_bin));
    fs::create_dir(root.join("upgrade")).unwrap();
    fs::rename(root.join(&new), root.join("upgrade/cluster")).unwrap();
    fs::write(root.join("upgrade.state"), format!("{old} {new} built\n")).unwrap();

    check_upgraded(folder.path(), &majors, &majors.new_bin).await;
}

#[tokio::test]
async fn a_failed_upgrade_leaves_the_old_cluster_in_use() {
    let Some(majors) = two_majors() else { return };
    let folder = old_cluster(&majors.old_bin).await;
    let copy = data_folder();
    let new_bin = copy_without(&majors.new_bin, "pg_upgrade", copy.path());
    let broken = new_bin.join("pg_upgrade");
    fs::write(&broken, "#!/bin/sh\necho no luck today\nexit 1\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();

    let failed = EmbeddedServer::start(settings(folder.path(), &new_bin))
        .await
        .err()
        .unwrap();

    assert!(
        matches!(failed, EmbeddedError::UpgradeFailed { .. }),
        "{failed}"
    );
    assert!(failed.to_string().contains("no luck today"), "{failed}");
    let old_settings = settings(folder.path(), &majors.old_bin);
    let server = EmbeddedServer::start(old_settings).await.unwrap();
    assert_eq!(query(&server, "SELECT word FROM kept").await, "here");
    server.stop().await.unwrap();
}

/// Copies the folder `bin_dir`, but for one program, into a place that looks the same from there.
///
/// Programs find their share folder and libraries relative to themselves, up to three levels up.
fn copy_without(bin_dir: &Path, program: &str, place: &Path) -> PathBuf {
    let installation = bin_dir.parent().unwrap();
    let package = installation.parent().unwrap();
    let site = package.parent().unwrap();
    let bin = place.join("package/installation/bin");
    fs::create_dir_all(&bin).unwrap();
    let copies = [
        place.join("package/installation"),
        place.join("package"),
        place.to_owned(),
    ];
    for (original, copy) in [installation, package, site].into_iter().zip(copies) {
        for entry in fs::read_dir(original).unwrap().flatten() {
            let link = copy.join(entry.file_name());
            if !link.exists() {
                symlink(entry.path(), link).unwrap();
            }
        }
    }
    for entry in fs::read_dir(bin_dir).unwrap().flatten() {
        if entry.file_name() != program {
            fs::copy(entry.path(), bin.join(entry.file_name())).unwrap();
        }
    }
    bin
}
