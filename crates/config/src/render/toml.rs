//! The commented `config.toml`: every key with its doc, commented out at its default.
//!
//! Documentation lines begin with `# `, settings with `#` and no space, so that removing that one
//! sign is all it takes to set a key.

use crate::key::{Key, SECTIONS};
use crate::render::{range_text, toml_literal};

const HEADER: &str = "\
# Configuration of Slipway, every key at its default.
#
# To change a key, remove the `#` before it. Layers, later ones win: defaults, ./config.toml,
# the file given with --config, environment variables SLIPWAY__SECTION__KEY.
# An optional key counts as unset when it is empty.
#
# Generated: cargo run -p slipway-config --example render
";

/// Writes a file with all keys, their documentation as comments, their defaults commented out.
#[must_use]
pub fn render_toml() -> String {
    let mut text = HEADER.to_owned();
    for section in SECTIONS {
        text.push('\n');
        push_doc(&mut text, section.doc);
        push_line(&mut text, &format!("[{}]", section.name));
        for key in section.keys {
            text.push('\n');
            push_key(&mut text, key);
        }
    }
    text
}

fn push_key(text: &mut String, key: &Key) {
    push_doc(text, key.doc);
    let range = range_text(key).map_or_else(String::new, |range| format!(", {range}"));
    push_line(text, &format!("# ({}{range})", key.type_name()));
    push_line(
        text,
        &format!("#{} = {}", key.name, toml_literal(&key.default_value())),
    );
}

fn push_doc(text: &mut String, lines: &[&str]) {
    for line in lines {
        push_line(text, format!("#{line}").trim_end());
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
