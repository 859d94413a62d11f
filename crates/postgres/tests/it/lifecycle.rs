//! Start, use, crash and stop.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::{Pid, Signal, getpgid};
use slipway_postgres::ServerState;

use crate::support::{
    cluster_of, data_folder, kill, list_postmasters, list_servers, query, query_as_superuser,
    quick_settings, server_log, start, wait_for_state, wait_until,
};

#[tokio::test]
async fn data_outlives_a_clean_stop_and_a_second_start() {
    let folder = data_folder();
    let data_dir = folder.path().join("data");

    let first = start(&data_dir).await;
    assert_eq!(*first.state().borrow(), ServerState::Ready);
    query(
        &first,
        "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')",
    )
    .await;
    let mut state = first.state();
    first.stop().await.unwrap();
    assert_eq!(*state.borrow_and_update(), ServerState::Stopped);
    assert!(list_servers(&cluster_of(&data_dir)).is_empty());

    let second = start(&data_dir).await;
    assert_eq!(query(&second, "SELECT word FROM kept").await, "here");
    second.stop().await.unwrap();

    let log = server_log(&data_dir);
    assert!(!log.contains("not properly shut down"), "{log}");
    assert!(!log.contains("automatic recovery"), "{log}");
}

#[tokio::test]
async fn the_database_is_private_and_as_configured() {
    let folder = data_folder();
    let mut settings = quick_settings(folder.path());
    settings.durable = true;
    settings.extra = vec![("work_mem".to_owned(), "3MB".to_owned())];
    let server = slipway_postgres::EmbeddedServer::start(settings)
        .await
        .unwrap();

    let socket_dir = server.connection().socket_dir;
    let mode = fs::metadata(&socket_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(query(&server, "SHOW listen_addresses").await, "");
    assert_eq!(query(&server, "SHOW fsync").await, "on");
    assert_eq!(query(&server, "SHOW full_page_writes").await, "on");
    assert_eq!(query(&server, "SHOW work_mem").await, "3MB");
    assert_eq!(query(&server, "SHOW shared_buffers").await, "16MB");
    assert_eq!(query(&server, "SHOW data_checksums").await, "on");
    let database = "SELECT datcollate || pg_encoding_to_char(encoding) \
                    FROM pg_database WHERE datname = 'slipway'";
    assert_eq!(query(&server, database).await, "CUTF8");
    let role = "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user";
    assert_eq!(query(&server, role).await, "false");
    // The owner of the database may add what the schema needs.
    query(&server, "CREATE TABLE public.mine (id bigint)").await;

    server.stop().await.unwrap();
}

#[tokio::test]
async fn neither_ctrl_c_nor_the_environment_reaches_the_server() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let pid = server.pid().unwrap();

    let process = Pid::from_raw(pid.try_into().unwrap());
    assert_eq!(getpgid(process).unwrap(), process.unwrap());
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!environment.contains("CARGO_MANIFEST_DIR"), "{environment}");

    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_missing_database_is_made_again() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    query_as_superuser(&server, "DROP DATABASE slipway").await;
    query_as_superuser(&server, "DROP ROLE slipway").await;
    server.stop().await.unwrap();

    let server = start(folder.path()).await;

    assert_eq!(
        query(&server, "SELECT current_database()::text").await,
        "slipway"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_serves_again() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let cluster = cluster_of(folder.path());
    query(
        &server,
        "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')",
    )
    .await;

    for _ in 0..2 {
        let killed = server.pid().unwrap();
        kill(killed, Signal::KILL);
        wait_for_state(&server, |state| {
            matches!(state, ServerState::Restarting { .. })
        })
        .await;
        wait_for_state(&server, |state| *state == ServerState::Ready).await;
        let pid = server.pid().unwrap();
        assert_ne!(pid, killed);
        // A child has the postmaster's title for a moment after it was forked.
        for _ in 0..100 {
            if list_postmasters(&cluster) == [pid] {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(list_postmasters(&cluster), [pid]);
        assert_eq!(query(&server, "SELECT word FROM kept").await, "here");
    }

    server.stop().await.unwrap();
    assert!(list_servers(&cluster).is_empty());
}

#[tokio::test]
async fn a_server_that_cannot_start_is_tried_until_it_can() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let conf = cluster_of(folder.path()).join("slipway.conf");
    let good = fs::read_to_string(&conf).unwrap();
    fs::write(&conf, "no_such_setting = on\n").unwrap();

    kill(server.pid().unwrap(), Signal::KILL);
    let again = |state: &ServerState| matches!(state, ServerState::Restarting { attempt: 3.. });
    wait_for_state(&server, again).await;
    assert_eq!(server.pid(), None);
    fs::write(&conf, good).unwrap();

    wait_for_state(&server, |state| *state == ServerState::Ready).await;
    assert_eq!(query(&server, "SELECT 1::text").await, "1");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_during_a_restart_leaves_nothing_running() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let cluster = cluster_of(folder.path());

    kill(server.pid().unwrap(), Signal::KILL);
    wait_for_state(&server, |state| {
        matches!(state, ServerState::Restarting { .. })
    })
    .await;
    server.stop().await.unwrap();

    assert!(list_servers(&cluster).is_empty());
    assert!(!cluster.join("postmaster.pid").exists());
}

#[tokio::test]
async fn a_dropped_server_stops_and_frees_the_folder() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let cluster = cluster_of(folder.path());
    let mut state = server.state();

    drop(server);

    state
        .wait_for(|state| *state == ServerState::Stopped)
        .await
        .unwrap();
    assert!(list_servers(&cluster).is_empty());
    wait_until(|| slipway_postgres::FolderLock::acquire(folder.path()).is_ok()).await;
}
