//! The generated documents: complete, valid, and the same as the committed ones.

#![expect(
    clippy::unwrap_used,
    reason = "shared parts of tests fail by panicking"
)]

use std::fs;
use std::path::Path;

use serde_json::Value;
use slipway_config::{
    Config, SECTIONS, Sources, list_keys, render_markdown, render_schema, render_toml,
};

fn committed(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

const HINT: &str = "run `cargo run -p slipway-config --example render`";

#[test]
fn the_committed_config_toml_is_the_generated_one() {
    assert!(
        committed("config.toml") == render_toml(),
        "config.toml is stale, {HINT}"
    );
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let is_same = committed("docs/configuration.md") == render_markdown();
    assert!(is_same, "docs/configuration.md is stale, {HINT}");
}

#[test]
fn the_file_with_all_comments_removed_is_the_default() {
    let text: String = render_toml()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let settings = text
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with('#'));
    assert_eq!(settings.count(), list_keys().count());

    let config = Config::load_from(&Sources::new().with_text("all.toml", text)).unwrap();

    assert_eq!(config, Config::default());
}

#[test]
fn every_key_is_documented_in_sentences() {
    for key in list_keys() {
        assert!(key.doc_text().len() > 20, "{} needs a doc", key.path);
        assert!(
            key.doc_text().ends_with('.'),
            "the doc of {} is no sentence",
            key.path
        );
    }
}

#[test]
fn the_table_of_keys_and_the_struct_agree() {
    let dump = Config::default().dump();
    let sections = dump.as_object().unwrap();

    let in_struct: Vec<String> = sections
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_object()
                .unwrap()
                .keys()
                .map(move |key| format!("{section}.{key}"))
        })
        .collect();
    let mut in_table: Vec<String> = list_keys().map(|key| key.path.to_owned()).collect();
    let mut in_struct = in_struct;
    in_table.sort();
    in_struct.sort();
    assert_eq!(in_struct, in_table);
    assert_eq!(sections.len(), SECTIONS.len());
    for key in list_keys() {
        assert_eq!(
            dump[key.section][key.name],
            key.default_value(),
            "{}",
            key.path
        );
    }
}

#[test]
fn the_schema_has_every_key_and_closes_every_object() {
    let schema = render_schema();

    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema["additionalProperties"], false);
    for key in list_keys() {
        let section = &schema["properties"][key.section];
        assert_eq!(section["additionalProperties"], false, "{}", key.section);
        let entry = &section["properties"][key.name];
        let has_form = ["type", "anyOf", "enum"]
            .iter()
            .any(|word| entry.get(word).is_some());
        assert!(has_form, "{} has no form: {entry}", key.path);
        assert_eq!(entry["description"], key.doc_text(), "{}", key.path);
        assert_eq!(entry["x-env"], key.env_name());
        let default = key.default_value();
        assert_eq!(
            entry.get("default"),
            Some(&default).filter(|value| !value.is_null())
        );
    }
    let page_size = &schema["properties"]["registry"]["properties"]["page_size"];
    assert_eq!(
        (&page_size["minimum"], &page_size["maximum"]),
        (&Value::from(1), &Value::from(10_000))
    );
    let url = &schema["properties"]["database"]["properties"]["url"];
    assert_eq!(url["x-secret"], true);
    assert_eq!(url["x-quay"], serde_json::json!(["DB_URI"]));
}

#[test]
fn the_document_names_every_key() {
    let document = render_markdown();
    for key in list_keys() {
        assert!(
            document.contains(&format!("| `{}` | ", key.name)),
            "{}",
            key.path
        );
    }
}
