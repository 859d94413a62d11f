//! Which hosts may be asked.
//!
//! An address is public when it is none of those that IANA keeps for special purposes: private,
//! shared, loopback, link-local, multicast, documentation and so on, with the metadata services of
//! clouds among them. An address that carries an IPv4 address is judged by that one. A URL is judged
//! before it is asked, a name by the addresses that it has when it is connected to.
//!
//! IANA registries of special-purpose addresses for IPv4 and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use reqwest::Url;
use slipway_config::HostRule;

use crate::OutboundError;

/// First address and prefix of IPv4 networks that are not public.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's services for the machine itself, in a public range.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Prefix of addresses by which IPv6-only networks reach IPv4.
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
/// The part of IPv6 that is given out to the public.
const UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// What is not public in it: protocols, documentation, 6to4.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Says whether an address belongs to the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(network, prefix)| {
        let differing = address.to_bits() ^ network.to_bits();
        differing.leading_zeros() >= *prefix
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let lies_in = |(network, prefix): (Ipv6Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= prefix
    };
    if lies_in((NAT64, 96)) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    lies_in(UNICAST) && !SPECIAL_V6.into_iter().any(lies_in)
}

/// The hosts that are allowed although they are not public; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct HostRules(Arc<[HostRule]>);

impl HostRules {
    /// Takes the rules of the configuration.
    #[must_use]
    pub fn new(rules: Vec<HostRule>) -> Self {
        Self(rules.into())
    }

    fn names(&self, host: &str) -> bool {
        self.0.iter().any(|rule| rule.names(host))
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|rule| rule.contains(address))
    }

    /// Says whether a host of that name may be asked at these addresses, of which there is one at
    /// least. One address inside is enough for a refusal: a name that has both is no accident.
    #[must_use]
    pub fn admit(&self, host: &str, addresses: &[IpAddr]) -> bool {
        let is_allowed = |address: &IpAddr| is_public(*address) || self.contains(*address);
        !addresses.is_empty() && (self.names(host) || addresses.iter().all(is_allowed))
    }

    /// Reads a URL and judges what can be judged without asking for the addresses of a name.
    ///
    /// # Errors
    /// [`OutboundError::InvalidUrl`], [`OutboundError::Refused`] for an address, in whatever
    /// spelling, and [`OutboundError::Unencrypted`].
    pub fn check(&self, text: &str) -> Result<Url, OutboundError> {
        let invalid = || OutboundError::InvalidUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        let host = url.host_str().filter(|host| !host.is_empty());
        let (Some(host), false) = (host, has_login) else {
            return Err(invalid());
        };
        let literal = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let address: Option<IpAddr> = literal.unwrap_or(host).parse().ok();
        if address.is_some_and(|address| !self.admit(host, &[address])) {
            return Err(OutboundError::Refused(host.to_owned()));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.names(host) || address.is_some_and(|known| self.contains(known)) => {
                Ok(url)
            }
            "http" => Err(OutboundError::Unencrypted(text.to_owned())),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{HostRules, is_public};
    use crate::OutboundError;

    fn rules(texts: &[&str]) -> HostRules {
        let parsed = texts.iter().map(|text| text.parse().expect("a rule"));
        HostRules::new(parsed.collect())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(address(text)), "{text}");
        }
        for text in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "168.63.129.16",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "100::1",
        ] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn an_address_inside_is_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "017700000001",
            "127.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "１２７.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "0",
            "169.254.169.254",
            "[fd00:ec2::254]",
        ] {
            let url = format!("https://{host}/a");
            let refused = rules(&["idp.test"]).check(&url);
            assert!(
                matches!(refused, Err(OutboundError::Refused(_))),
                "{host}: {refused:?}"
            );
        }
    }

    #[test]
    fn other_schemes_and_logins_are_refused() {
        for url in [
            "file:///etc/passwd",
            "ftp://example.com/",
            "gopher://example.com/",
            "example.com",
            "https://",
            "https://user@example.com/",
            "https://a:b@example.com/",
            "data:,x",
        ] {
            let refused = rules(&[]).check(url);
            assert!(
                matches!(refused, Err(OutboundError::InvalidUrl(_))),
                "{url}: {refused:?}"
            );
        }
        assert!(rules(&[]).check("https://example.com/a?b").is_ok());
    }

    #[test]
    fn plain_http_needs_a_rule_for_the_host_itself() {
        let rules = rules(&["idp.test", "10.0.0.0/8"]);
        assert!(rules.check("http://IDP.test/").is_ok());
        assert!(rules.check("http://10.1.1.1:8080/").is_ok());
        assert!(matches!(
            rules.check("http://example.com/"),
            Err(OutboundError::Unencrypted(_))
        ));
        assert!(matches!(
            rules.check("http://1.1.1.1/"),
            Err(OutboundError::Unencrypted(_))
        ));
    }

    #[test]
    fn a_name_is_judged_by_all_its_addresses() {
        let (inside, outside) = (address("10.0.0.1"), address("1.1.1.1"));
        assert!(rules(&[]).admit("example.com", &[outside]));
        assert!(!rules(&[]).admit("example.com", &[outside, inside]));
        assert!(!rules(&["idp.test"]).admit("other.idp.test", &[inside]));
        assert!(rules(&["idp.test"]).admit("idp.test.", &[inside]));
        assert!(rules(&["10.0.0.0/8"]).admit("example.com", &[outside, inside]));
        assert!(!rules(&["idp.test"]).admit("idp.test", &[]));
    }
}
