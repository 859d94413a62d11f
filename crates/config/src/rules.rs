//! Rules that a single key's type and limits cannot express.
//!
//! Each rule is one function that looks at the whole configuration and answers with the keys it
//! is about, the one to blame first. Rules do not touch files or the network: whether a
//! certificate exists is found out where it is used.

use crate::config::Config;
use crate::fault::{Fault, Origin};
use crate::sections::{StorageEngine, SyncMode};
use crate::size::ByteSize;

/// A rule that a configuration breaks.
pub(crate) struct Broken {
    pub(crate) keys: Vec<&'static str>,
    problem: String,
    allowed: Option<&'static str>,
}

impl Broken {
    pub(crate) fn into_fault(self, origin: Origin) -> Fault {
        Fault {
            key: self.keys.first().copied().unwrap_or_default().to_owned(),
            origin,
            problem: self.problem,
            allowed: self.allowed.map(str::to_owned),
            suggestion: None,
        }
    }
}

impl Config {
    /// Checks the rules over several keys and the forms of names and URLs; empty when all hold.
    ///
    /// Loading does this by itself and then names the file or variable to blame; here the origin
    /// is always [`Origin::Default`], because a struct does not know where its values came from.
    #[must_use]
    pub fn validate(&self) -> Vec<Fault> {
        list_broken(self)
            .into_iter()
            .map(|rule| rule.into_fault(Origin::Default))
            .collect()
    }
}

/// All rules that `config` breaks.
pub(crate) fn list_broken(config: &Config) -> Vec<Broken> {
    let rules: [fn(&Config, &mut Vec<Broken>); 10] = [
        check_listen,
        check_server_text,
        check_tls,
        check_database,
        check_storage,
        check_names,
        check_registry,
        check_auth,
        check_mail,
        check_telemetry,
    ];
    let mut broken = Vec::new();
    for rule in rules {
        rule(config, &mut broken);
    }
    broken
}

fn broken(keys: &[&'static str], problem: impl Into<String>, allowed: &'static str) -> Broken {
    Broken {
        keys: keys.to_vec(),
        problem: problem.into(),
        allowed: Some(allowed),
    }
}

fn check_listen(config: &Config, faults: &mut Vec<Broken>) {
    let addresses = &config.server.listen;
    if addresses.is_empty() {
        faults.push(broken(
            &["server.listen"],
            "the list is empty",
            "at least one address",
        ));
    }
    for (position, address) in addresses.iter().enumerate() {
        let repeated = addresses
            .iter()
            .take(position)
            .any(|earlier| earlier == address);
        // port 0 asks the system for any free port, so two of them differ
        if repeated && address.port() != 0 {
            let problem = format!("`{address}` is listed twice");
            faults.push(broken(&["server.listen"], problem, "each address once"));
        }
    }
}

fn check_server_text(config: &Config, faults: &mut Vec<Broken>) {
    if let Some(url) = &config.server.url
        && let Err(problem) = check_base_url(url, &["http", "https"])
    {
        let allowed = "`http://` or `https://`, host, optional port and plain path";
        faults.push(broken(&["server.url"], problem, allowed));
    }
    let header = &config.server.request_id_header;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if header.is_empty() || !header.bytes().all(is_token) {
        let problem = format!("`{header}` is not a header name");
        faults.push(broken(
            &["server.request_id_header"],
            problem,
            "letters, digits and hyphens",
        ));
    }
}

fn check_telemetry(config: &Config, faults: &mut Vec<Broken>) {
    if let Some(url) = &config.telemetry.otlp_endpoint
        && let Err(problem) = check_base_url(url, &["http", "https"])
    {
        let allowed = "`http://` or `https://`, host, optional port and plain path";
        faults.push(broken(&["telemetry.otlp_endpoint"], problem, allowed));
    }
}

/// Checks that `url` is scheme, host, optional port and optional plain path, without user, query
/// or fragment.
fn check_base_url(url: &str, schemes: &[&str]) -> Result<(), String> {
    let rest = check_scheme(url, schemes)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut pieces = path.trim_end_matches('/').split('/');
    let is_good = |piece: &str| {
        !piece.is_empty() && piece != "." && piece != ".." && piece.bytes().all(is_plain)
    };
    if !matches!(path, "" | "/") && !pieces.all(is_good) {
        return Err(format!(
            "`{url}` has a path with more than plain names in it"
        ));
    }
    check_authority(authority).map_err(|part| format!("`{url}` has {part}"))
}

fn check_scheme<'a>(url: &'a str, schemes: &[&str]) -> Result<&'a str, String> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| format!("`{url}` has no scheme"))?;
    if !schemes.contains(&scheme) {
        return Err(format!("`{url}` has the scheme `{scheme}`"));
    }
    Ok(rest)
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("a user name in it");
    }
    let after_bracket = authority.rfind(']').map_or(0, |end| end + 1);
    let tail = authority.get(after_bracket..).unwrap_or_default();
    let (host_tail, port) = match tail.split_once(':') {
        Some((host_tail, port)) => (host_tail, Some(port)),
        None => (tail, None),
    };
    let host = authority
        .get(..after_bracket + host_tail.len())
        .unwrap_or_default();
    if port.is_some_and(|digits| digits.parse::<u16>().map_or(true, |number| number == 0)) {
        return Err("a bad port");
    }
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = inner {
        return address
            .parse::<std::net::Ipv6Addr>()
            .map(|_| ())
            .map_err(|_| "a bad IPv6 address in brackets");
    }
    let is_host_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host_letter) {
        return Err("no usable host name");
    }
    Ok(())
}

