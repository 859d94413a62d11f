//! The JSON Schema of a configuration file (draft 2020-12), for editors and checks.
//!
//! Quay's names, secrecy and the environment variable of a key stand in `x-` fields.

use serde_json::{Map, Value, json};

use crate::key::{Key, SECTIONS, Section, join_doc};

/// The JSON Schema (draft 2020-12) of a configuration file.
#[must_use]
pub fn render_schema() -> Value {
    let sections: Map<String, Value> = SECTIONS
        .iter()
        .map(|section| (section.name.to_owned(), section_schema(section)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Slipway configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

fn section_schema(section: &Section) -> Value {
    let keys: Map<String, Value> = section
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), key_schema(key)))
        .collect();
    json!({
        "description": join_doc(section.doc),
        "type": "object",
        "additionalProperties": false,
        "properties": keys,
    })
}

fn key_schema(key: &Key) -> Value {
    let mut schema = match (key.schema)() {
        Value::Object(fields) => fields,
        other => Map::from_iter([("const".to_owned(), other)]),
    };
    schema.insert("description".to_owned(), Value::from(key.doc_text()));
    let default = key.default_value();
    if !default.is_null() {
        schema.insert("default".to_owned(), default);
    }
    if let Some((low, high)) = (key.range)() {
        // sizes and times are text, whose order a schema cannot express
        if low.is_number() && high.is_number() {
            schema.insert("minimum".to_owned(), low);
            schema.insert("maximum".to_owned(), high);
        } else {
            schema.insert("x-range".to_owned(), json!([low, high]));
        }
    }
    schema.insert("x-env".to_owned(), Value::from(key.env_name()));
    if !key.quay.is_empty() {
        schema.insert("x-quay".to_owned(), Value::from(key.quay));
    }
    for (name, is_set) in [
        ("x-secret", key.flags.secret),
        ("x-public", key.flags.public),
        ("x-reload", key.flags.reload),
    ] {
        if is_set {
            schema.insert(name.to_owned(), Value::Bool(true));
        }
    }
    Value::Object(schema)
}
