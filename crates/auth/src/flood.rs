//! How often one client network, or one name, may ask.
//!
//! A network is one IPv4 address or an IPv6 /64. Keys that have been quiet are forgotten, so memory
//! follows the clients of the last moments.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// After this many requests the quiet keys are forgotten.
const SWEEP_EVERY: u32 = 65_536;

/// The limit of one kind of thing; allows everything when none is set.
pub struct RateLimit<K: Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// Allows `count` a second and key; 0 allows all.
    #[must_use]
    pub fn per_second(count: u32) -> Self {
        Self::new(NonZeroU32::new(count).map(Quota::per_second))
    }

    /// Allows `count` a minute and key, all of them at once if need be; 0 allows all.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self::new(NonZeroU32::new(count).map(Quota::per_minute))
    }

    fn new(quota: Option<Quota>) -> Self {
        Self {
            limiter: quota.map(RateLimiter::keyed),
            asked: AtomicU32::new(0),
        }
    }

    /// Keys that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.limiter.as_ref().map_or(0, RateLimiter::len)
    }

    /// Says whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets one more of `key` pass.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub fn admit(&self, key: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter
            .check_key(key)
            .map_err(|refused| refused.wait_time_from(limiter.clock().now()))
    }
}

/// The network of an address.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_stopped_and_others_are_not() {
        let rate = RateLimit::per_second(3);
        let ask = |text: &str| rate.admit(&network(text.parse().expect("an address")));
        assert!((0..3).all(|_| ask("192.0.2.1").is_ok()));
        let wait = ask("192.0.2.1").expect_err("the fourth waits");
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1));
        assert!(
            ask("::ffff:192.0.2.1").is_err(),
            "the same address in its other form"
        );
        assert!(ask("192.0.2.2").is_ok());
        assert!((0..3).all(|host| ask(&format!("2001:db8::{host}")).is_ok()));
        assert!(ask("2001:db8::ffff").is_err(), "one /64 is one network");
        assert!(ask("2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_trickles() {
        let rate = RateLimit::per_minute(10);
        let ask = |name: &str| rate.admit(&name.to_owned());
        assert!((0..10).all(|_| ask("a").is_ok()));
        let wait = ask("a").expect_err("the eleventh waits");
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(6));
        assert!(ask("b").is_ok());
    }

    #[test]
    fn no_limit_allows_all() {
        let rate = RateLimit::per_second(0);
        assert!((0..10_000).all(|_| rate.admit(&"192.0.2.1".to_owned()).is_ok()));
    }
}
