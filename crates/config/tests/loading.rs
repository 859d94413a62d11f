//! How layers are read, merged and refused.

#![expect(
    clippy::expect_used,
    reason = "shared parts of tests fail by panicking"
)]

use std::net::SocketAddr;
use std::time::Duration;

use slipway_config::sections::RegistryState;
use slipway_config::{ByteSize, Config, Fault, Origin, Sources, find_key};

fn load_text(text: &str) -> Result<Config, Vec<Fault>> {
    Config::load_from(&Sources::new().with_text("test.toml", text)).map_err(|faults| faults.0)
}

fn faults_of(text: &str) -> Vec<Fault> {
    load_text(text).expect_err("the text should be refused")
}

#[test]
fn no_sources_give_the_defaults() {
    let config = Config::load_from(&Sources::new()).unwrap();

    assert_eq!(config, Config::default());
    assert_eq!(
        config.server.listen,
        ["127.0.0.1:8080".parse::<SocketAddr>().unwrap()]
    );
    assert_eq!(config.registry.max_layer_bytes, ByteSize::from_gib(20));
    assert!(config.validate().is_empty());
}

#[test]
fn later_layers_win_and_leave_the_rest() {
    let sources = Sources::new()
        .with_text(
            "first.toml",
            "[registry]\npage_size = 7\ncatalog_page_size = 8\n[log]\nlevel = \"warn\"",
        )
        .with_text(
            "second.toml",
            "[registry]\npage_size = 9\nstate = \"readonly\"",
        )
        .with_env("SLIPWAY__LOG__LEVEL", "debug")
        .with_env("OTHER__LOG__LEVEL", "error");

    let config = Config::load_from(&sources).unwrap();

    assert_eq!(config.registry.page_size, 9);
    assert_eq!(config.registry.catalog_page_size, 8);
    assert_eq!(config.registry.state, RegistryState::ReadOnly);
    assert_eq!(config.log.level, "debug");
}

#[test]
fn a_list_replaces_the_list_below_it() {
    let sources = Sources::new()
        .with_text(
            "first.toml",
            "[auth]\nsuperusers = [\"anna\", \"bert\", \"carl\"]",
        )
        .with_text("second.toml", "[auth]\nsuperusers = [\"dora\"]");

    let config = Config::load_from(&sources).unwrap();

    assert_eq!(config.auth.superusers, ["dora"]);
}

#[test]
fn the_environment_is_read_by_the_type_of_the_key() {
    let sources = Sources::new()
        .with_env("SLIPWAY__SERVER__LISTEN", "127.0.0.1:1, [::1]:2")
        .with_env("SLIPWAY__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")
        .with_env("SLIPWAY__SERVER__DRAIN_TIMEOUT", "2m")
        .with_env("SLIPWAY__SERVER__KEEP_ALIVE", "90")
        .with_env("SLIPWAY__STORAGE__INLINE_BYTES", "128 KiB")
        .with_env("SLIPWAY__STORAGE__RESERVE", "1024")
        .with_env("SLIPWAY__REGISTRY__DISABLE_PUSHES", "true")
        .with_env("SLIPWAY__TLS__MIN_VERSION", "1.3")
        .with_env("SLIPWAY__DATABASE__RUN_AS", "1000");

    let config = Config::load_from(&sources).unwrap();

    assert_eq!(config.server.listen.len(), 2);
    assert!(config.server.trusted_proxies[1].contains("fd12::1".parse().unwrap()));
    assert_eq!(config.server.drain_timeout, Duration::from_secs(120));
    assert_eq!(config.server.keep_alive, Duration::from_secs(90));
    assert_eq!(config.storage.inline_bytes, ByteSize::from_kib(128));
    assert_eq!(config.storage_reserve(), ByteSize::from_bytes(1024));
    assert!(config.registry.disable_pushes);
    assert_eq!(config.tls.min_version.as_str(), "1.3");
    assert_eq!(config.database.run_as.as_deref(), Some("1000"));
}

#[test]
fn an_empty_variable_unsets_what_a_file_set() {
    let sources = Sources::new()
        .with_text("test.toml", "[server]\nurl = \"https://a.example\"")
        .with_env("SLIPWAY__SERVER__URL", "");

    assert_eq!(Config::load_from(&sources).unwrap().server.url, None);
}

#[test]
fn a_list_may_be_one_bare_value() {
    let config = load_text("[server]\nlisten = \"[::]:8080\"").unwrap();

    assert_eq!(
        config.server.listen,
        ["[::]:8080".parse::<SocketAddr>().unwrap()]
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let faults = faults_of("[server]\nlissten = \"127.0.0.1:1\"");

    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].key, "server.lissten");
    assert_eq!(faults[0].suggestion.as_deref(), Some("server.listen"));
}

