//! The HTTP client behind the guard.
//!
//! Names are resolved here, so that the addresses that were judged are those that are connected to.
//! The client that speaks TLS is made when it is first needed, because a system without
//! authorities must not keep the registry from starting.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tokio::net::lookup_host;
use tokio::sync::OnceCell;

use crate::OutboundError;
use crate::guard::HostRules;

/// How long an answer may take, from the first look for the host to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks other servers, guarded and bounded.
#[derive(Debug)]
pub struct Outbound {
    rules: HostRules,
    plain: OnceCell<Client>,
    secure: OnceCell<Client>,
}

impl Outbound {
    /// A client that asks public hosts and those that `rules` allow.
    #[must_use]
    pub fn new(rules: HostRules) -> Self {
        Self {
            rules,
            plain: OnceCell::new(),
            secure: OnceCell::new(),
        }
    }

    /// Reads what a URL answers, `limit_bytes` at most, within 5 seconds.
    ///
    /// # Errors
    /// All of [`OutboundError`]; a redirect is an answer other than 200.
    pub async fn read(&self, url: &str, limit_bytes: usize) -> Result<Vec<u8>, OutboundError> {
        let url = self.rules.check(url)?;
        let is_secure = url.scheme() == "https";
        let client = if is_secure { &self.secure } else { &self.plain };
        let client = client
            .get_or_try_init(|| make_client(self.rules.clone(), is_secure))
            .await?;
        let mut answer = client.get(url).send().await.map_err(fault)?;
        if answer.status().as_u16() != 200 {
            return Err(OutboundError::Status(answer.status().as_u16()));
        }
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(fault)? {
            if read.len().saturating_add(chunk.len()) > limit_bytes {
                return Err(OutboundError::TooLarge { limit_bytes });
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read)
    }
}

async fn make_client(rules: HostRules, is_secure: bool) -> Result<Client, OutboundError> {
    let make = move || {
        // A second call finds the provider of the first, which is the same.
        let _known = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .dns_resolver(Resolver(rules));
        // Without TLS nobody asks whether the system has authorities.
        let builder = if is_secure {
            builder
        } else {
            builder.tls_certs_only([])
        };
        builder.build().map_err(fault)
    };
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|error| OutboundError::Unreachable(error.to_string()))?
}

/// Finds the refusal of the resolver below the client's own words, which repeat the URL.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn fault(error: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    let mut deepest = String::new();
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<OutboundError>() {
            return refusal.clone();
        }
        deepest = inner.to_string();
        cause = inner.source();
    }
    OutboundError::Unreachable(deepest)
}

/// Gives the client addresses that may be connected to.
struct Resolver(HostRules);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = lookup_host((host, 0)).await?.collect();
            let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            if !rules.admit(host, &addresses) {
                return Err(OutboundError::Refused(host.to_owned()).into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};

    use super::Outbound;
    use crate::{HostRules, OutboundError};

    /// A server on loopback that gives every connection the same answer.
    fn serve(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let read = stream.read(&mut [0; 4096]).unwrap_or_default();
                if read > 0 {
                    drop(stream.write_all(&answer));
                }
            }
        });
        address
    }

    fn with_body(body: &[u8]) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    fn outbound(rules: &[&str]) -> Outbound {
        let parsed = rules.iter().map(|text| text.parse().expect("a rule"));
        Outbound::new(HostRules::new(parsed.collect()))
    }

    #[tokio::test]
    async fn an_allowed_host_is_read_up_to_the_bound() {
        let address = serve(with_body(b"0123456789"));
        let url = format!("http://{address}/");
        let outbound = outbound(&["127.0.0.1"]);

        assert_eq!(outbound.read(&url, 10).await, Ok(b"0123456789".to_vec()));
        let refused = outbound.read(&url, 9).await;
        assert_eq!(refused, Err(OutboundError::TooLarge { limit_bytes: 9 }));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_where_it_is_connected() {
        let address = serve(with_body(b"inside"));
        let url = format!("https://localhost:{}/", address.port());
        let refused = outbound(&["127.0.0.2"]).read(&url, 100).await;
        assert_eq!(refused, Err(OutboundError::Refused("localhost".to_owned())));

        let url = format!("http://localhost:{}/", address.port());
        let allowed = outbound(&["localhost"]).read(&url, 100).await;
        assert_eq!(allowed, Ok(b"inside".to_vec()));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let inside = serve(with_body(b"inside"));
        let redirect = format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{inside}/\r\ncontent-length: 0\r\n\r\n"
        );
        let address = serve(redirect.into_bytes());
        let url = format!("http://{address}/");
        let refused = outbound(&["127.0.0.1"]).read(&url, 100).await;
        assert_eq!(refused, Err(OutboundError::Status(302)));
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_unreachable() {
        let refused = outbound(&[]).read("https://nobody.invalid/", 100).await;
        assert!(
            matches!(refused, Err(OutboundError::Unreachable(_))),
            "{refused:?}"
        );
    }
}
