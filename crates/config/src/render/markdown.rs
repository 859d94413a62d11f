//! `docs/configuration.md`: how configuration is read, and a table of keys for each section.

use crate::import::{Disposition, list_quay_keys};
use crate::key::{Key, SECTIONS, Section, join_doc};
use crate::render::{range_text, toml_literal};

const HEADER: &str = "\
# Configuration

Every key has a default; a file is not needed. Layers, later ones win:

1. the defaults in the tables below,
2. `./config.toml`, if there is one,
3. the file given with `--config`,
4. environment variables `SLIPWAY__SECTION__KEY`, such as `SLIPWAY__SERVER__LISTEN`.

A layer replaces a value as a whole, lists too. Unknown keys and bad values stop the start; all of
them are listed at once, with the file or variable they stand in. Other environment variables are
not looked at.

| Type | Written as |
| --- | --- |
| size | a number of bytes, or `64 KiB`, `4 MiB`, `1 GiB` (powers of 1024), `20G`, `500M` (powers of 1000) |
| duration | a number of seconds, or `500ms`, `30s`, `5m`, `1h30m`, `24h`, `2w` |
| network | an address or `address/prefix`; bits below the prefix must be zero |
| list | `[\"a\", \"b\"]`, or one bare value; in the environment separated by commas |
| optional | may be unset; empty text means unset |

Marks: **secret** values are never printed; **public** values can be seen by clients that have not
logged in; **reload** values take effect without a restart.

This file is generated: `cargo run -p slipway-config --example render`.
";

/// Writes the configuration document: rules of reading, then all keys section by section, then
/// what becomes of the keys of a Quay configuration.
#[must_use]
pub fn render_markdown() -> String {
    let mut text = HEADER.to_owned();
    for section in SECTIONS {
        text.push_str(&section_text(section));
    }
    text.push_str(&quay_text());
    text
}

fn section_text(section: &Section) -> String {
    let rows: String = section.keys.iter().map(key_row).collect();
    format!(
        "\n## `[{}]`\n\n{}\n\n| Key | Type | Default | Meaning | Quay |\n\
         | --- | --- | --- | --- | --- |\n{rows}",
        section.name,
        join_doc(section.doc),
    )
}

fn key_row(key: &Key) -> String {
    let default = key.default_value();
    let shown_default = if default.is_null() {
        "unset".to_owned()
    } else {
        code(&toml_literal(&default))
    };
    let range = range_text(key).map_or_else(String::new, |range| format!(" ({range})"));
    let marks: String = [
        ("secret", key.flags.secret),
        ("public", key.flags.public),
        ("reload", key.flags.reload),
    ]
    .iter()
    .filter(|(_, is_set)| *is_set)
    .map(|(mark, _)| format!(" **{mark}**"))
    .collect();
    let quay: Vec<String> = key.quay.iter().map(|name| code(name)).collect();
    format!(
        "| `{}` | {}{range} | {shown_default} | {}{marks} | {} |\n",
        key.name,
        key.type_name(),
        key.doc_text().replace('\n', "<br>").replace('|', "\\|"),
        quay.join(", "),
    )
}

fn quay_text() -> String {
    let mut mapped = String::new();
    let mut refused = String::new();
    let mut not_built: Vec<String> = Vec::new();
    for quay_key in list_quay_keys() {
        match quay_key.disposition {
            Disposition::Mapped(targets) => {
                let targets: Vec<String> = targets.iter().map(|target| code(target)).collect();
                mapped.push_str(&format!(
                    "| `{}` | {} |\n",
                    quay_key.name,
                    targets.join(", ")
                ));
            }
            Disposition::Refused(reason) => {
                refused.push_str(&format!("| `{}` | {reason} |\n", quay_key.name));
            }
            Disposition::NotBuilt => not_built.push(code(quay_key.name)),
        }
    }
    format!(
        "\n## Coming from Quay\n\n`slipway config import` reads a Quay `config.yaml`. Each of its \
         keys is carried over, refused with a reason, or named as not built yet.\n\n\
         | Quay | Here |\n| --- | --- |\n{mapped}\n\
         | Refused | Because |\n| --- | --- |\n{refused}\n\
         Not built yet: {}.\n",
        not_built.join(", "),
    )
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
