//! What becomes of a Quay `config.yaml`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared parts of tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use slipway_config::import::{Disposition, Import, ImportError, from_quay_yaml, list_quay_keys};
use slipway_config::sections::{MailTls, RegistryState};
use slipway_config::{ByteSize, Config, Sources, find_key, list_keys};

const INSTALLATION: &str = include_str!("fixtures/quay-config.yaml");

fn load(import: &Import) -> Config {
    Config::load_from(&Sources::new().with_text("import.toml", import.toml.clone())).unwrap()
}

fn reason<'a>(import: &'a Import, name: &str) -> &'a str {
    let found = import.refused.iter().find(|(refused, _)| refused == name);
    &found
        .unwrap_or_else(|| panic!("{name} is not refused: {import:?}"))
        .1
}

#[test]
fn addresses_and_places_of_an_installation_are_carried_over() {
    let import = from_quay_yaml(INSTALLATION).unwrap();

    let config = load(&import);
    assert_eq!(
        config.server.url.as_deref(),
        Some("https://registry.example.com")
    );
    assert!(config.server.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    let database_url = config.database.url.unwrap();
    assert_eq!(
        database_url.reveal(),
        "postgresql://quay:s3cr3t-pa55@db.example.com:5432/quay"
    );
    assert_eq!(
        config.database.ca_certificate,
        Some("/conf/stack/database.pem".into())
    );
    assert_eq!(
        config.storage.path,
        Some("/datastorage/registry/slipway".into())
    );
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.tls.min_version.as_str(), "1.2");
}

#[test]
fn accounts_and_tokens_of_an_installation_are_carried_over() {
    let import = from_quay_yaml(INSTALLATION).unwrap();

    let config = load(&import);
    assert_eq!(config.auth.superusers, ["admin", "operator"]);
    assert_eq!(config.auth.global_readonly_superusers, ["auditor"]);
    assert!(config.auth.superusers_full_access);
    assert_eq!(config.auth.token_life, Duration::from_secs(1800));
    assert_eq!(config.auth.service_key_life, Duration::from_secs(3 * 3600));
    assert_eq!(config.auth.service_key_refresh, Duration::from_secs(3600));
    assert!(config.audit.strict);
}

#[test]
fn behaviour_of_an_installation_is_carried_over() {
    let import = from_quay_yaml(INSTALLATION).unwrap();

    let config = load(&import);
    assert_eq!(config.registry.state, RegistryState::ReadOnly);
    assert_eq!(
        config.registry.tag_expiration,
        Duration::from_secs(28 * 86_400)
    );
    assert_eq!(
        config.registry.max_layer_bytes,
        ByteSize::from_bytes(50_000_000_000)
    );
    assert_eq!(config.registry.temp_tag_life, Duration::from_secs(7200));
    assert_eq!(
        (config.registry.page_size, config.registry.catalog_page_size),
        (50, 50)
    );
    assert!(config.registry.create_namespace_on_push);
    assert!(!config.registry.create_private_on_push);
    assert!(!config.registry.anonymous_access);
}

#[test]
fn every_key_of_an_installation_is_in_exactly_one_list() {
    let import = from_quay_yaml(INSTALLATION).unwrap();

    let document: serde_json::Map<String, serde_json::Value> =
        serde_yaml_ng::from_str(INSTALLATION).unwrap();
    let mapped: BTreeSet<&String> = import.mapped.iter().map(|(name, _)| name).collect();
    let refused = import.refused.iter().map(|(name, _)| name);
    let rest = import.not_built.iter().chain(&import.unknown);
    let mut seen: Vec<&String> = mapped.into_iter().chain(refused).chain(rest).collect();
    seen.sort();
    let mut expected: Vec<&String> = document.keys().collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(import.unknown, ["FEATURE_TELEPORTATION"]);
    assert!(import.not_built.contains(&"FEATURE_REPO_MIRROR".to_owned()));
    assert!(
        import
            .not_built
            .contains(&"CORPORATE_LOGIN_CONFIG".to_owned())
    );
    assert_eq!(
        reason(&import, "FEATURE_SPAM_DETECTION"),
        "there is no spam detection here"
    );
    assert!(reason(&import, "FEATURE_BILLING").ends_with("nothing is lost"));
    assert!(reason(&import, "BUILDLOGS_REDIS").contains("Redis"));
}

#[test]
fn the_report_does_not_print_the_password() {
    let import = from_quay_yaml(INSTALLATION).unwrap();

    assert!(import.toml.contains("s3cr3t-pa55"));
    assert!(!format!("{import:?}").contains("s3cr3t-pa55"));
}

#[test]
fn other_databases_are_refused_by_name() {
    for (url, word) in [
        ("mysql+pymysql://u:hunter2@h/d", "mysql"),
        ("sqlite:///test.db", "sqlite"),
        ("oracle://u:hunter2@h/d", "oracle"),
        ("hunter2", "hidden"),
    ] {
        let import = from_quay_yaml(&format!("DB_URI: {url}")).unwrap();
        let text = reason(&import, "DB_URI");
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(load(&import).has_embedded_database());
    }
}

#[test]
fn storage_that_is_not_one_local_folder_is_refused() {
    for (text, word) in [
        (
            "{a: [S3Storage, {storage_path: /x, s3_bucket: b}]}",
            "S3Storage",
        ),
        (
            "{a: [LocalStorage, {storage_path: /x}], b: [LocalStorage, {storage_path: /y}]}",
            "several",
        ),
        ("{a: [LocalStorage, {}]}", "storage_path"),
        ("{}", "no storage location"),
    ] {
        let import = from_quay_yaml(&format!("DISTRIBUTED_STORAGE_CONFIG: {text}")).unwrap();
        assert!(
            reason(&import, "DISTRIBUTED_STORAGE_CONFIG").contains(word),
            "{text}"
        );
        assert_eq!(load(&import).storage, Config::default().storage);
    }
}

