//! Whose uid the server runs under: root steps down, a uid without a name gets one.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use slipway_postgres::{EmbeddedError, EmbeddedServer};

use crate::support::{
    Helper, cluster_of, data_folder, is_root, list_servers, query, quick_settings, start,
};

const NAMELESS: [&str; 4] = ["setpriv", "--reuid=12345", "--regid=0", "--clear-groups"];

fn uids_of(pid: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |key: &str| {
        status
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned()
    };
    format!("{} {}", line("Uid:"), line("Groups:"))
}

#[tokio::test]
async fn root_steps_down_to_another_user() {
    if !is_root() {
        println!("SKIPPED: only root can step down");
        return;
    }
    let folder = data_folder();
    let mut settings = quick_settings(folder.path());
    settings.run_as = Some("nobody".to_owned());

    let server = EmbeddedServer::start(settings).await.unwrap();
    let nobody = fs::metadata(cluster_of(folder.path())).unwrap().uid();
    assert_ne!(nobody, 0);
    let uids = uids_of(server.pid().unwrap());
    assert!(
        uids.starts_with(&format!("Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}")),
        "{uids}"
    );
    assert_eq!(uids.split("Groups:").nth(1).unwrap().trim(), "", "{uids}");
    query(
        &server,
        "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')",
    )
    .await;
    server.stop().await.unwrap();

    // Another user later: the cluster is handed over.
    let server = start(folder.path()).await;
    assert_ne!(fs::metadata(cluster_of(folder.path())).unwrap().uid(), 0);
    assert_eq!(query(&server, "SELECT word FROM kept").await, "here");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_that_is_not_there_is_refused() {
    let folder = data_folder();
    let mut settings = quick_settings(folder.path());
    settings.run_as = Some("no-such-user".to_owned());
    let error = EmbeddedServer::start(settings).await.err().unwrap();
    assert!(matches!(error, EmbeddedError::RunAs { .. }), "{error}");
    assert!(error.to_string().contains("no-such-user"), "{error}");
}

#[tokio::test]
async fn a_closed_parent_folder_is_named() {
    if !is_root() {
        println!("SKIPPED: only root has parents that its server cannot enter");
        return;
    }
    let folder = data_folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();

    let error = EmbeddedServer::start(quick_settings(&closed.join("data")))
        .await
        .err()
        .unwrap();

    let EmbeddedError::NotSearchable { folder: named, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(named, &closed.canonicalize().unwrap());
}

#[tokio::test]
async fn a_uid_without_a_name_runs_the_server() {
    if !is_root() {
        println!("SKIPPED: only root can become a uid without a passwd entry");
        return;
    }
    let folder = data_folder();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    std::os::unix::fs::chown(&data_dir, Some(12_345), Some(0)).unwrap();
    let program = folder.path().join("helper");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();

    let mut helper = Helper::spawn_program(&program, &data_dir, &NAMELESS);
    let answer = helper.answer();

    if !has_wrapper() {
        assert!(
            answer.starts_with("failed uid 12345 has no entry in /etc/passwd"),
            "{answer}"
        );
        assert!(answer.contains("libnss_wrapper.so"), "{answer}");
        println!("SKIPPED: libnss_wrapper.so is not installed (Debian: libnss-wrapper)");
        helper.finish();
        return;
    }
    let pid: u32 = answer
        .strip_prefix("ready ")
        .unwrap_or_else(|| panic!("{answer}"))
        .parse()
        .unwrap();
    assert!(
        uids_of(pid).starts_with("Uid:\t12345\t12345"),
        "{}",
        uids_of(pid)
    );
    assert!(
        !fs::read_to_string("/etc/passwd")
            .unwrap()
            .contains(":12345:")
    );
    helper.finish();
    assert!(list_servers(&cluster_of(&data_dir)).is_empty());
}

#[tokio::test]
async fn a_writable_passwd_file_names_the_uid_once() {
    // In a mount namespace of its own, so that the host's file stays as it is.
    let probe = std::process::Command::new("unshare")
        .args(["--mount", "true"])
        .status();
    if !is_root() || !probe.is_ok_and(|status| status.success()) {
        println!("SKIPPED: only root with `unshare --mount` can try another /etc/passwd");
        return;
    }
    let folder = data_folder();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    std::os::unix::fs::chown(&data_dir, Some(12_345), Some(0)).unwrap();
    let program = folder.path().join("helper");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let passwd = folder.path().join("passwd");
    fs::copy("/etc/passwd", &passwd).unwrap();
    fs::set_permissions(&passwd, fs::Permissions::from_mode(0o664)).unwrap();
    let script = format!(
        "mount --bind {} /etc/passwd && exec {} \"$@\"",
        passwd.display(),
        NAMELESS.join(" ")
    );
    let prefix = ["unshare", "--mount", "sh", "-c", &script, "sh"];

    for _ in 0..2 {
        let mut helper = Helper::spawn_program(&program, &data_dir, &prefix);
        let answer = helper.answer();
        assert!(answer.starts_with("ready "), "{answer}");
        helper.finish();
    }

    let text = fs::read_to_string(&passwd).unwrap();
    assert_eq!(text.matches(":12345:").count(), 1, "{text}");
    // The wrapper library was not needed.
    assert!(!data_dir.join("postgres/nss-passwd").exists());
}

fn has_wrapper() -> bool {
    let mut folders = vec!["/usr/lib64".into(), "/usr/lib".into()];
    folders.extend(
        fs::read_dir("/usr/lib")
            .unwrap()
            .flatten()
            .map(|entry| entry.path()),
    );
    folders
        .iter()
        .any(|folder: &std::path::PathBuf| Path::new(folder).join("libnss_wrapper.so").exists())
}
