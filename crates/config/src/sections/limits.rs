//! Bounds of queues, caches and requests.
//!
//! Every queue and every cache of the process has its bound here. A full queue answers 429 or 503
//! with a time to retry; it never grows.

use crate::key::section;
use crate::size::ByteSize;

section! {
    /// Bounds of queues, caches and requests. A full queue refuses; nothing grows without end.
    Limits in "limits" {
        /// Unfinished uploads over all repositories.
        max_uploads: u32 = 10_000, range [1, 10_000_000];
        /// Unfinished uploads of one account, and of one client network; 0 sets no limit.
        max_uploads_per_owner: u32 = 5_000, range [0, 10_000_000];
        /// Messages waiting for one repository.
        repository_mailbox: u32 = 1024, range [1, 1_048_576];
        /// Messages waiting for one upload.
        upload_mailbox: u32 = 64, range [1, 1_048_576];
        /// Messages waiting for the index of blobs.
        blob_index_mailbox: u32 = 4096, range [1, 1_048_576];
        /// Audit rows and counters waiting to be written.
        ledger_queue: u32 = 65_536, range [1, 16_777_216];
        /// Repositories held in memory; the one idle longest makes room.
        repository_actors: u32 = 10_000, range [1, 10_000_000];
        /// Tags kept in memory for each of these repositories.
        tag_cache_entries: u32 = 10_000, range [1, 10_000_000];
        /// Memory for tags, manifests and small blobs over all repositories.
        manifest_cache_bytes: ByteSize = ByteSize::from_mib(64),
            range [ByteSize::from_bytes(0), ByteSize::from_gib(64)];
        /// Blob rows kept in memory for each of these repositories.
        blob_cache_entries: u32 = 50_000, range [1, 10_000_000];
        /// Requests per second that one client network may make; 0 sets no limit.
        ///
        /// A network is one IPv4 address or an IPv6 /64.
        requests_per_second_per_ip: u32 = 0, range [0, 1_000_000],
            flags [reload];
        /// Passwords a minute that are looked at for one client network; 0 sets no limit.
        ///
        /// One that was right within the last minute does not count. Beyond it: 429.
        signins_per_minute_per_ip: u32 = 300, range [0, 1_000_000];
        /// Passwords a minute that are looked at for one user name; 0 sets no limit.
        signins_per_minute_per_account: u32 = 60, range [0, 1_000_000];
        /// Mails waiting to be sent; beyond it what needs one is refused.
        mail_queue: u32 = 10_000, range [1, 10_000_000];
        /// Largest head of a request.
        max_header_bytes: ByteSize = ByteSize::from_kib(64),
            range [ByteSize::from_kib(1), ByteSize::from_kib(112)];
        /// Longest target of a request.
        max_uri_bytes: ByteSize = ByteSize::from_kib(16),
            range [ByteSize::from_kib(1), ByteSize::from_kib(256)];
        /// Longest description of a repository.
        max_description_bytes: ByteSize = ByteSize::from_kib(64),
            range [ByteSize::from_bytes(1), ByteSize::from_mib(1)];
        /// Largest body of an API request other than blobs and manifests.
        max_api_body_bytes: ByteSize = ByteSize::from_mib(1),
            range [ByteSize::from_kib(1), ByteSize::from_mib(64)];
    }
}