#[test]
fn a_key_in_the_wrong_section_is_found_in_the_right_one() {
    let faults = faults_of("[registry]\ninline_bytes = 1");

    assert_eq!(
        faults[0].suggestion.as_deref(),
        Some("storage.inline_bytes")
    );
}

#[test]
fn a_far_off_name_gets_no_suggestion() {
    assert_eq!(faults_of("[server]\nzzzzqqqq = 1")[0].suggestion, None);
}

#[test]
fn an_unknown_variable_is_refused() {
    let sources = Sources::new().with_env("SLIPWAY__REGISTRY__PAGE_SISE", "1");

    let faults = Config::load_from(&sources).unwrap_err().0;

    assert_eq!(
        faults[0].origin,
        Origin::Environment("SLIPWAY__REGISTRY__PAGE_SISE".to_owned())
    );
    assert_eq!(faults[0].suggestion.as_deref(), Some("registry.page_size"));
}

#[test]
fn all_faults_of_all_layers_are_listed_at_once() {
    let text = "
        top = 1
        [servr]
        listen = \"127.0.0.1:1\"
        [server]
        listen = \"nowhere\"
        drain_timeout = -1
        [registry]
        page_size = 0
        state = \"closed\"
        [tls]
        certificate = \"a.pem\"
    ";
    let sources = Sources::new()
        .with_text("test.toml", text)
        .with_env("SLIPWAY__TLS__HTTP2", "perhaps")
        .with_env("SLIPWAY__NO__SUCH", "1");

    let refusal = Config::load_from(&sources).unwrap_err();

    let mut keys: Vec<&str> = refusal.0.iter().map(|fault| fault.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "no.such",
            "registry.page_size",
            "registry.state",
            "server.drain_timeout",
            "server.listen",
            "servr",
            "tls.certificate",
            "tls.http2",
            "top",
        ]
    );
    let text = refusal.to_string();
    assert!(
        text.starts_with("configuration refused, 9 faults\n"),
        "{text}"
    );
    assert!(text.contains("file test.toml"), "{text}");
    assert!(
        text.contains("environment variable SLIPWAY__TLS__HTTP2"),
        "{text}"
    );
    assert!(text.contains("did you mean `server`?"), "{text}");
    assert!(text.contains("allowed: `normal` or `readonly`"), "{text}");
}

#[test]
fn a_rule_on_a_key_already_at_fault_keeps_quiet() {
    let faults = faults_of("[tls]\ncertificate = \"a.pem\"\nkey = 5");

    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].key, "tls.key");
}

#[test]
fn a_file_that_is_not_toml_is_refused_without_quoting_it() {
    let faults = faults_of("[database]\nurl = \"postgresql://u:hunter2@h/d\n");

    assert!(
        faults[0].problem.starts_with("line 2: "),
        "{}",
        faults[0].problem
    );
    assert!(!faults[0].to_string().contains("hunter2"));
}

#[test]
fn a_named_file_must_exist_and_an_implied_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.toml");

    let implied = Config::load_from(&Sources::new().with_file_if_present(&absent));
    let named = Config::load_from(&Sources::new().with_file(&absent));

    assert_eq!(implied.unwrap(), Config::default());
    assert_eq!(named.unwrap_err().0[0].origin, Origin::File(absent));
}

#[test]
fn a_file_on_disk_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, "[data]\ndir = \"/srv/registry\"\n").unwrap();

    let config = Config::load_from(&Sources::new().with_file(path)).unwrap();

    assert_eq!(
        config.blob_dir(),
        std::path::Path::new("/srv/registry/blobs")
    );
}

