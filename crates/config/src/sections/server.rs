//! The listener: addresses, public name, connection limits and time limits.
//!
//! Times here guard against clients that open connections and then say little; they are measured
//! from the last progress, not from the start of a request, except where a key says otherwise.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::key::section;
use crate::network::IpNetwork;

section! {
    /// Where and how the process listens.
    Server in "server" {
        /// Addresses to listen on, one or a list. Give `[::]:8080` to accept IPv6 and IPv4.
        listen: Vec<SocketAddr> = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))];
        /// Public base URL, such as `https://registry.example.com`.
        ///
        /// Links and the token realm are built from it; its host is the audience of tokens. A path,
        /// as in `https://example.com/registry`, is for a proxy that takes it off again: it then
        /// leads the realm, `Location` and `Link`. When unset, the
        /// realm follows the host a request names, and the audience is the first `server.listen`
        /// address; set it wherever more than one machine reaches the registry.
        url: Option<String> = None, quay ["SERVER_HOSTNAME", "PREFERRED_URL_SCHEME", "EXTERNAL_TLS_TERMINATION"], flags [public];
        /// Worker threads that serve requests; 0 starts one per core.
        workers: u16 = 0, range [0, 1024];
        /// Open connections over all workers; further ones wait in the backlog.
        max_connections: u32 = 25_000, range [1, 10_000_000];
        /// Connections the system holds that have not been accepted yet.
        backlog: u32 = 2048, range [1, 65_535];
        /// How long an idle connection stays open between two requests.
        keep_alive: Duration = Duration::from_secs(75);
        /// How long a client may take to send the head of a request.
        header_timeout: Duration = Duration::from_secs(10),
            range [Duration::from_millis(100), Duration::from_secs(3600)];
        /// How long a body may make no progress in either direction before the request is dropped.
        ///
        /// There is no limit on how long a transfer takes as a whole.
        body_stall_timeout: Duration = Duration::from_secs(60),
            range [Duration::from_millis(100), Duration::from_secs(86_400)];
        /// How long running requests may go on after a stop signal; then connections are cut.
        drain_timeout: Duration = Duration::from_secs(30),
            range [Duration::ZERO, Duration::from_secs(3600)];
        /// Networks of proxies whose `X-Forwarded-*` headers are believed; none by default.
        ///
        /// The address of the client is the rightmost forwarded address outside these networks.
        trusted_proxies: Vec<IpNetwork> = Vec::new(), quay ["TRUSTED_PROXY_CIDR"], flags [reload];
        /// Header that carries the id of a request; an incoming id is kept if a trusted proxy sent it.
        request_id_header: String = "X-Request-Id".to_owned();
    }
}