#[test]
fn values_that_do_not_fit_are_refused_and_leave_a_file_that_loads() {
    let import = from_quay_yaml(
        "V2_PAGINATION_SIZE: 0\nREGISTRY_STATE: closed\nSUPER_USERS: [Has Space]\n\
         REGISTRY_JWT_AUTH_MAX_FRESH_S: 86000\nSSL_PROTOCOLS: [TLSv1.1]\nSERVER_HOSTNAME: a b\n\
         LOGGING_LEVEL: LOUD\nMAXIMUM_LAYER_SIZE: 5G",
    )
    .unwrap();

    let config = load(&import);
    assert_eq!(
        config.registry.max_layer_bytes,
        ByteSize::from_bytes(5_000_000_000)
    );
    assert_eq!(import.mapped.len(), 1);
    assert_eq!(import.refused.len(), 7, "{import:?}");
    assert!(reason(&import, "V2_PAGINATION_SIZE").contains("out of range"));
    assert!(reason(&import, "REGISTRY_JWT_AUTH_MAX_FRESH_S").contains("before the last token"));
}

#[test]
fn superusers_switched_off_are_not_carried_over() {
    let import = from_quay_yaml("SUPER_USERS: [admin]\nFEATURE_SUPER_USERS: false").unwrap();

    assert!(load(&import).auth.superusers.is_empty());
}

#[test]
fn mail_is_carried_over_exactly_when_it_is_on() {
    let mail = "SERVER_HOSTNAME: registry.example.com\nMAIL_SERVER: smtp.example.com\nMAIL_PORT: 25\n\
        MAIL_USE_TLS: false\nMAIL_USERNAME: quay\nMAIL_PASSWORD: s3cr3t\n\
        MAIL_DEFAULT_SENDER: quay@example.com\nMAIL_USE_AUTH: true\n";
    let import = from_quay_yaml(mail).unwrap();
    let config = load(&import);

    assert_eq!(config.mail.server, "smtp.example.com");
    assert_eq!(config.mail.port, 25);
    assert_eq!(config.mail.tls, MailTls::None);
    assert_eq!(config.mail.sender, "quay@example.com");
    assert!(reason(&import, "MAIL_USE_AUTH").contains("mail.user"));

    let off = load(&from_quay_yaml(&format!("{mail}FEATURE_MAILING: false")).unwrap());
    assert!(!off.has_mail());
    let encrypted = mail.replace("TLS: false", "TLS: true");
    assert_eq!(
        load(&from_quay_yaml(&encrypted).unwrap()).mail.tls,
        MailTls::StartTls
    );
    let wrong = mail.replace("TLS: false", "TLS: sometimes");
    let import = from_quay_yaml(&wrong).unwrap();
    assert!(reason(&import, "MAIL_USE_TLS").contains("not true or false"));
}

#[test]
fn refused_domains_are_carried_over_exactly_when_they_are_on() {
    let text = "BLACKLISTED_EMAIL_DOMAINS: [bad.example]\nFEATURE_BLACKLISTED_EMAILS: ";
    let domains = |switch: &str| {
        let import = from_quay_yaml(&format!("{text}{switch}")).unwrap();
        load(&import).accounts.refused_email_domains
    };

    assert_eq!(domains("true"), ["bad.example"]);
    assert!(domains("false").is_empty());
}

#[test]
fn audit_gaps_that_one_switch_allows_are_allowed() {
    let text = "ALLOW_PULLS_WITHOUT_STRICT_LOGGING: false\nALLOW_WITHOUT_STRICT_LOGGING: true";

    assert!(!load(&from_quay_yaml(text).unwrap()).audit.strict);
}

#[test]
fn what_is_no_mapping_is_an_error() {
    assert_eq!(
        from_quay_yaml("- a\n- b").unwrap_err(),
        ImportError::NotAMapping
    );
    assert_eq!(from_quay_yaml("").unwrap_err(), ImportError::NotAMapping);
    assert!(matches!(
        from_quay_yaml("a: [").unwrap_err(),
        ImportError::Syntax(_)
    ));
}

#[test]
fn the_table_of_quay_keys_is_sorted_without_doubles() {
    let keys: Vec<_> = list_quay_keys().collect();
    for pair in keys.windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} before {}",
            pair[0].name,
            pair[1].name
        );
    }
}

#[test]
fn quay_names_at_our_keys_and_the_table_of_quay_keys_agree() {
    let from_table: BTreeSet<(&str, &str)> = list_quay_keys()
        .filter_map(|quay_key| match quay_key.disposition {
            Disposition::Mapped(targets) => Some((quay_key.name, targets)),
            Disposition::Refused(_) | Disposition::NotBuilt => None,
        })
        .flat_map(|(name, targets)| targets.iter().map(move |target| (name, *target)))
        .collect();
    let from_keys: BTreeSet<(&str, &str)> = list_keys()
        .flat_map(|key| key.quay.iter().map(|name| (*name, key.path)))
        .collect();

    assert_eq!(from_table, from_keys);
    assert!(
        from_table
            .iter()
            .all(|(_, target)| find_key(target).is_some())
    );
}
