//! Hosts that this registry may ask although its guard against forged requests would refuse them.
//!
//! A rule is an address, a network in CIDR form, or the name of a host. A name stands for that host
//! alone, not for what lies below it, and for whatever addresses it has; it has neither a port nor
//! a scheme.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::network::IpNetwork;
use crate::value::{Setting, show};

/// The longest name of a host, RFC 1035.
const MAX_NAME_BYTES: usize = 253;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostRule {
    /// All addresses of a network.
    Network(IpNetwork),
    /// A host by its name, in lower case without a dot at its end.
    Name(String),
}

impl HostRule {
    /// Whether the rule names the host; `name` may be spelled in any case.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        matches!(self, Self::Name(known) if known.eq_ignore_ascii_case(name))
    }

    /// Whether the rule is a network that holds the address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        matches!(self, Self::Network(network) if network.contains(address))
    }
}

impl FromStr for HostRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['/', ':']) || text.parse::<IpAddr>().is_ok() {
            let network: IpNetwork = text.parse().map_err(|error| format!("{error}"))?;
            return Ok(Self::Network(network));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_plain);
        // What ends in a number is read as an address in one of its odd spellings.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.starts_with(|letter: char| letter.is_ascii_digit());
        if name.len() > MAX_NAME_BYTES || is_number || !name.split('.').all(is_label) {
            return Err(format!("`{text}` is neither a host's name nor a network"));
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(formatter),
            Self::Name(name) => name.fmt(formatter),
        }
    }
}

impl Setting for HostRule {
    fn type_name() -> String {
        "host".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str();
        text.ok_or_else(|| format!("{} is not a host", show(value)))?
            .parse()
    }

    fn render(&self) -> Value {
        Value::String(self.to_string())
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Za-z._:-]+(/[0-9]{1,3})?$"})
    }

    fn allowed() -> String {
        "a host's name, an address or a network, such as `idp.example.com` or `10.0.0.0/8`"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::HostRule;

    #[test]
    fn names_and_networks_are_told_apart() {
        let name: HostRule = "IdP.Example.com.".parse().expect("a name");
        assert!(name.names("idp.example.COM") && name.names("idp.example.com."));
        assert!(!name.names("a.idp.example.com") && !name.names("example.com"));

        for text in ["10.0.0.0/8", "fd00::/8"] {
            let rule: HostRule = text.parse().expect("a network");
            assert_eq!(rule.to_string(), text);
        }
        let one: HostRule = "127.0.0.1".parse().expect("an address");
        assert!(one.contains("::ffff:127.0.0.1".parse().expect("mapped")));
        assert!(!one.contains("127.0.0.2".parse().expect("another")) && !one.names("127.0.0.1"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "10.0.0.5/8",
            "idp.example.com:443",
            "https://idp.test",
            "*.example.com",
            "a..b",
            "0x7f.1",
            "2130706433",
        ] {
            assert!(text.parse::<HostRule>().is_err(), "{text}");
        }
    }
}
