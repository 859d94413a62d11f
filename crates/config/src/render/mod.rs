//! Writes the table of keys out: as a commented file, as a JSON Schema, as a document.
//!
//! `config.toml` and `docs/configuration.md` in the repository are these texts; a test compares
//! them, `cargo run -p slipway-config --example render` writes them anew.

mod markdown;
mod schema;
mod toml;

use serde_json::Value;

pub use self::markdown::render_markdown;
pub use self::schema::render_schema;
pub use self::toml::render_toml;

/// Writes a file value as TOML; empty text when unset, which is how a file says so.
pub(crate) fn toml_literal(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::String(text) => ::toml::Value::String(text.clone()).to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_literal).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes the limits of a key in words, if it has any.
fn range_text(key: &crate::key::Key) -> Option<String> {
    let (low, high) = (key.range)()?;
    let bare = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    Some(format!("{} to {}", bare(&low), bare(&high)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::toml_literal;

    #[test]
    fn a_literal_reads_back_as_the_value() {
        let values = json!([
            "a \"quoted\" \\ text\n",
            ["x", 1, true, 0.5],
            42,
            false,
            1.0
        ]);
        let text = format!("value = {}", toml_literal(&values));

        let table: ::toml::Table = text.parse().unwrap();

        assert_eq!(serde_json::to_value(&table["value"]).unwrap(), values);
    }
}