fn check_tls(config: &Config, faults: &mut Vec<Broken>) {
    let tls = &config.tls;
    let keys = ["tls.certificate", "tls.key"];
    match (&tls.certificate, &tls.key) {
        (Some(_), None) => {
            faults.push(broken(
                &keys,
                "a certificate without `tls.key`",
                "both or neither",
            ));
        }
        (None, Some(_)) => {
            let reversed = ["tls.key", "tls.certificate"];
            faults.push(broken(
                &reversed,
                "a key without `tls.certificate`",
                "both or neither",
            ));
        }
        _ => {}
    }
}

fn check_database(config: &Config, faults: &mut Vec<Broken>) {
    let database = &config.database;
    if let Some(url) = &database.url {
        // the URL holds a password, so texts name its parts and never show it
        let scheme = url.reveal().split_once("://").map(|(scheme, _)| scheme);
        let problem = match scheme {
            Some("postgres" | "postgresql") => check_database_authority(url.reveal()).err(),
            Some(_) => Some("the scheme is not postgresql"),
            None => Some("the value (hidden) is not a URL"),
        };
        if let Some(problem) = problem {
            let allowed = "`postgresql://user:password@host:port/name`";
            faults.push(broken(&["database.url"], problem, allowed));
        }
    } else if database.ca_certificate.is_some() {
        let keys = ["database.ca_certificate", "database.url"];
        let problem = "it is set, but the embedded database is used";
        faults.push(broken(&keys, problem, "`database.url` along with it"));
    }
}

fn check_database_authority(url: &str) -> Result<(), &'static str> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority
        .rsplit_once('@')
        .map_or(authority, |(_, hosts)| hosts);
    if hosts.is_empty() && !rest.contains("host=") {
        return Err("the URL names no host");
    }
    if path.split('?').next().unwrap_or_default().is_empty() {
        return Err("the URL names no database");
    }
    Ok(())
}

fn check_storage(config: &Config, faults: &mut Vec<Broken>) {
    let storage = &config.storage;
    if storage.inline_bytes > ByteSize::from_mib(1) {
        let problem = format!(
            "`{}` is too much for a row of the database",
            storage.inline_bytes
        );
        faults.push(broken(&["storage.inline_bytes"], problem, "up to 1 MiB"));
    }
    if storage.engine == StorageEngine::Memory {
        let keys = ["storage.path", "storage.engine"];
        if storage.path.is_some() {
            let problem = "it is set, but engine `memory` has no folder";
            faults.push(broken(
                &keys,
                problem,
                "`storage.engine = \"fs\"` along with it",
            ));
        }
        if storage.shared_mount {
            let keys = ["storage.shared_mount", "storage.engine"];
            let problem = "it is set, but engine `memory` cannot be shared";
            faults.push(broken(
                &keys,
                problem,
                "`storage.engine = \"fs\"` along with it",
            ));
        }
    }
    if storage.shared_mount && storage.sync == SyncMode::Os {
        let keys = ["storage.sync", "storage.shared_mount"];
        let problem = "`os` leaves bytes in the memory of one node, and the folder is shared";
        faults.push(broken(&keys, problem, "`always` for a shared folder"));
    }
    if storage.shared_mount && storage.path.is_none() && storage.engine == StorageEngine::Fs {
        let keys = ["storage.shared_mount", "storage.path"];
        let problem = "it is set, but blobs are below `data.dir`, which belongs to one node";
        faults.push(broken(&keys, problem, "`storage.path` along with it"));
    }
}

