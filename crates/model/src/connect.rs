//! How a connection is made: the URL, and TLS on rustls with a named authority.
//!
//! With a CA file the server's certificate and host name are checked and TLS is mandatory. Without
//! one the URL's `sslmode` decides; `prefer` and `disable` then mean no TLS, since an unchecked
//! certificate protects nothing, and `require` is refused with a hint.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::database::DatabaseSettings;
use crate::error::ModelError;

pub(crate) fn parse(settings: &DatabaseSettings) -> Result<tokio_postgres::Config, ModelError> {
    let mut config: tokio_postgres::Config = settings
        .url
        .parse()
        .map_err(|error| ModelError::Internal(format!("database.url cannot be read: {error}")))?;
    config.connect_timeout(settings.connect_timeout);
    config.application_name("slipway");
    config.keepalives_idle(std::time::Duration::from_secs(30));
    // A `hostaddr` alone names no host, and is not local.
    let is_local = config.get_hostaddrs().is_empty()
        && config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, tokio_postgres::config::Host::Unix(_)));
    match (&settings.ca_certificate, config.get_ssl_mode()) {
        (Some(_), _) if !is_local => {
            config.ssl_mode(SslMode::Require);
        }
        (None, SslMode::Require) => {
            return Err(ModelError::Internal(
                "sslmode=require needs database.ca_certificate, so that the server can be checked"
                    .to_owned(),
            ));
        }
        _ => {
            config.ssl_mode(SslMode::Disable);
        }
    }
    Ok(config)
}

/// Makes TLS connections that trust one file of authorities.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
}

impl Connector {
    pub(crate) fn new(ca_certificate: Option<&Path>) -> Result<Self, ModelError> {
        let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
            ModelError::Internal(format!("cannot read `{}`: {error}", path.display()))
        };
        let mut roots = RootCertStore::empty();
        if let Some(path) = ca_certificate {
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(path, &error))?;
                roots
                    .add(certificate)
                    .map_err(|error| unreadable(path, &error))?;
            }
            if roots.is_empty() {
                return Err(unreadable(path, &"it holds no certificate"));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ModelError::Internal(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Dial;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Dial, io::Error> {
        Ok(Dial {
            tls: self.tls.clone(),
            domain: domain.to_owned(),
        })
    }
}

/// One TLS handshake to make.
pub(crate) struct Dial {
    tls: TlsConnector,
    domain: String,
}

impl<S> TlsConnect<S> for Dial
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.domain).map_err(io::Error::other)?;
            Ok(Encrypted(self.tls.connect(name, stream).await?))
        })
    }
}

/// An encrypted connection.
pub(crate) struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
