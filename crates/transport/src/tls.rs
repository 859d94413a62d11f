//! Certificates: reading them, and replacing them while the server runs.
//!
//! A [`CertificateStore`] answers every handshake with the certificate it holds at that moment. A
//! task looks at the two files at each interval and, when one has changed, reads both. A pair that
//! does not load (half written, key not yet replaced) is logged once and the old one stays; the
//! next change is tried again. Connections already open keep the certificate they began with.
//!
//! The task ends by itself once the server's last worker has dropped the store.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::{MissedTickBehavior, interval};

use crate::error::TransportError;
use crate::settings::{TlsSettings, TlsVersion};

/// Reads the certificate and makes the configuration of a server that answers with it.
///
/// # Errors
/// Any of the errors about certificates and keys in [`TransportError`].
pub(crate) fn load(
    settings: &TlsSettings,
    is_http2_offered: bool,
) -> Result<(Arc<ServerConfig>, Arc<CertificateStore>), TransportError> {
    let provider = Arc::new(ring::default_provider());
    let store = Arc::new(CertificateStore::load(
        settings.clone(),
        Arc::clone(&provider),
    )?);
    let versions: &[&SupportedProtocolVersion] = match settings.min_version {
        TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12],
        TlsVersion::Tls13 => &[&version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(TransportError::Tls)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&store) as Arc<dyn ResolvesServerCert>);
    config.ticketer = ring::Ticketer::new().map_err(TransportError::Tls)?;
    if is_http2_offered {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok((Arc::new(config), store))
}

/// What tells one state of a file from the next: a changed link target counts as a change.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    inode: u64,
    len: u64,
    modified_s: i64,
    modified_ns: i64,
}

/// Stamps of certificate and key; `None` for a file that is not there.
type Stamps = [Option<FileStamp>; 2];

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// The state of the files at the latest attempt, whether it succeeded or not.
    stamps: Stamps,
}

/// The certificate that handshakes are answered with.
#[derive(Debug)]
pub(crate) struct CertificateStore {
    settings: TlsSettings,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
}

impl CertificateStore {
    fn load(settings: TlsSettings, provider: Arc<CryptoProvider>) -> Result<Self, TransportError> {
        // Stamped first: a change during the reading is seen at the next look.
        let stamps = stamp_files(&settings);
        let key = Arc::new(read_pair(&settings, &provider)?);
        Ok(Self {
            settings,
            provider,
            current: RwLock::new(Current { key, stamps }),
        })
    }

    /// Reads the files again if one of them changed, and says so in the log.
    fn look_again(&self) {
        let path = self.settings.certificate.display();
        match self.reload_if_changed() {
            Ok(Reload::Unchanged) => {}
            Ok(Reload::Replaced) => tracing::info!(tls.certificate = %path, "certificate replaced"),
            Err(error) => tracing::warn!(
                tls.certificate = %path,
                error = &error as &dyn std::error::Error,
                "new certificate cannot be used, the old one stays"
            ),
        }
    }

    /// Reads the files again if one of them changed since the latest attempt.
    ///
    /// # Errors
    /// Why the new pair cannot be used; the old one stays.
    fn reload_if_changed(&self) -> Result<Reload, TransportError> {
        let stamps = stamp_files(&self.settings);
        if self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamps
            == stamps
        {
            return Ok(Reload::Unchanged);
        }
        let read = read_pair(&self.settings, &self.provider);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.stamps = stamps;
        current.key = Arc::new(read?);
        Ok(Reload::Replaced)
    }
}

impl ResolvesServerCert for CertificateStore {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

/// What a look at the files led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reload {
    Unchanged,
    Replaced,
}

/// Looks at the files every `period` for as long as the store is in use.
pub(crate) async fn keep_fresh(store: Weak<CertificateStore>, period: Duration) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(held) = store.upgrade() else {
            return;
        };
        drop(tokio::task::spawn_blocking(move || held.look_again()).await);
    }
}

fn stamp_files(settings: &TlsSettings) -> Stamps {
    [&settings.certificate, &settings.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some(FileStamp {
            inode: metadata.ino(),
            len: metadata.len(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
        })
    })
}

fn read_pair(
    settings: &TlsSettings,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TransportError> {
    let chain = read_chain(&settings.certificate)?;
    let key_error = |reason: String| TransportError::Key {
        path: settings.key.clone(),
        reason,
    };
    let key_pem = read_file(&settings.key)?;
    let key =
        PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| key_error(explain(&error)))?;
    let signing_key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| key_error(error.to_string()))?;
    let pair = CertifiedKey::new(chain, signing_key);
    match pair.keys_match() {
        // A kind of key that cannot tell its public half is taken at its word.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TransportError::KeyMismatch {
            certificate: settings.certificate.clone(),
            key: settings.key.clone(),
        }),
        Err(error) => Err(TransportError::Certificate {
            path: settings.certificate.clone(),
            reason: error.to_string(),
        }),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let certificate_error = |reason: String| TransportError::Certificate {
        path: path.to_path_buf(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read_file(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| certificate_error(explain(&error)))?;
    if chain.is_empty() {
        return Err(certificate_error("it holds no certificate".to_owned()));
    }
    Ok(chain)
}

fn read_file(path: &Path) -> Result<Vec<u8>, TransportError> {
    fs::read(path).map_err(|source: io::Error| TransportError::Read {
        path: path.to_path_buf(),
        source,
    })
}

fn explain(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "it holds no key".to_owned(),
        other => other.to_string(),
    }
}
