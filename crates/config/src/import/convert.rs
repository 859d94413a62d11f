//! Turns the values of Quay keys into values of ours.
//!
//! Most are the same in both; the rest differ in unit, in sense, or are made of several Quay keys,
//! in which case each of these keys yields the same result. A value that cannot be carried over
//! gives a reason; reasons never quote database URLs, which hold passwords.

use serde_json::{Map, Value};

/// How the value of a Quay key becomes one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The key is not carried over.
    Nothing,
    /// The value is the same, for all targets.
    Same,
    /// A number of minutes.
    Minutes,
    /// The opposite of one of two switches that allow gaps in the audit log.
    Strictness,
    /// The longest validity that is accepted, a minute of which is for clocks that differ.
    TokenLife,
    /// Scheme and host become one URL.
    ServerUrl,
    /// A URL for `SQLAlchemy`.
    DatabaseUrl,
    /// Arguments for Quay's database driver.
    DatabaseArguments,
    /// Named storage engines and the preferred one.
    Storage,
    /// The list of superusers, if they are switched on.
    Superusers,
    /// The versions of TLS that nginx shall accept.
    TlsVersions,
    /// One of Python's log levels.
    LogLevel,
    /// The domains whose addresses are refused, if that is switched on.
    EmailDomains,
    /// The mail server, if mail is switched on.
    MailServer,
    /// Whether mail is encrypted.
    MailTls,
}

type Pairs = Vec<(&'static str, Value)>;

impl How {
    /// Converts `value`; `document` is the whole configuration, `targets` are the keys to set.
    pub(crate) fn convert(
        self,
        value: &Value,
        document: &Map<String, Value>,
        targets: &'static [&'static str],
    ) -> Result<Pairs, String> {
        let converted = match self {
            Self::Nothing => return Ok(Vec::new()),
            Self::Storage => return convert_storage(document),
            Self::Same => value.clone(),
            Self::Minutes => Value::from(whole_number(value)?.saturating_mul(60)),
            Self::Strictness => convert_strictness(document)?,
            Self::TokenLife => Value::from(whole_number(value)?.saturating_sub(60)),
            Self::ServerUrl => convert_server_url(document)?,
            Self::DatabaseUrl => convert_database_url(value)?,
            Self::DatabaseArguments => convert_database_arguments(value)?,
            Self::Superusers => convert_superusers(document),
            Self::TlsVersions => convert_tls_versions(value)?,
            Self::LogLevel => convert_log_level(value)?,
            Self::EmailDomains => convert_email_domains(document),
            Self::MailServer => convert_mail_server(document),
            Self::MailTls => convert_mail_tls(value)?,
        };
        Ok(targets
            .iter()
            .map(|target| (*target, converted.clone()))
            .collect())
    }
}

fn whole_number(value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("`{value}` is not a whole number"))
}

fn is_on(document: &Map<String, Value>, name: &str, default: bool) -> bool {
    document
        .get(name)
        .and_then(Value::as_bool)
        .unwrap_or(default)
}

fn convert_strictness(document: &Map<String, Value>) -> Result<Value, String> {
    let switches = [
        "ALLOW_PULLS_WITHOUT_STRICT_LOGGING",
        "ALLOW_WITHOUT_STRICT_LOGGING",
    ];
    for value in switches.iter().filter_map(|name| document.get(*name)) {
        value
            .as_bool()
            .ok_or_else(|| format!("`{value}` is not true or false"))?;
    }
    Ok(Value::Bool(
        !switches.iter().any(|name| is_on(document, name, false)),
    ))
}

fn convert_server_url(document: &Map<String, Value>) -> Result<Value, String> {
    let host = document
        .get("SERVER_HOSTNAME")
        .and_then(Value::as_str)
        .ok_or("without SERVER_HOSTNAME there is no URL to make of it")?;
    let asked_scheme = document.get("PREFERRED_URL_SCHEME").and_then(Value::as_str);
    let is_https = is_on(document, "EXTERNAL_TLS_TERMINATION", false);
    let scheme = if is_https {
        "https"
    } else {
        asked_scheme.unwrap_or("http")
    };
    Ok(Value::String(format!(
        "{scheme}://{}",
        host.trim_end_matches('/')
    )))
}

fn convert_database_url(value: &Value) -> Result<Value, String> {
    let (scheme, rest) = value
        .as_str()
        .and_then(|url| url.split_once("://"))
        .ok_or("the value (hidden) is not a URL")?;
    // SQLAlchemy adds the driver, as in postgresql+psycopg2
    let dialect = scheme.split('+').next().unwrap_or_default();
    match dialect {
        "postgresql" | "postgres" => Ok(Value::String(format!("postgresql://{rest}"))),
        "mysql" | "sqlite" => Err(format!(
            "the database is {dialect}, here it is PostgreSQL: move the data, then set database.url"
        )),
        other => Err(format!("the database is `{other}`, here it is PostgreSQL")),
    }
}

