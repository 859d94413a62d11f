//! Why keys of Quay's configuration are not carried over, in words for whoever imports one.

pub(super) const BILLING: &str = "there is no billing here";
pub(super) const SPAM: &str = "there is no spam detection here";
pub(super) const SIGNING: &str =
    "trust signing with TUF is gone from clients, sign with OCI artifacts instead";
pub(super) const DOCKER_V1: &str = "Docker's protocol version 1 is not served";
pub(super) const APP_REGISTRY: &str = "the application registry was removed from Quay as well";
pub(super) const SCANNER_V2: &str =
    "the scanner interface of version 2 was removed from Quay as well";
pub(super) const REDIS: &str = "there is no Redis here, nothing to connect to";
pub(super) const CACHES: &str = "caches are in the process, their sizes are in `[limits]`";
pub(super) const ALWAYS_ON: &str = "this is always on";
pub(super) const ARTIFACT_TYPES: &str = "all types of OCI artifacts are accepted";
pub(super) const MIGRATION: &str = "it concerns a migration inside Quay's database";
pub(super) const FRAMEWORK: &str = "it concerns Quay's web framework";
pub(super) const QUEUES: &str = "work behind the requests needs no queues of this kind";
pub(super) const REPORTING: &str = "nothing is reported to services of third parties";
pub(super) const PUSHGATEWAY: &str = "metrics are read at `/metrics`, nothing is pushed";
pub(super) const METRIC_NAMES: &str = "metrics have fixed names";
pub(super) const SERVICE_KEYS: &str = "signing keys are made and kept by the registry itself";
pub(super) const SEALING: &str = "the key that seals stored credentials is made below `data.dir`, Quay's key is of use only to read Quay's database";
pub(super) const CIPHERS: &str =
    "TLS ciphers are chosen by the TLS library, only safe ones are offered";
pub(super) const RATE: &str =
    "a number of requests is needed, set `limits.requests_per_second_per_ip`";
pub(super) const PROXIES: &str = "name the networks of the proxies in `server.trusted_proxies`";
pub(super) const ADDRESSES: &str =
    "the addresses in `server.listen` say which IP versions are served";
pub(super) const SETUP: &str = "the setup tool of Quay does not exist here";
pub(super) const COOKIE_SECURITY: &str =
    "cookies are secure exactly when `server.url` begins with https";
pub(super) const COOKIES: &str = "cookies have fixed names and attributes";
pub(super) const INTERFACES: &str = "there is one web interface only";
pub(super) const UPLOADS: &str = "unfinished uploads go by `registry.upload_expiry`";
