//! Keys of issuers outside, as they were last read.
//!
//! An issuer is asked for its configuration and for the keys that this names, at most every five
//! minutes, and once a minute at most for a key that it did not have before, whoever asks for it.
//! Requests that wait for the same issuer share one answer. Only issuers that somebody registered
//! are asked: that is the caller's to make sure.
//!
//! `OpenID` Connect Discovery 1.0 section 4.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use serde::Deserialize;
use slipway_auth::jwk::VerifyingKey;
use slipway_auth::jwt::KeySet;
use slipway_auth::outside_jwt::parse_key_set;
use slipway_outbound::{HostRules, Outbound};
use tokio::sync::Mutex as AsyncMutex;

/// Issuers whose keys are kept.
const MAX_ISSUERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
/// How long keys are used before they are read again.
const KEPT: Duration = Duration::from_secs(300);
/// How long a key stays unknown before its issuer is asked for it again.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(60);
/// How long an issuer is left alone that could not be read.
const FAULT_PAUSE: Duration = Duration::from_secs(10);
/// How long both answers together may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Why there is no key.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum IssuerFault {
    /// The issuer has no key of that name.
    #[error("The issuer has no key of that name")]
    UnknownKey,
    /// Its keys cannot be read; the details are in the log.
    #[error("The keys of the issuer cannot be read")]
    Unreadable,
}

/// The keys of all issuers that were asked lately.
pub(crate) struct Issuers {
    outbound: Outbound,
    known: Mutex<LruCache<String, Arc<AsyncMutex<Known>>>>,
}

/// What is known of one issuer.
#[derive(Default)]
struct Known {
    /// The keys, and when they were read.
    keys: Option<(KeySet, Instant)>,
    /// When it was last asked, with or without success.
    asked_at: Option<Instant>,
}

impl Known {
    fn fresh_keys(&self, now: Instant) -> Option<&KeySet> {
        let (keys, read_at) = self.keys.as_ref()?;
        (now.duration_since(*read_at) < KEPT).then_some(keys)
    }

    fn find(&self, kid: &str, now: Instant) -> Option<Arc<VerifyingKey>> {
        let found = self.fresh_keys(now)?.find(kid, 0)?;
        Some(Arc::clone(&found.key))
    }

    /// Says whether the issuer must not be asked yet, and why there is no key meanwhile.
    fn pause(&self, now: Instant) -> Result<(), IssuerFault> {
        let (pause, fault) = match self.fresh_keys(now) {
            Some(_) => (UNKNOWN_PAUSE, IssuerFault::UnknownKey),
            None => (FAULT_PAUSE, IssuerFault::Unreadable),
        };
        match self.asked_at {
            Some(asked_at) if now.duration_since(asked_at) < pause => Err(fault),
            _ => Ok(()),
        }
    }
}

/// What is read of an issuer's configuration.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuers {
    pub(super) fn new(rules: HostRules) -> Self {
        Self {
            outbound: Outbound::new(rules),
            known: Mutex::new(LruCache::new(MAX_ISSUERS)),
        }
    }

    /// How many issuers are remembered.
    pub(crate) fn len(&self) -> usize {
        let known = self.known.lock();
        known.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Finds a key of an issuer by its name, asking the issuer where that is needed and due.
    pub(super) async fn find_key(
        &self,
        issuer: &str,
        kid: &str,
    ) -> Result<Arc<VerifyingKey>, IssuerFault> {
        let known = self.entry(issuer);
        let mut known = known.lock().await;
        let now = Instant::now();
        if let Some(key) = known.find(kid, now) {
            return Ok(key);
        }
        known.pause(now)?;
        known.asked_at = Some(now);
        let read = tokio::time::timeout(PATIENCE, self.read_keys(issuer)).await;
        let read = read.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match read {
            Ok(keys) => known.keys = Some((keys, now)),
            Err(fault) => {
                tracing::warn!(issuer, fault, "the keys of an issuer cannot be read");
                return Err(IssuerFault::Unreadable);
            }
        }
        known.find(kid, now).ok_or(IssuerFault::UnknownKey)
    }

    fn entry(&self, issuer: &str) -> Arc<AsyncMutex<Known>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.get_or_insert_mut(issuer.to_owned(), Arc::default))
    }

    async fn read_keys(&self, issuer: &str) -> Result<KeySet, String> {
        let base = issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let text = self.read(&url).await?;
        let discovery: Discovery =
            serde_json::from_slice(&text).map_err(|_| format!("`{url}` is no configuration"))?;
        if discovery.issuer != issuer {
            return Err(format!("`{url}` is of another issuer"));
        }
        let text = self.read(&discovery.jwks_uri).await?;
        parse_key_set(&text).map_err(|error| format!("`{}`: {error}", discovery.jwks_uri))
    }

    async fn read(&self, url: &str) -> Result<Vec<u8>, String> {
        let read = self.outbound.read(url, MAX_ANSWER_BYTES).await;
        read.map_err(|error| format!("`{url}`: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use slipway_auth::jwk::SigningKey;
    use slipway_auth::jwt::KeySet;

    use super::{IssuerFault, Known};

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn keys_are_used_for_five_minutes_and_looked_for_once_a_minute() {
        let (key, _) = SigningKey::generate().expect("a key");
        let start = Instant::now();
        let mut keys = KeySet::default();
        keys.insert(key.verifying_key().clone(), None);
        let known = Known {
            keys: Some((keys, start)),
            asked_at: Some(start),
        };

        assert!(known.find(key.kid(), after(start, 299)).is_some());
        assert!(known.find(key.kid(), after(start, 300)).is_none());
        assert!(known.find("other", start).is_none());
        assert!(matches!(
            known.pause(after(start, 59)),
            Err(IssuerFault::UnknownKey)
        ));
        assert!(known.pause(after(start, 60)).is_ok());
    }

    #[test]
    fn an_issuer_that_failed_is_left_alone_for_a_while() {
        let start = Instant::now();
        let known = Known {
            keys: None,
            asked_at: Some(start),
        };
        assert!(Known::default().pause(start).is_ok());
        assert!(matches!(
            known.pause(after(start, 9)),
            Err(IssuerFault::Unreadable)
        ));
        assert!(known.pause(after(start, 10)).is_ok());
    }
}
