//! How often one client network may ask.
//!
//! A network is one IPv4 address or an IPv6 /64. Networks that have been quiet are forgotten, so
//! memory follows the clients of the last moments.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// After this many requests the quiet networks are forgotten.
const SWEEP_EVERY: u32 = 65_536;

/// The limit; allows everything when none is set.
pub struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    asked: AtomicU32,
}

impl RateLimit {
    /// Allows `per_second` requests a second and network; 0 allows all.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let limiter = NonZeroU32::new(per_second)
            .map(|per_second| RateLimiter::keyed(Quota::per_second(per_second)));
        Self {
            limiter,
            asked: AtomicU32::new(0),
        }
    }

    /// Networks that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.limiter.as_ref().map_or(0, RateLimiter::len)
    }

    /// Says whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says whether a request from `address` may run now.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let Some(limiter) = &self.limiter else {
            return true;
        };
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).is_ok()
    }
}

/// The network of an address: an IPv4 address stands for itself, IPv6 counts by /64.
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
        let rate = RateLimit::new(3);
        let ask = |text: &str| rate.allows(text.parse().unwrap());
        assert!((0..3).all(|_| ask("192.0.2.1")));
        assert!(!ask("192.0.2.1"));
        assert!(
            !ask("::ffff:192.0.2.1"),
            "the same address in its other form"
        );
        assert!(ask("192.0.2.2"));
        assert!((0..3).all(|host| ask(&format!("2001:db8::{host}"))));
        assert!(!ask("2001:db8::ffff"), "one /64 is one network");
        assert!(ask("2001:db8:0:1::1"));
    }

    #[test]
    fn no_limit_allows_all() {
        let rate = RateLimit::new(0);
        assert!((0..10_000).all(|_| rate.allows("192.0.2.1".parse().unwrap())));
    }
}
