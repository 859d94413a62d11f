//! Ranges of IP addresses in CIDR form.
//!
//! A bare address is a range of one. Bits below the prefix must be zero: `10.0.0.5/8` is refused
//! rather than widened to ten-dot-anything. IPv6 addresses that carry an IPv4 address count as
//! that IPv4 address, so that a dual-stack listener matches the networks one expects.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::value::{Setting, show};

/// A range of IP addresses that share their first `prefix` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    addr: IpAddr,
    prefix: u8,
}

/// Why a text is not an [`IpNetwork`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpNetworkError {
    /// Not an address with an optional prefix length.
    #[error("`{0}` is not a network such as `10.0.0.0/8` or `fd00::/8`")]
    Form(String),
    /// The address has bits set below the prefix.
    #[error("`{given}` has bits set below its prefix, the network would be `{network}`")]
    HostBits {
        /// The text as written.
        given: String,
        /// The network that contains it.
        network: IpNetwork,
    },
}

impl IpNetwork {
    /// The first address of the range.
    #[must_use]
    pub const fn addr(&self) -> IpAddr {
        self.addr
    }

    /// The number of leading bits that all addresses of the range share.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let candidate = address.to_canonical();
        candidate.is_ipv4() == self.addr.is_ipv4()
            && mask(candidate, self.prefix) == mask(self.addr, self.prefix)
    }
}

/// The bits of `address` above the prefix, as a number; families must not be mixed.
fn mask(address: IpAddr, prefix: u8) -> u128 {
    let (bits, width) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let dropped_bits = u32::from(u8::saturating_sub(width, prefix));
    bits.checked_shr(dropped_bits)
        .and_then(|kept| kept.checked_shl(dropped_bits))
        .unwrap_or(0)
}

fn address_of(bits: u128, family: IpAddr) -> IpAddr {
    match family {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(bits).unwrap_or(u32::MAX).into()),
        IpAddr::V6(_) => IpAddr::V6(bits.into()),
    }
}

impl FromStr for IpNetwork {
    type Err = IpNetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || IpNetworkError::Form(text.to_owned());
        let (address_text, prefix_text) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let addr: IpAddr = address_text.parse().map_err(|_| form())?;
        let width: u8 = if addr.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix_text {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u8>().map_err(|_| form())?
            }
            Some(_) => return Err(form()),
            None => width,
        };
        if prefix > width {
            return Err(form());
        }
        let network = Self {
            addr: address_of(mask(addr, prefix), addr),
            prefix,
        };
        if network.addr != addr {
            return Err(IpNetworkError::HostBits {
                given: text.to_owned(),
                network,
            });
        }
        Ok(network)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.addr, self.prefix)
    }
}

impl Setting for IpNetwork {
    fn type_name() -> String {
        "network".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value
            .as_str()
            .ok_or_else(|| format!("{} is not a network", show(value)))?;
        text.parse()
            .map_err(|error: IpNetworkError| error.to_string())
    }

    fn render(&self) -> Value {
        Value::String(self.to_string())
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"})
    }

    fn allowed() -> String {
        "an address or network, such as `10.0.0.0/8`".to_owned()
    }
}
