//! What every handler is given: the actors, the configuration, and what is derived from both.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::HeaderName;
use slipway_actors::Actors;
use slipway_auth::claims::Naming;
use slipway_auth::flood::{RateLimit, network};
use slipway_auth::token_cache::TokenCache;
use slipway_config::Config;
use slipway_config::sections::RegistryState;
use slipway_oci::{ManifestLimits, ParseError, RepositoryName};

use crate::api::router::Router;
use crate::metrics::Metrics;
use crate::telemetry::SpanCounts;

/// The state of the application; one a process, shared by all workers.
pub struct AppState {
    /// The actors.
    pub actors: Actors,
    /// The configuration.
    pub config: Arc<Config>,
    /// Tokens whose signature was checked.
    pub tokens: TokenCache,
    /// This registry's name in challenges, and the audience of its tokens.
    pub server_name: String,
    /// How often one network may ask.
    pub rate: RateLimit<IpAddr>,
    /// Counters.
    pub metrics: Metrics,
    /// Finds operations of the API.
    pub router: Router,
    /// Limits of manifests.
    pub manifest_limits: ManifestLimits,
    /// What leads the path of every link; empty unless `server.url` has a path.
    pub path_prefix: String,
    /// What became of traces; `None` when they go nowhere.
    pub spans: Option<Arc<SpanCounts>>,
    /// Header that carries the id of a request; `None` when the configured name cannot be one.
    pub request_id_header: Option<HeaderName>,
    is_draining: AtomicBool,
}

impl AppState {
    /// Makes the state.
    #[must_use]
    pub fn new(
        actors: Actors,
        config: Arc<Config>,
        server_name: String,
        spans: Option<Arc<SpanCounts>>,
    ) -> Self {
        let entries = usize::try_from(config.auth.token_cache_entries).unwrap_or(usize::MAX);
        let max_bytes =
            usize::try_from(config.registry.max_manifest_bytes.bytes()).unwrap_or(usize::MAX);
        Self {
            actors,
            tokens: TokenCache::new(NonZeroUsize::new(entries).unwrap_or(NonZeroUsize::MIN)),
            server_name,
            rate: RateLimit::per_second(config.limits.requests_per_second_per_ip),
            metrics: Metrics::default(),
            router: Router::default(),
            manifest_limits: ManifestLimits {
                max_bytes,
                ..ManifestLimits::default()
            },
            path_prefix: path_prefix(config.server.url.as_deref()),
            spans,
            request_id_header: config.server.request_id_header.parse().ok(),
            config,
            is_draining: AtomicBool::new(false),
        }
    }

    /// A link as this registry's clients can follow it, from a path such as `/v2/`.
    #[must_use]
    pub fn link(&self, path: fmt::Arguments<'_>) -> String {
        format!("{}{path}", self.path_prefix)
    }

    /// How names in tokens are read.
    #[must_use]
    pub fn naming(&self) -> Naming<'_> {
        Naming {
            server_name: &self.server_name,
            library_namespace: &self.config.registry.library_namespace,
        }
    }

    /// Reads a repository's name as clients write it.
    ///
    /// # Errors
    /// [`ParseError`] for a malformed name.
    pub fn repository_name(&self, path: &str) -> Result<RepositoryName, ParseError> {
        let registry = &self.config.registry;
        if !registry.library_support && !path.contains('/') {
            return Err(ParseError::RepositoryName {
                value: path.chars().take(80).collect(),
                reason: "a namespace is needed",
            });
        }
        RepositoryName::parse(path, &registry.library_namespace)
    }

    /// Says whether a request from `address` may run now.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        self.rate.admit(&network(address)).is_ok()
    }

    /// Says whether the registry takes no writes at all.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.config.registry.state == RegistryState::ReadOnly
    }

    /// Notes that the process is about to end; health says so.
    pub fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Says whether the process is about to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

/// The path of a base URL without a slash at its end.
fn path_prefix(url: Option<&str>) -> String {
    let rest = url.and_then(|url| url.split_once("://"));
    let path = rest.and_then(|(_, rest)| rest.find('/').and_then(|start| rest.get(start..)));
    path.map_or_else(String::new, |path| path.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_path_of_the_url() {
        assert_eq!(path_prefix(None), "");
        assert_eq!(path_prefix(Some("https://host:1")), "");
        assert_eq!(path_prefix(Some("https://host/")), "");
        assert_eq!(path_prefix(Some("https://host/a/b/")), "/a/b");
    }
}
