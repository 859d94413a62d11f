//! Servers, an HTTP client that sends exactly what it is told, and the common flows of a push.

mod browser;
mod certificate;
mod database;
mod http;
mod image;
mod issuer;
mod proxy;
mod psql;
pub(crate) mod sample;
mod server;
mod smtp;

pub(crate) use self::browser::Browser;
pub(crate) use self::certificate::Certificate;
pub(crate) use self::database::{add_stranger, logged, logged_of, query};
pub(crate) use self::http::{Answer, Request, Wire, first_line};
pub(crate) use self::image::{OCI_INDEX, OCI_MANIFEST, Repo, sha256};
pub(crate) use self::issuer::Issuer;
pub(crate) use self::proxy::{Habits, Proxy};
pub(crate) use self::server::{ACCOUNT, PASSWORD, Server, basic, shared, signal, slipway};
pub(crate) use self::smtp::{Letter, MailCatcher};

use std::time::{Duration, Instant};

/// Asks again every 50 ms until the answer is `Some`, for at most `limit`.
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Bytes that compress badly and differ for each seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
