//! Whose uploads are open: how many an account and a client network have at once.
//!
//! A slot is taken when an upload starts here and given back when it ends or its actor retires. An
//! upload that is resumed from its saved row takes none, its owner is not known any more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_model::AccountId;

/// Who counts for an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Account(AccountId),
    Network(IpAddr),
}

/// Who starts an upload.
#[derive(Debug, Clone, Copy, Default)]
pub struct UploadOwner {
    /// The account; `None` for nobody logged in.
    pub account: Option<AccountId>,
    /// The client's network: an IPv4 address, or an IPv6 /64.
    pub network: Option<IpAddr>,
}

/// How many uploads are open, by owner.
#[derive(Debug)]
pub struct OpenUploads {
    counts: Mutex<HashMap<Owner, usize>>,
    /// The most that one owner may have; 0 sets no limit.
    most: usize,
}

/// A place for one upload; dropping it gives it back.
#[derive(Debug)]
pub struct UploadSlot {
    open: Arc<OpenUploads>,
    owners: Vec<Owner>,
}

impl OpenUploads {
    /// Lets each owner have `most` uploads at once; 0 sets no limit.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            counts: Mutex::default(),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; `None` when the account or the network has as many as it may.
    #[must_use]
    pub fn take(self: &Arc<Self>, owner: UploadOwner) -> Option<UploadSlot> {
        let account = owner.account.map(Owner::Account);
        let network = owner.network.map(Owner::Network);
        let owners: Vec<Owner> = account.into_iter().chain(network).collect();
        let mut counts = self.lock();
        let is_full = |owner: &Owner| counts.get(owner).is_some_and(|count| *count >= self.most);
        if self.most > 0 && owners.iter().any(is_full) {
            return None;
        }
        for owner in &owners {
            *counts.entry(*owner).or_default() += 1;
        }
        drop(counts);
        Some(UploadSlot {
            open: Arc::clone(self),
            owners,
        })
    }

    /// The most uploads that one account and one network have open, for gauges.
    #[must_use]
    pub fn largest(&self) -> (usize, usize) {
        let counts = self.lock();
        let most = |wanted: fn(&Owner) -> bool| {
            let counted = counts.iter().filter(|(owner, _)| wanted(owner));
            counted.map(|(_, count)| *count).max().unwrap_or_default()
        };
        (
            most(|owner| matches!(owner, Owner::Account(_))),
            most(|owner| matches!(owner, Owner::Network(_))),
        )
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut counts = self.open.lock();
        for owner in &self.owners {
            if let Some(count) = counts.get_mut(owner) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    counts.remove(owner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use slipway_model::AccountId;

    use super::{OpenUploads, UploadOwner};

    fn owner(account: i64, network: &str) -> UploadOwner {
        UploadOwner {
            account: Some(AccountId(account)),
            network: network.parse().ok(),
        }
    }

    #[test]
    fn an_account_and_a_network_each_have_their_bound() {
        let open = Arc::new(OpenUploads::new(2));
        let first = open.take(owner(1, "192.0.2.1")).expect("a place");
        let _second = open.take(owner(1, "192.0.2.2")).expect("a place");
        assert!(
            open.take(owner(1, "192.0.2.3")).is_none(),
            "the account is full"
        );
        let _third = open.take(owner(2, "192.0.2.1")).expect("a place");
        assert!(
            open.take(owner(3, "192.0.2.1")).is_none(),
            "the network is full"
        );
        assert_eq!(open.largest(), (2, 2));
        drop(first);
        assert!(open.take(owner(1, "192.0.2.3")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_is_gone() {
        let open = Arc::new(OpenUploads::new(0));
        let slots: Vec<_> = (0..100)
            .filter_map(|at| open.take(owner(at, "::1")))
            .collect();
        assert_eq!(slots.len(), 100);
        drop(slots);
        assert!(open.lock().is_empty());
    }
}
