//! Turns a Quay `config.yaml` into a configuration of ours, and says what became of each key.
//!
//! Every top-level key ends up in exactly one list: mapped, refused with a reason, not built yet,
//! or unknown. What is mapped has passed the same checks as a file that is loaded; a value that
//! fails them makes its key a refused one. `table.rs` and `features.rs` know the keys, `convert.rs` the
//! values.

mod convert;
mod features;
mod table;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::config::Config;
use crate::import::convert::How;
use crate::key::{SECTIONS, find_key};
use crate::load::Sources;
use crate::render::toml_literal;

/// What becomes of a Quay key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It sets these keys.
    Mapped(&'static [&'static str]),
    /// It has no counterpart and will get none, for this reason.
    Refused(&'static str),
    /// What it configures is not built yet.
    NotBuilt,
}

/// A top-level key of a Quay `config.yaml`.
#[derive(Clone, Copy, Debug)]
pub struct QuayKey {
    /// Quay's name.
    pub name: &'static str,
    /// What becomes of it.
    pub disposition: Disposition,
    pub(crate) how: How,
}

/// What became of a Quay configuration.
///
/// `toml` may hold the password of the database, so Debug leaves its text out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// The configuration file, ready to be written.
    pub toml: String,
    /// Quay keys with a key of ours that they set, a pair for each.
    pub mapped: Vec<(String, String)>,
    /// Quay keys that cannot be carried over, with the reason.
    pub refused: Vec<(String, String)>,
    /// Quay keys whose function does not exist here yet.
    pub not_built: Vec<String>,
    /// Keys that Quay does not know either.
    pub unknown: Vec<String>,
}

impl fmt::Debug for Import {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Import")
            .field("toml", &format_args!("{} bytes", self.toml.len()))
            .field("mapped", &self.mapped)
            .field("refused", &self.refused)
            .field("not_built", &self.not_built)
            .field("unknown", &self.unknown)
            .finish()
    }
}

/// Why a text is no Quay configuration at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not YAML.
    #[error("the file is not YAML: {0}")]
    Syntax(String),
    /// YAML, but not keys with values.
    #[error("the file is not a list of keys with values")]
    NotAMapping,
}

/// Reads a Quay `config.yaml`.
///
/// # Errors
/// [`ImportError`] when the text is not a YAML mapping. Bad values are no error, their keys are
/// listed as refused.
///
/// Quay: `util/config/schema.py`.
pub fn from_quay_yaml(text: &str) -> Result<Import, ImportError> {
    let document: Value =
        serde_yaml_ng::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()))?;
    let Value::Object(document) = document else {
        return Err(ImportError::NotAMapping);
    };
    let mut draft = Draft::default();
    for (name, value) in &document {
        draft.take(name, value, &document);
    }
    draft.drop_broken();
    Ok(draft.into_import())
}

/// The result while values can still be taken back.
/// All known keys of Quay, sorted by name.
pub fn list_quay_keys() -> impl Iterator<Item = &'static QuayKey> {
    let is_before = |key: &&QuayKey| key.name < "FEATURE_";
    let before = table::OTHERS.iter().filter(is_before);
    let after = table::OTHERS.iter().filter(move |key| !is_before(key));
    before.chain(features::FEATURES).chain(after)
}

#[derive(Default)]
struct Draft {
    values: BTreeMap<&'static str, Value>,
    mapped: Vec<(String, &'static str)>,
    refused: Vec<(String, String)>,
    not_built: Vec<String>,
    unknown: Vec<String>,
}

impl Draft {
    fn take(&mut self, name: &str, value: &Value, document: &Map<String, Value>) {
        let Some(quay_key) = list_quay_keys().find(|quay_key| quay_key.name == name) else {
            let is_login_provider = name.ends_with("_LOGIN_CONFIG");
            let list = if is_login_provider {
                &mut self.not_built
            } else {
                &mut self.unknown
            };
            list.push(name.to_owned());
            return;
        };
        match quay_key.disposition {
            Disposition::Refused(reason) => {
                let idle = if is_off(value) {
                    "; it is off or empty, nothing is lost"
                } else {
                    ""
                };
                self.refused
                    .push((name.to_owned(), format!("{reason}{idle}")));
            }
            Disposition::NotBuilt => self.not_built.push(name.to_owned()),
            Disposition::Mapped(targets) => {
                match quay_key
                    .how
                    .convert(value, document, targets)
                    .and_then(check_all)
                {
                    Ok(pairs) => {
                        for (target, converted) in pairs {
                            self.values.insert(target, converted);
                            self.mapped.push((name.to_owned(), target));
                        }
                    }
                    Err(reason) => self.refused.push((name.to_owned(), reason)),
                }
            }
        }
    }

    /// Takes back values that break a rule over several keys; each round removes at least one.
    fn drop_broken(&mut self) {
        while let Some((targets, problem)) = self.find_broken() {
            self.values.retain(|target, _| !targets.contains(target));
            let (dropped, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.mapped)
                .into_iter()
                .partition(|(_, target)| targets.contains(target));
            self.mapped = kept;
            for (name, _) in dropped {
                if !self.refused.iter().any(|(refused, _)| *refused == name) {
                    self.refused.push((name, problem.clone()));
                }
            }
        }
    }

    /// The values of ours that a broken rule is about, with what is wrong.
    fn find_broken(&self) -> Option<(Vec<&'static str>, String)> {
        let sources = Sources::new().with_text("import", self.render());
        let config = Config::load_unruled(&sources).ok()?;
        crate::rules::list_broken(&config)
            .into_iter()
            .find_map(|rule| {
                let targets: Vec<&'static str> = rule
                    .keys
                    .iter()
                    .copied()
                    .filter(|key| self.values.contains_key(key))
                    .collect();
                let problem = rule.into_fault(crate::fault::Origin::Default).problem;
                (!targets.is_empty()).then_some((targets, problem))
            })
    }

    fn render(&self) -> String {
        let mut text = String::from("# Made from a Quay config.yaml.\n");
        for section in SECTIONS {
            let set = section
                .keys
                .iter()
                .filter_map(|key| Some((key, self.values.get(key.path)?)));
            let lines: String = set
                .map(|(key, value)| format!("{} = {}\n", key.name, toml_literal(value)))
                .collect();
            if !lines.is_empty() {
                text.push_str(&format!("\n[{}]\n{lines}", section.name));
            }
        }
        text
    }

    fn into_import(self) -> Import {
        Import {
            toml: self.render(),
            mapped: self
                .mapped
                .into_iter()
                .map(|(name, target)| (name, target.to_owned()))
                .collect(),
            refused: self.refused,
            not_built: self.not_built,
            unknown: self.unknown,
        }
    }
}

type Pairs = Vec<(&'static str, Value)>;

fn check_all(pairs: Pairs) -> Result<Pairs, String> {
    for (target, value) in &pairs {
        let key = find_key(target).ok_or_else(|| format!("there is no key `{target}`"))?;
        (key.check)(value)?;
    }
    Ok(pairs)
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