/// Texts that break one rule each, with the key to blame.
const BROKEN_RULES: &[(&str, &str)] = &[
    ("[server]\nlisten = []", "server.listen"),
    (
        "[server]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]",
        "server.listen",
    ),
    ("[server]\nurl = \"registry.example.com\"", "server.url"),
    (
        "[server]\nurl = \"ftp://registry.example.com\"",
        "server.url",
    ),
    (
        "[server]\nurl = \"https://registry.example.com/path?query\"",
        "server.url",
    ),
    (
        "[server]\nurl = \"https://registry.example.com/a/../b\"",
        "server.url",
    ),
    (
        "[server]\nurl = \"https://registry.example.com//a\"",
        "server.url",
    ),
    (
        "[telemetry]\notlp_endpoint = \"grpc://127.0.0.1:4317\"",
        "telemetry.otlp_endpoint",
    ),
    (
        "[server]\nurl = \"https://user@registry.example.com\"",
        "server.url",
    ),
    (
        "[server]\nurl = \"https://registry.example.com:0\"",
        "server.url",
    ),
    ("[server]\nurl = \"https://[::zz]\"", "server.url"),
    ("[server]\nurl = \"https://\"", "server.url"),
    (
        "[server]\nrequest_id_header = \"X Request\"",
        "server.request_id_header",
    ),
    ("[tls]\ncertificate = \"a\"", "tls.certificate"),
    ("[tls]\nkey = \"a\"", "tls.key"),
    ("[database]\nurl = \"mysql://u:p@h/d\"", "database.url"),
    ("[database]\nurl = \"postgresql://h\"", "database.url"),
    ("[database]\nurl = \"postgresql:///d\"", "database.url"),
    (
        "[database]\nca_certificate = \"a\"",
        "database.ca_certificate",
    ),
    (
        "[storage]\ninline_bytes = \"2 MiB\"",
        "storage.inline_bytes",
    ),
    (
        "[storage]\nengine = \"memory\"\npath = \"a\"",
        "storage.path",
    ),
    ("[storage]\nshared_mount = true", "storage.shared_mount"),
    (
        "[storage]\npath = \"/blobs\"\nshared_mount = true\nsync = \"os\"",
        "storage.sync",
    ),
    ("[auth]\nsuperusers = [\"Admin\"]", "auth.superusers"),
    ("[auth]\nsuperusers = [\"an..na\"]", "auth.superusers"),
    ("[auth]\nsuperusers = [\"a\"]", "auth.superusers"),
    ("[auth]\nsuperusers = [\"anna-\"]", "auth.superusers"),
    (
        "[auth]\nsuperusers = [\"anna\"]\nglobal_readonly_superusers = [\"anna\"]",
        "auth.global_readonly_superusers",
    ),
    (
        "[auth]\nservice_key_refresh = \"3h\"",
        "auth.service_key_refresh",
    ),
    ("[auth]\ntoken_life = \"2h\"", "auth.service_key_life"),
    ("[auth]\nargon2_memory = \"20000 B\"", "auth.argon2_memory"),
    (
        "[registry]\nlibrary_namespace = \"\"",
        "registry.library_namespace",
    ),
    (
        "[registry]\nopen_test_registry = true\nanonymous_access = false",
        "registry.open_test_registry",
    ),
    ("[mail]\nserver = \"h\"\nsender = \"a@b\"", "mail.server"),
    (
        "[server]\nurl = \"http://h\"\n[mail]\nserver = \"h\"\nsender = \"nobody\"",
        "mail.sender",
    ),
    (
        "[server]\nurl = \"http://h\"\n[mail]\nserver = \"h\"\nsender = \"a@b\"\nuser = \"u\"",
        "mail.user",
    ),
];

#[test]
fn rules_over_several_keys_hold() {
    for (text, key) in BROKEN_RULES {
        let faults = faults_of(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!(faults[0].key, *key, "{text}");
        assert_eq!(faults[0].origin, Origin::File("test.toml".into()), "{text}");
    }
}

#[test]
fn good_urls_pass() {
    let good = [
        "http://localhost:8080",
        "https://[::1]:443",
        "https://registry.example.com",
        "https://registry.example.com/",
        "https://example.com/registry",
        "https://example.com/a/b/",
    ];
    for url in good {
        let config = load_text(&format!("[server]\nurl = \"{url}\"")).unwrap();
        assert_eq!(config.server.url.as_deref(), Some(url));
    }
    let databases = [
        "postgresql://u:p@h:5432/d?sslmode=require",
        "postgres:///d?host=/run",
    ];
    for url in databases {
        let config = load_text(&format!("[database]\nurl = \"{url}\"")).unwrap();
        assert_eq!(config.database.url.unwrap().reveal(), url);
    }
}

#[test]
fn limits_of_a_key_are_inclusive() {
    assert_eq!(
        load_text("[registry]\npage_size = 10000")
            .unwrap()
            .registry
            .page_size,
        10_000
    );
    assert_eq!(
        faults_of("[registry]\npage_size = 10001")[0].key,
        "registry.page_size"
    );
    assert_eq!(
        faults_of("[server]\nheader_timeout = 0")[0].key,
        "server.header_timeout"
    );
}

#[test]
fn secrets_are_never_printed() {
    let config = load_text("[database]\nurl = \"postgresql://u:hunter2@h/d\"").unwrap();
    let broken = faults_of("[database]\nurl = \"mysql://u:hunter2@h/d\"");
    let mistyped = faults_of("[database]\nurl = [\"postgresql://u:hunter2@h/d\"]");

    let printed = [
        format!("{config:?}"),
        config.dump().to_string(),
        serde_json::to_string(&config).unwrap(),
        config.database.url.as_ref().unwrap().to_string(),
        format!("{broken:?} {}", broken[0]),
        format!("{mistyped:?} {}", mistyped[0]),
        format!(
            "{:?}",
            Sources::new().with_env("SLIPWAY__DATABASE__URL", "u:hunter2@h")
        ),
        format!(
            "{:?}",
            Sources::new().with_text("a.toml", "url = \"u:hunter2@h\"")
        ),
    ];

    for text in printed {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert_eq!(config.dump()["database"]["url"], "***");
    assert!(find_key("database.url").unwrap().flags.secret);
}
