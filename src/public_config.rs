//! `GET /config`: what clients may know of the configuration, under Quay's names.
//!
//! Only keys that are declared public are shown. A switch of Quay's that has no key here is shown
//! as what the registry does: on when it always does that, off when it does not. Nothing of the
//! bootstrap token is ever shown.
//!
//! Quay: `endpoints/web.py`, `endpoints/common.py`, `frontend_visible_config`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use slipway_config::{Key, list_keys};

use crate::api::avatar;
use crate::edge::{AppState, ClientInfo};

const SWITCH: &str = "FEATURE_";
const TITLE: &str = "Slipway";

/// What is always so here.
const ALWAYS: &[&str] = &[
    "ADVERTISE_V2",
    "AGGREGATED_LOG_COUNT_RETRIEVAL",
    "EXTENDED_REPOSITORY_NAMES",
    "GENERAL_OCI_SUPPORT",
    "HELM_OCI_SUPPORT",
    "MANIFEST_SUBJECT_BACKFILL",
    "MANIFEST_SIZE_BACKFILL",
    "PARTIAL_USER_AUTOCOMPLETE",
    "PERMANENT_SESSIONS",
    "REFERRERS_API",
    "REPOSITORY_ACTION_COUNTER",
    "SUPER_USERS",
];

/// What is never so, or not yet; a key that takes one of these names replaces it.
const NEVER: &[&str] = &[
    "ACTION_LOG_ROTATION",
    "ANONYMOUS_ACCESS",
    "APP_SPECIFIC_TOKENS",
    "ASSIGN_OAUTH_TOKEN",
    "AUTO_PRUNE",
    "BILLING",
    "BITBUCKET_BUILD",
    "BLACKLISTED_EMAILS",
    "BUILD_SUPPORT",
    "CHANGE_TAG_EXPIRATION",
    "CLEAR_EXPIRED_RAC_ENTRIES",
    "DIRECT_LOGIN",
    "DISABLE_PULL_LOGS_FOR_FREE_NAMESPACES",
    "EDIT_QUOTA",
    "ENABLE_STALE_MPU_CLEANUP",
    "ENTITLEMENT_RECONCILIATION",
    "EXPORT_COMPLIANCE",
    "EXTENDED_ACTION_LOGGING",
    "FIPS",
    "GARBAGE_COLLECTION",
    "GITHUB_BUILD",
    "GITHUB_LOGIN",
    "GITLAB_BUILD",
    "GOOGLE_LOGIN",
    "IMAGE_EXPIRY_TRIGGER",
    "IMAGE_PULL_STATS",
    "IMMUTABLE_TAGS",
    "IMMUTABLE_TAGS_CAN_EXPIRE",
    "INVITE_ONLY_USER_CREATION",
    "LIBRARY_SUPPORT",
    "LOG_EXPORT",
    "MAILING",
    "NAMESPACE_GARBAGE_COLLECTION",
    "NONSUPERUSER_TEAM_SYNCING_SETUP",
    "ORG_MIRROR",
    "ORG_SHARED_EMAIL",
    "OTEL_TRACING",
    "PROGRAMMATIC_BOOTSTRAP",
    "PROXY_CACHE",
    "PROXY_CACHE_BLOB_DOWNLOAD",
    "PROXY_STORAGE",
    "PUBLIC_CATALOG",
    "QUOTA_MANAGEMENT",
    "QUOTA_NOTIFICATIONS",
    "QUOTA_SUPPRESS_FAILURES",
    "RATE_LIMITS",
    "READER_BUILD_LOGS",
    "RECAPTCHA",
    "REPOSITORY_GARBAGE_COLLECTION",
    "REPO_MIRROR",
    "REQUIRE_ENCRYPTED_BASIC_AUTH",
    "REQUIRE_TEAM_INVITE",
    "RESTRICTED_USERS",
    "RESTRICTED_V1_PUSH",
    "RH_MARKETPLACE",
    "SECURITY_NOTIFICATIONS",
    "SECURITY_SCANNER",
    "SECURITY_SCANNER_NOTIFY_ON_NEW_INDEX",
    "SECURITY_SCANNER_V2",
    "SIGNING",
    "SPAM_DETECTION",
    "SPARSE_INDEX",
    "STORAGE_REPLICATION",
    "SUPERUSERS_FULL_ACCESS",
    "SUPERUSERS_ORG_CREATION_ONLY",
    "SUPERUSER_CONFIGDUMP",
    "TEAM_SYNCING",
    "UI_DELAY_AFTER_WRITE",
    "UI_MODELCARD",
    "UI_V2",
    "USERNAME_CONFIRMATION",
    "USER_EVENTS",
    "USER_CREATION",
    "USER_INITIALIZE",
    "USER_LAST_ACCESSED",
    "USER_LOG_ACCESS",
    "USER_METADATA",
    "USER_RENAME",
    "VERIFY_QUOTA",
];

