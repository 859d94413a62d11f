//! What keeps a server from starting, and how it says so.

use std::fs;
use std::net::SocketAddr;

use slipway_transport::{TlsSettings, TransportError, TransportSettings, bind, serve};

use crate::support::{Content, app, default_settings, tls};

fn try_start(content: &Content, settings: TransportSettings) -> TransportError {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let path = content.path.clone();
    let factory = move || app::build(path.clone());
    let started = actix_rt::System::new()
        .block_on(async move { serve(vec![listener], settings, factory).map(|_| ()) });
    started.expect_err("the server must not start")
}

fn try_start_encrypted(content: &Content, change: impl FnOnce(&TlsSettings)) -> TransportError {
    let tls_settings = tls::settings_in(content.folder.path());
    tls::install(&tls::create_pair(), &tls_settings);
    change(&tls_settings);
    try_start(
        content,
        TransportSettings {
            tls: Some(tls_settings),
            ..default_settings()
        },
    )
}

#[test]
fn a_taken_port_is_named() {
    let holder = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = holder.local_addr().unwrap();

    let error = bind(address).unwrap_err();

    assert_eq!(
        error.to_string(),
        format!("address `{address}` is already in use")
    );
}

#[test]
fn an_address_of_another_machine_is_named() {
    let error = bind("192.0.2.1:1".parse().unwrap()).unwrap_err();

    assert!(matches!(error, TransportError::Bind { .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot listen on `192.0.2.1:1`");
}

#[test]
fn a_server_needs_workers_and_a_socket() {
    let content = Content::create();
    for workers in [0, 513] {
        let error = try_start(
            &content,
            TransportSettings {
                workers,
                ..default_settings()
            },
        );
        assert!(matches!(error, TransportError::Workers { workers: w } if w == workers));
    }
    let path = content.path.clone();
    let factory = move || app::build(path.clone());
    let started = actix_rt::System::new()
        .block_on(async move { serve(Vec::new(), default_settings(), factory).map(|_| ()) });
    assert!(matches!(started, Err(TransportError::NoListener)));
}

#[test]
fn a_missing_file_is_named() {
    let content = Content::create();
    let error = try_start_encrypted(&content, |tls| fs::remove_file(&tls.key).unwrap());

    let path = content.folder.path().join("key.pem");
    assert_eq!(
        error.to_string(),
        format!("cannot read `{}`", path.display())
    );
}

#[test]
fn files_without_their_content_are_refused() {
    let content = Content::create();
    for text in [
        "",
        "nothing",
        "-----BEGIN CERTIFICATE-----\nbm90\n-----END CERTIFICATE-----\n",
    ] {
        let error = try_start_encrypted(&content, |tls| {
            fs::write(&tls.certificate, text).unwrap();
        });
        assert!(
            matches!(error, TransportError::Certificate { .. }),
            "{text:?}: {error:?}"
        );
    }
    for text in [
        "",
        "-----BEGIN PRIVATE KEY-----\nbm90\n-----END PRIVATE KEY-----\n",
    ] {
        let error = try_start_encrypted(&content, |tls| fs::write(&tls.key, text).unwrap());
        assert!(
            matches!(error, TransportError::Key { .. }),
            "{text:?}: {error:?}"
        );
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let content = Content::create();

    let error = try_start_encrypted(&content, |tls| {
        fs::write(&tls.key, tls::create_pair().key).unwrap();
    });

    assert!(
        matches!(error, TransportError::KeyMismatch { .. }),
        "{error:?}"
    );
}
