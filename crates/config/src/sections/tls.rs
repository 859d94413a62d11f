//! Encryption of the listener.
//!
//! Certificate and key come as a pair of PEM files; with neither, the listener speaks plain HTTP.
//! Both files are looked at again every `reload_interval`, so that a renewed certificate needs no
//! restart.

use std::path::PathBuf;
use std::time::Duration;

use crate::choice::choice;
use crate::key::section;

choice! {
    /// A version of TLS.
    TlsVersion {
        /// TLS 1.2 (RFC 5246).
        Tls12 = "1.2",
        /// TLS 1.3 (RFC 8446).
        Tls13 = "1.3",
    }
}

section! {
    /// Encryption of the listener. Without certificate and key the listener speaks plain HTTP.
    Tls in "tls" {
        /// PEM file with the certificate chain, the server's own certificate first.
        certificate: Option<PathBuf> = None;
        /// PEM file with the private key of the certificate.
        key: Option<PathBuf> = None;
        /// Whether HTTP/2 is offered to clients.
        http2: bool = true;
        /// How often the two files are checked for a newer certificate; `0s` turns it off.
        reload_interval: Duration = Duration::from_secs(60);
        /// Oldest version of TLS that is accepted.
        min_version: TlsVersion = TlsVersion::Tls12, quay ["SSL_PROTOCOLS"];
    }
}