/// Switches that Quay shows among the settings as well.
const SHOWN_TWICE: &[&str] = &[
    "ASSIGN_OAUTH_TOKEN",
    "AUTO_PRUNE",
    "EDIT_QUOTA",
    "IMAGE_EXPIRY_TRIGGER",
    "IMMUTABLE_TAGS_CAN_EXPIRE",
    "ORG_MIRROR",
    "PROXY_CACHE",
    "QUOTA_MANAGEMENT",
    "QUOTA_NOTIFICATIONS",
    "REPO_MIRROR",
];

/// `GET /config`: 200, without login.
pub async fn show(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let values = state.config.dump();
    let features = list_features(&values);
    let base_url = ClientInfo::of(&request, &state).base_url(&state);
    HttpResponse::Ok().json(json!({
        "features": features,
        "config": list_settings(&values, &features, &base_url),
        "registry_state": state.config.registry.state.as_str(),
        "account_recovery_mode": false,
        "external_login": [],
        "oauth": {},
        "version_number": concat!("Slipway v", env!("CARGO_PKG_VERSION")),
    }))
}

/// The value of a key in a dump of the configuration.
fn value_of<'a>(values: &'a Value, key: &Key) -> Option<&'a Value> {
    values.get(key.section)?.get(key.name)
}

fn list_features(values: &Value) -> Map<String, Value> {
    let always = ALWAYS.iter().map(|name| (*name, true));
    let never = NEVER.iter().map(|name| (*name, false));
    let mut features: Map<String, Value> = always
        .chain(never)
        .map(|(name, is_on)| (name.to_owned(), Value::Bool(is_on)))
        .collect();
    for key in list_keys().filter(|key| key.flags.public) {
        let names = key.quay.iter().filter_map(|name| name.strip_prefix(SWITCH));
        for name in names {
            if let Some(value @ Value::Bool(_)) = value_of(values, key) {
                features.insert(name.to_owned(), value.clone());
            }
        }
    }
    features
}

fn list_settings(
    values: &Value,
    features: &Map<String, Value>,
    base_url: &str,
) -> Map<String, Value> {
    let (scheme, host) = base_url.split_once("://").unwrap_or(("http", base_url));
    let fixed = json!({
        "AUTHENTICATION_TYPE": "Database",
        "AVATAR_KIND": "local",
        "BRANDING": { "logo": null, "footer_img": null, "footer_url": null },
        "CHANNEL_COLORS": avatar::COLORS,
        "CONTACT_INFO": [],
        "DEBUG": false,
        "FOOTER_LINKS": {},
        "LOCAL_OAUTH_HANDLER": "/oauth/localapp",
        "PREFERRED_URL_SCHEME": scheme,
        "REGISTRY_TITLE": TITLE,
        "REGISTRY_TITLE_SHORT": TITLE,
        "SERVER_HOSTNAME": host,
        "SETUP_COMPLETE": true,
    });
    let mut settings = fixed.as_object().cloned().unwrap_or_default();
    for key in list_keys().filter(|key| key.flags.public && key.path != "server.url") {
        let names = key.quay.iter().filter(|name| !name.starts_with(SWITCH));
        for name in names {
            if let Some(value) = value_of(values, key) {
                settings.insert((*name).to_owned(), value.clone());
            }
        }
    }
    for name in SHOWN_TWICE {
        if let Some(value) = features.get(*name) {
            settings.insert(format!("{SWITCH}{name}"), value.clone());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use slipway_config::{Config, list_keys};

    use super::{ALWAYS, NEVER, SHOWN_TWICE, SWITCH, list_features, list_settings};

    #[test]
    fn every_switch_with_quays_name_is_shown() {
        let values = Config::default().dump();
        let features = list_features(&values);
        for key in list_keys() {
            let is_switch = values[key.section][key.name].is_boolean();
            let names = key.quay.iter().filter_map(|name| name.strip_prefix(SWITCH));
            for name in names.filter(|_| is_switch) {
                let shown = &features[name];
                assert_eq!(shown, &values[key.section][key.name], "{name}");
            }
        }
        assert!(features.values().all(serde_json::Value::is_boolean));
        assert!(SHOWN_TWICE.iter().all(|name| features.contains_key(*name)));
        assert!(ALWAYS.iter().all(|name| !NEVER.contains(name)));
    }

    #[test]
    fn nothing_secret_and_nothing_of_the_bootstrap_token_is_shown() {
        let values = Config::default().dump();
        let settings = list_settings(&values, &list_features(&values), "https://r.test:5000");
        assert_eq!(settings["SERVER_HOSTNAME"], "r.test:5000");
        assert_eq!(settings["PREFERRED_URL_SCHEME"], "https");
        let bootstrap = settings.keys().filter(|name| name.starts_with("BOOTSTRAP"));
        assert_eq!(bootstrap.count(), 0);
        for key in list_keys().filter(|key| key.flags.secret) {
            assert!(!key.flags.public, "{}", key.path);
            assert!(key.quay.iter().all(|name| !settings.contains_key(*name)));
        }
    }
}