/// Whether `name` can be the name of a user or organization: runs of lower-case letters and
/// digits, joined by single dots, underscores or hyphens, 2 to 255 letters in all.
///
/// Quay: `util/validation.py`, `validate_username`.
fn is_account_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut runs = name.split(['.', '_', '-']);
    (2..=255).contains(&name.len()) && runs.all(|run| !run.is_empty() && run.bytes().all(is_plain))
}

fn check_names(config: &Config, faults: &mut Vec<Broken>) {
    let allowed = "2 to 255 of `a-z 0-9`, with single `.`, `_` or `-` between them";
    let auth = &config.auth;
    let lists = [
        ("auth.superusers", &auth.superusers),
        (
            "auth.global_readonly_superusers",
            &auth.global_readonly_superusers,
        ),
    ];
    for (key, names) in lists {
        for name in names.iter().filter(|name| !is_account_name(name)) {
            faults.push(broken(
                &[key],
                format!("`{name}` is not a user name"),
                allowed,
            ));
        }
    }
    for name in auth
        .superusers
        .iter()
        .filter(|name| auth.global_readonly_superusers.contains(name))
    {
        let keys = ["auth.global_readonly_superusers", "auth.superusers"];
        let problem = format!("`{name}` is in `auth.superusers` as well");
        faults.push(broken(&keys, problem, "each user in one of the two"));
    }
    let library = &config.registry.library_namespace;
    if !is_account_name(library) {
        let problem = format!("`{library}` is not a namespace name");
        faults.push(broken(&["registry.library_namespace"], problem, allowed));
    }
}

fn check_registry(config: &Config, faults: &mut Vec<Broken>) {
    let registry = &config.registry;
    if registry.open_test_registry && !registry.anonymous_access {
        let keys = ["registry.open_test_registry", "registry.anonymous_access"];
        let problem = "anyone may push, but nobody may pull without logging in";
        faults.push(broken(
            &keys,
            problem,
            "`registry.anonymous_access = true` along with it",
        ));
    }
}

fn check_auth(config: &Config, faults: &mut Vec<Broken>) {
    let auth = &config.auth;
    if auth.service_key_refresh >= auth.service_key_life {
        let keys = ["auth.service_key_refresh", "auth.service_key_life"];
        let problem = "keys would expire before they are renewed";
        faults.push(broken(&keys, problem, "less than `auth.service_key_life`"));
    } else if auth.service_key_life - auth.service_key_refresh < auth.token_life {
        let keys = [
            "auth.service_key_life",
            "auth.service_key_refresh",
            "auth.token_life",
        ];
        let problem = "a key could expire before the last token it signed";
        let allowed = "at least `auth.service_key_refresh` plus `auth.token_life`";
        faults.push(broken(&keys, problem, allowed));
    }
    let lanes = auth.argon2_memory.bytes() / ByteSize::from_kib(1).bytes();
    if lanes.saturating_mul(1024) != auth.argon2_memory.bytes() {
        let problem = format!("`{}` is not a multiple of 1 KiB", auth.argon2_memory);
        faults.push(broken(&["auth.argon2_memory"], problem, "whole KiB"));
    }
}

fn check_mail(config: &Config, faults: &mut Vec<Broken>) {
    let mail = &config.mail;
    if !config.has_mail() {
        return;
    }
    if config.server.url.is_none() {
        let keys = ["mail.server", "server.url"];
        let problem = "mails hold links, and these need a public URL";
        faults.push(broken(&keys, problem, "`server.url` along with it"));
    }
    if !mail.sender.contains('@') {
        let problem = format!("`{}` is not an address", mail.sender);
        let allowed = "an address, such as `Registry <registry@example.com>`";
        faults.push(broken(&["mail.sender", "mail.server"], problem, allowed));
    }
    if mail.user.is_empty() != mail.password.is_none() {
        let problem = "a name without a password, or a password without a name";
        let keys = ["mail.user", "mail.password"];
        faults.push(broken(&keys, problem, "both or neither"));
    }
}
