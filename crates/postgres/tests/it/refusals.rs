//! What cannot work is refused with the reason and the way out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use slipway_postgres::{EmbeddedError, EmbeddedServer};

use crate::support::{
    Helper, cluster_of, data_folder, is_root, list_servers, query, quick_settings, start,
};

async fn refusal(settings: slipway_postgres::EmbeddedSettings) -> EmbeddedError {
    match EmbeddedServer::start(settings).await {
        Ok(_) => panic!("the server started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_second_server_on_one_folder_is_refused_with_the_holders_pid() {
    let folder = data_folder();
    let mut helper = Helper::spawn(folder.path(), &[]);
    assert!(helper.answer().starts_with("ready "));

    let error = refusal(quick_settings(folder.path())).await;

    let EmbeddedError::Locked { pid, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*pid, Some(helper.pid()));
    assert!(
        error.to_string().contains(&helper.pid().to_string()),
        "{error}"
    );
    helper.finish();
    assert!(list_servers(&cluster_of(folder.path())).is_empty());
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = data_folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();

    let error = refusal(quick_settings(&file.join("data"))).await;

    assert!(matches!(error, EmbeddedError::DataFolder { .. }), "{error}");
    assert!(error.to_string().contains("/file/data"), "{error}");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_named() {
    let folder = data_folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not hold root back, so root tries as another user.
    let prefix: &[&str] = if is_root() {
        &[
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]
    } else {
        &[]
    };
    let program = folder.path().join("helper");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();

    let mut helper = Helper::spawn_program(&program, &closed, prefix);

    let answer = helper.answer();
    assert!(answer.starts_with("failed data folder: "), "{answer}");
    assert!(answer.contains("Permission denied"), "{answer}");
    helper.finish();
}

#[tokio::test]
async fn a_folder_without_programs_is_refused_even_if_others_have_them() {
    let folder = data_folder();
    let bin_dir = folder.path().join("bin");
    fs::create_dir(&bin_dir).unwrap();
    // A wrapper that knows no server, as client packages install.
    let wrapper = bin_dir.join("postgres");
    fs::write(&wrapper, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = quick_settings(&folder.path().join("data"));
    settings.bin_dir = Some(bin_dir.clone());

    let error = refusal(settings).await;

    let text = error.to_string();
    assert!(
        matches!(error, EmbeddedError::ProgramsMissing { .. }),
        "{text}"
    );
    assert!(text.contains(bin_dir.to_str().unwrap()), "{text}");
    assert!(text.contains("apt-get install"), "{text}");
}

#[tokio::test]
async fn too_old_programs_are_refused() {
    let folder = data_folder();
    let bin_dir = folder.path().join("bin");
    fs::create_dir(&bin_dir).unwrap();
    for name in ["postgres", "initdb", "pg_ctl"] {
        let program = bin_dir.join(name);
        fs::write(
            &program,
            format!("#!/bin/sh\necho '{name} (PostgreSQL) 12.22'\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut settings = quick_settings(&folder.path().join("data"));
    settings.bin_dir = Some(bin_dir);

    let error = refusal(settings).await;

    assert!(
        matches!(error, EmbeddedError::TooOld { minimum: 13, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_cluster_of_an_unknown_major_is_refused_and_left_alone() {
    let folder = data_folder();
    let cluster = folder.path().join("postgres/99");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "99\n").unwrap();

    let error = refusal(quick_settings(folder.path())).await;

    assert!(
        matches!(
            error,
            EmbeddedError::MajorMissing {
                cluster_major: 99,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read_dir(&cluster).unwrap().count(), 1);
}

#[tokio::test]
async fn a_start_that_fails_shows_the_servers_own_words() {
    let folder = data_folder();
    let mut settings = quick_settings(folder.path());
    settings.extra = vec![("no_such_setting".to_owned(), "1".to_owned())];

    let error = refusal(settings).await;

    let text = error.to_string();
    assert!(matches!(error, EmbeddedError::StartFailed { .. }), "{text}");
    assert!(text.contains("no_such_setting"), "{text}");
    // Once the setting is gone, the cluster made in that attempt serves.
    start(folder.path()).await.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_folder() {
    let folder = data_folder();
    let data_dir = folder.path().join("d".repeat(100));

    let server = start(&data_dir).await;
    let socket_dir = server.connection().socket_dir;
    assert!(
        !socket_dir.starts_with(&data_dir),
        "{}",
        socket_dir.display()
    );
    let mode = fs::metadata(&socket_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(query(&server, "SELECT 1::text").await, "1");
    let noted = fs::read_to_string(data_dir.join("postgres/socket")).unwrap();
    assert_eq!(Path::new(noted.trim()), socket_dir);

    server.stop().await.unwrap();
    assert!(!socket_dir.exists());
}