fn convert_database_arguments(value: &Value) -> Result<Value, String> {
    let postgres_form = value.get("sslrootcert");
    let mysql_form = value.get("ssl").and_then(|ssl| ssl.get("ca"));
    let certificate = postgres_form.or(mysql_form).and_then(Value::as_str);
    certificate
        .map(Value::from)
        .ok_or_else(|| "it only tunes Quay's database driver".to_owned())
}

fn convert_superusers(document: &Map<String, Value>) -> Value {
    let listed = document.get("SUPER_USERS").cloned();
    let is_used = is_on(document, "FEATURE_SUPER_USERS", true);
    listed
        .filter(|_| is_used)
        .unwrap_or_else(|| Value::Array(Vec::new()))
}

/// Quay's own folder is left alone: blobs go to a folder of ours inside it.
fn convert_storage(document: &Map<String, Value>) -> Result<Pairs, String> {
    let locations = document
        .get("DISTRIBUTED_STORAGE_CONFIG")
        .and_then(Value::as_object)
        .ok_or("DISTRIBUTED_STORAGE_CONFIG names no location")?;
    let preferred = document
        .get("DISTRIBUTED_STORAGE_PREFERENCE")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if locations.len() > 1 || preferred.len() > 1 {
        return Err("several storage locations are not built yet".to_owned());
    }
    let (location, engine) = locations
        .iter()
        .next()
        .ok_or("no storage location is given")?;
    if let Some(wanted) = preferred
        .first()
        .filter(|wanted| wanted.as_str() != Some(location))
    {
        return Err(format!("the preferred location {wanted} is not configured"));
    }
    let driver = engine.get(0).and_then(Value::as_str).unwrap_or_default();
    if driver != "LocalStorage" {
        return Err(format!("the storage driver `{driver}` is not built yet"));
    }
    let folder = engine
        .get(1)
        .and_then(|parameters| parameters.get("storage_path"))
        .and_then(Value::as_str)
        .ok_or_else(|| format!("location `{location}` has no storage_path"))?;
    let own_folder = format!("{}/slipway", folder.trim_end_matches('/'));
    Ok(vec![
        ("storage.engine", Value::from("fs")),
        ("storage.path", Value::from(own_folder)),
    ])
}

fn convert_tls_versions(value: &Value) -> Result<Value, String> {
    let names: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split_whitespace().collect(),
        _ => Vec::new(),
    };
    if let Some(old) = names
        .iter()
        .find(|name| !["TLSv1.2", "TLSv1.3"].contains(name))
    {
        return Err(format!(
            "`{old}` is not offered, the oldest version is TLSv1.2"
        ));
    }
    match (names.contains(&"TLSv1.2"), names.contains(&"TLSv1.3")) {
        (true, _) => Ok(Value::from("1.2")),
        (false, true) => Ok(Value::from("1.3")),
        (false, false) => Err(format!("`{value}` names no version of TLS")),
    }
}

fn convert_log_level(value: &Value) -> Result<Value, String> {
    let level = match value.as_str().map(str::to_ascii_uppercase).as_deref() {
        Some("DEBUG") => "debug",
        Some("INFO") => "info",
        Some("WARNING" | "WARN") => "warn",
        Some("ERROR" | "CRITICAL" | "FATAL") => "error",
        _ => return Err(format!("`{value}` is not a log level")),
    };
    Ok(Value::from(level))
}

fn convert_email_domains(document: &Map<String, Value>) -> Value {
    let listed = document.get("BLACKLISTED_EMAIL_DOMAINS").cloned();
    let is_used = is_on(document, "FEATURE_BLACKLISTED_EMAILS", false);
    listed
        .filter(|_| is_used)
        .unwrap_or_else(|| Value::Array(Vec::new()))
}

fn convert_mail_server(document: &Map<String, Value>) -> Value {
    let server = document.get("MAIL_SERVER").cloned();
    let is_used = is_on(document, "FEATURE_MAILING", true);
    server
        .filter(|_| is_used)
        .unwrap_or_else(|| Value::from(""))
}

fn convert_mail_tls(value: &Value) -> Result<Value, String> {
    let is_encrypted = value
        .as_bool()
        .ok_or_else(|| format!("`{value}` is not true or false"))?;
    Ok(Value::from(if is_encrypted { "starttls" } else { "none" }))
}
