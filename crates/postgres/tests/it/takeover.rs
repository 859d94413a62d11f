//! What an earlier run left behind is ended or cleared, and never doubled.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{
    Helper, cluster_of, data_folder, kill, list_postmasters, list_servers, query, server_log,
    start, wait_until,
};

#[tokio::test]
async fn the_server_of_a_killed_process_is_replaced_by_exactly_one() {
    let folder = data_folder();
    let mut helper = Helper::spawn(folder.path(), &[]);
    let answer = helper.answer();
    let orphan: u32 = answer
        .strip_prefix("ready ")
        .unwrap_or_else(|| panic!("{answer}"))
        .parse()
        .unwrap();
    helper.kill();
    let cluster = cluster_of(folder.path());
    assert_eq!(list_postmasters(&cluster), [orphan]);

    let server = start(folder.path()).await;

    let pid = server.pid().unwrap();
    assert_ne!(pid, orphan);
    assert_eq!(list_postmasters(&cluster), [pid]);
    server.stop().await.unwrap();
    assert!(list_servers(&cluster).is_empty());
    // The orphan was stopped in good order.
    assert!(!server_log(folder.path()).contains("automatic recovery"));
}

#[tokio::test]
async fn children_without_a_postmaster_are_ended_first() {
    let folder = data_folder();
    let mut helper = Helper::spawn(folder.path(), &[]);
    let answer = helper.answer();
    let orphan: u32 = answer
        .strip_prefix("ready ")
        .unwrap_or_else(|| panic!("{answer}"))
        .parse()
        .unwrap();
    let cluster = cluster_of(folder.path());
    let mut children = list_servers(&cluster);
    children.retain(|pid| *pid != orphan);
    // A stopped child does not see its postmaster's death.
    let stuck = children[0];
    kill(stuck, Signal::STOP);
    helper.kill();
    kill(orphan, Signal::KILL);
    wait_until(|| list_servers(&cluster) == [stuck]).await;

    let server = start(folder.path()).await;

    assert!(!list_servers(&cluster).contains(&stuck));
    assert_eq!(list_postmasters(&cluster), [server.pid().unwrap()]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_another_program_is_stale() {
    let folder = data_folder();
    start(folder.path()).await.stop().await.unwrap();
    let pid_file = cluster_of(folder.path()).join("postmaster.pid");
    // The pid of this test, which lives and is no server.
    fs::write(&pid_file, format!("{}\n/elsewhere\n", std::process::id())).unwrap();

    let server = start(folder.path()).await;

    assert_eq!(query(&server, "SELECT 1::text").await, "1");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_initdb_is_cleared_and_done_again() {
    let folder = data_folder();
    let root = folder.path().join("postgres");
    let helper = Helper::spawn(folder.path(), &[]);
    wait_until(|| {
        list_unfinished(&root)
            .iter()
            .any(|name| root.join(name).join("base").exists())
    })
    .await;
    helper.kill();
    assert_eq!(
        list_unfinished(&root).len(),
        1,
        "the helper was killed too late"
    );

    let server = start(folder.path()).await;

    assert_eq!(query(&server, "SELECT 1::text").await, "1");
    assert!(list_unfinished(&root).is_empty());
    server.stop().await.unwrap();
}

fn list_unfinished(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".init-")).collect()
}
