//! Certificates for a test, and clients that trust them.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion, version,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use slipway_transport::{TlsSettings, TlsVersion, TransportSettings};

use super::{Content, TestServer, client::Client, default_settings};

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

pub(crate) fn create_pair() -> Pair {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Pair {
        certificate: pair.cert.pem(),
        key: pair.signing_key.serialize_pem(),
    }
}

/// Replaces both files, each in one step, as a certificate manager does.
pub(crate) fn install(pair: &Pair, settings: &TlsSettings) {
    for (path, text) in [
        (&settings.key, &pair.key),
        (&settings.certificate, &pair.certificate),
    ] {
        let new_path = path.with_extension("new");
        fs::write(&new_path, text).unwrap();
        fs::rename(new_path, path).unwrap();
    }
}

pub(crate) fn settings_in(folder: &Path) -> TlsSettings {
    TlsSettings {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        min_version: TlsVersion::Tls12,
        reload_interval: Duration::from_millis(20),
    }
}

/// Starts an encrypted server with a fresh certificate; `change` sees its settings first.
pub(crate) fn start(
    content: &Content,
    change: impl FnOnce(&mut TransportSettings, &mut TlsSettings),
) -> (TestServer, Pair, TlsSettings) {
    let pair = create_pair();
    let mut tls = settings_in(content.folder.path());
    install(&pair, &tls);
    let mut settings = default_settings();
    change(&mut settings, &mut tls);
    settings.tls = Some(tls.clone());
    (TestServer::start_with(content, settings), pair, tls)
}

pub(crate) fn client_config(
    pair: &Pair,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Arc::new(config)
}

/// Connects and finishes the handshake.
pub(crate) fn connect_with(
    server: &TestServer,
    config: Arc<ClientConfig>,
) -> std::io::Result<Client<TlsStream>> {
    let connection = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, server.connect_raw());
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(Client::new(stream))
}

pub(crate) fn connect(server: &TestServer, pair: &Pair) -> Client<TlsStream> {
    let config = client_config(pair, &[&version::TLS13, &version::TLS12], &[]);
    connect_with(server, config).unwrap()
}
