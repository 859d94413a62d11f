//! How many passwords are looked at for one network and one name.
//!
//! A password that was right lately costs nothing and is not counted, so a busy build farm is never
//! stopped; somebody who tries one password on many names, or many on one, is.

use std::net::IpAddr;
use std::time::Duration;

use slipway_auth::flood::{RateLimit, network};
use slipway_model::audit::Origin;

use super::{AccountError, UserSettings};

/// The limits of a process.
pub(crate) struct Floods {
    networks: RateLimit<IpAddr>,
    names: RateLimit<String>,
}

impl Floods {
    pub(crate) fn new(settings: &UserSettings) -> Self {
        Self {
            networks: RateLimit::per_minute(settings.signins_per_minute_per_network),
            names: RateLimit::per_minute(settings.signins_per_minute_per_account),
        }
    }

    /// How many networks and how many names are remembered.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.networks.len(), self.names.len())
    }

    /// Lets one more password of a network, for a name, be looked at.
    pub(crate) fn admit(&self, address: Option<IpAddr>, name: &str) -> Result<(), AccountError> {
        self.admit_network(address)?;
        let key: String = name
            .chars()
            .take(255)
            .flat_map(char::to_lowercase)
            .collect();
        self.names.admit(&key).map_err(refusal)
    }

    /// Lets a network ask once more for what costs as much as a password.
    pub(crate) fn admit_network(&self, address: Option<IpAddr>) -> Result<(), AccountError> {
        match address {
            Some(address) => self.networks.admit(&network(address)).map_err(refusal),
            None => Ok(()),
        }
    }
}

fn refusal(wait: Duration) -> AccountError {
    AccountError::Flooded {
        retry_after_s: wait.as_secs().saturating_add(1),
    }
}

/// The address a request comes from.
pub(crate) fn address_of(origin: &Origin) -> Option<IpAddr> {
    origin.ip.as_deref()?.parse().ok()
}
