//! Everything that can keep a server from starting.
//!
//! Failures of single connections are not here: they end that connection and are logged at debug
//! where they happen. A certificate that fails to load while the server runs is logged as a
//! warning by [`crate::tls`] and carries one of these errors as its text.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Another process listens on the address.
    #[error("address `{address}` is already in use")]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address could not be bound for another reason, such as missing rights.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The answer of the system.
        source: io::Error,
    },
    /// A listening socket refused to be set up.
    #[error("cannot use the listening socket")]
    Listener(#[source] io::Error),
    /// [`crate::serve`] was called without a socket.
    #[error("a server needs at least one listening socket")]
    NoListener,
    /// The number of workers is out of range.
    #[error("a server takes 1 to 512 workers, not {workers}")]
    Workers {
        /// The number asked for.
        workers: usize,
    },
    /// A certificate or key file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The answer of the system.
        source: io::Error,
    },
    /// The certificate file holds no usable certificate chain.
    #[error("`{}` is not a certificate chain in PEM form: {reason}", path.display())]
    Certificate {
        /// The certificate file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key file holds no usable private key.
    #[error("`{}` is not a private key in PEM form: {reason}", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Both files are fine, but the key is not that of the certificate.
    #[error("the key in `{}` does not belong to the certificate in `{}`", key.display(), certificate.display())]
    KeyMismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// The TLS library refused the settings.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
}
