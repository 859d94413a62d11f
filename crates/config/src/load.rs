//! Reads the layers, checks each value where it stands, and merges what is left.
//!
//! Each file and the environment become a layer: key paths with values and where they came from.
//! A layer's values are checked against the table of keys one by one, so that all faults are
//! found; the `config` crate then lays the layers over each other and fills the struct. Rules
//! over several keys run last, and only on keys that are not at fault already.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use config::{Map, Source, Value as LayerValue, ValueKind};
use serde_json::Value;

use crate::config::Config;
use crate::fault::{ConfigFaults, Fault, Origin};
use crate::key::{Key, SECTIONS, find_key, list_keys};
use crate::suggest::{find_nearest_key, find_nearest_section};

/// The file that is read without being asked for.
const IMPLIED_FILE: &str = "config.toml";
const ENV_PREFIX: &str = "SLIPWAY__";

/// What to load a configuration from; later files win, the environment wins over files.
///
/// Debug names the files and variables and leaves out their contents, which may hold secrets.
#[derive(Clone, Default)]
pub struct Sources {
    files: Vec<FileSource>,
    environment: BTreeMap<String, OsString>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&PathBuf> = self.files.iter().map(|file| &file.path).collect();
        let variables: Vec<&String> = self.environment.keys().collect();
        formatter
            .debug_struct("Sources")
            .field("files", &files)
            .field("environment", &variables)
            .finish()
    }
}

#[derive(Clone)]
struct FileSource {
    path: PathBuf,
    content: FileContent,
}

#[derive(Clone)]
enum FileContent {
    OnDisk { required: bool },
    Given(String),
}

impl Sources {
    /// Nothing but the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sources of a running process: `./config.toml` if there is one, then `explicit`, then
    /// the process's environment.
    #[must_use]
    pub fn of_process(explicit: Option<&Path>) -> Self {
        let mut sources = Self::new().with_file_if_present(IMPLIED_FILE);
        if let Some(path) = explicit {
            sources = sources.with_file(path);
        }
        sources.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(ENV_PREFIX))
            .collect();
        sources
    }

    /// Adds a file that must exist.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        let content = FileContent::OnDisk { required: true };
        self.files.push(FileSource {
            path: path.into(),
            content,
        });
        self
    }

    /// Adds a file that may be absent.
    #[must_use]
    pub fn with_file_if_present(mut self, path: impl Into<PathBuf>) -> Self {
        let content = FileContent::OnDisk { required: false };
        self.files.push(FileSource {
            path: path.into(),
            content,
        });
        self
    }

    /// Adds TOML text as if it stood in a file of that name.
    #[must_use]
    pub fn with_text(mut self, name: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let content = FileContent::Given(text.into());
        self.files.push(FileSource {
            path: name.into(),
            content,
        });
        self
    }

    /// Adds an environment variable; names without the prefix `SLIPWAY__` are ignored.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }
}

impl Config {
    /// Loads the configuration of this process.
    ///
    /// Layers, later ones win: defaults, `./config.toml` if there is one, `explicit`, environment
    /// variables `SLIPWAY__SECTION__KEY`.
    ///
    /// # Errors
    /// [`ConfigFaults`] with everything that is wrong, never only the first thing.
    pub fn load(explicit: Option<&Path>) -> Result<Self, ConfigFaults> {
        Self::load_from(&Sources::of_process(explicit))
    }

    /// Loads a configuration from the sources given, and nothing else.
    ///
    /// # Errors
    /// [`ConfigFaults`] with everything that is wrong, never only the first thing.
    pub fn load_from(sources: &Sources) -> Result<Self, ConfigFaults> {
        let mut faults = Vec::new();
        let layers = read_layers(sources, &mut faults);
        let origins = collect_origins(&layers);
        match merge(layers) {
            Ok(config) => {
                faults.extend(list_rule_faults(&config, &origins, &faults));
                if faults.is_empty() {
                    Ok(config)
                } else {
                    Err(ConfigFaults(faults))
                }
            }
            Err(problem) => {
                faults.push(whole_fault(Origin::Default, problem));
                Err(ConfigFaults(faults))
            }
        }
    }

    /// Loads without the rules over several keys, for a caller that looks at these itself.
    pub(crate) fn load_unruled(sources: &Sources) -> Result<Self, ConfigFaults> {
        let mut faults = Vec::new();
        let merged = merge(read_layers(sources, &mut faults));
        match merged {
            Ok(config) if faults.is_empty() => Ok(config),
            Ok(_) => Err(ConfigFaults(faults)),
            Err(problem) => Err(ConfigFaults(vec![whole_fault(Origin::Default, problem)])),
        }
    }
}

fn read_layers(sources: &Sources, faults: &mut Vec<Fault>) -> Vec<Layer> {
    let files = sources.files.iter();
    let mut layers: Vec<Layer> = files.filter_map(|file| read_file(file, faults)).collect();
    layers.push(read_environment(&sources.environment, faults));
    layers
}

/// Which layer had the last word on each key.
fn collect_origins(layers: &[Layer]) -> BTreeMap<&'static str, Origin> {
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    entries
        .map(|(path, entry)| (*path, entry.origin.clone()))
        .collect()
}

fn merge(layers: Vec<Layer>) -> Result<Config, String> {
    let mut builder = config::Config::builder();
    for layer in layers {
        builder = builder.add_source(layer);
    }
    let merged = builder.build().and_then(config::Config::try_deserialize);
    merged.map_err(|error| error.to_string())
}

/// Faults against rules over several keys, leaving out rules on keys already at fault.
fn list_rule_faults(
    config: &Config,
    origins: &BTreeMap<&'static str, Origin>,
    known: &[Fault],
) -> Vec<Fault> {
    let at_fault: BTreeSet<&str> = known.iter().map(|fault| fault.key.as_str()).collect();
    let broken = crate::rules::list_broken(config);
    let relevant = broken
        .into_iter()
        .filter(|rule| !rule.keys.iter().any(|key| at_fault.contains(key)));
    relevant
        .map(|rule| {
            let origin = rule.keys.iter().find_map(|key| origins.get(key)).cloned();
            rule.into_fault(origin.unwrap_or(Origin::Default))
        })
        .collect()
}

#[derive(Clone, Debug)]
struct Entry {
    value: Value,
    origin: Origin,
}

/// The values of one file, or of the environment, by key path; all of them checked.
#[derive(Clone, Debug, Default)]
struct Layer {
    entries: BTreeMap<&'static str, Entry>,
}

impl Layer {
    fn insert(&mut self, key: &'static Key, value: Value, origin: Origin, faults: &mut Vec<Fault>) {
        match (key.check)(&value) {
            Ok(()) => {
                self.entries.insert(key.path, Entry { value, origin });
            }
            Err(problem) => faults.push(Fault {
                key: key.path.to_owned(),
                origin,
                problem,
                allowed: Some((key.allowed)()),
                suggestion: None,
            }),
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, LayerValue>, config::ConfigError> {
        let entries = self.entries.iter();
        Ok(entries
            .map(|(path, entry)| ((*path).to_owned(), layer_value(entry)))
            .collect())
    }
}

fn layer_value(entry: &Entry) -> LayerValue {
    LayerValue::new(
        Some(&entry.origin.to_string()),
        layer_kind(&entry.value, &entry.origin),
    )
}

fn layer_kind(value: &Value, origin: &Origin) -> ValueKind {
    match value {
        Value::Null => ValueKind::Nil,
        Value::Bool(flag) => ValueKind::Boolean(*flag),
        Value::Number(number) => number
            .as_i64()
            .map(ValueKind::I64)
            .or_else(|| number.as_u64().map(ValueKind::U64))
            .or_else(|| number.as_f64().map(ValueKind::Float))
            .unwrap_or(ValueKind::Nil),
        Value::String(text) => ValueKind::String(text.clone()),
        Value::Array(items) => ValueKind::Array(
            items
                .iter()
                .map(|item| LayerValue::new(Some(&origin.to_string()), layer_kind(item, origin)))
                .collect(),
        ),
        Value::Object(fields) => ValueKind::Table(
            fields
                .iter()
                .map(|(name, field)| {
                    (
                        name.clone(),
                        LayerValue::new(None, layer_kind(field, origin)),
                    )
                })
                .collect(),
        ),
    }
}

fn whole_fault(origin: Origin, problem: String) -> Fault {
    Fault {
        key: String::new(),
        origin,
        problem,
        allowed: None,
        suggestion: None,
    }
}

fn read_file(file: &FileSource, faults: &mut Vec<Fault>) -> Option<Layer> {
    let origin = Origin::File(file.path.clone());
    let text = match &file.content {
        FileContent::Given(text) => text.clone(),
        FileContent::OnDisk { required } => match fs::read_to_string(&file.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !required => return None,
            Err(error) => {
                faults.push(whole_fault(origin, format!("cannot be read: {error}")));
                return None;
            }
        },
    };
    match toml::from_str::<toml::Table>(&text) {
        Ok(table) => Some(read_table(&table, &origin, faults)),
        Err(error) => {
            // the full message would quote the line, and with it perhaps a password
            let line = error.span().map_or(1, |span| count_line(&text, span.start));
            faults.push(whole_fault(
                origin,
                format!("line {line}: {}", error.message()),
            ));
            None
        }
    }
}

fn count_line(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

fn read_table(table: &toml::Table, origin: &Origin, faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer::default();
    for (section_name, content) in table {
        if !SECTIONS.iter().any(|section| section.name == section_name) {
            faults.push(unknown_section(section_name, origin));
            continue;
        }
        let Some(fields) = content.as_table() else {
            let problem = format!("is a section, write its keys below `[{section_name}]`");
            faults.push(Fault {
                key: section_name.clone(),
                ..whole_fault(origin.clone(), problem)
            });
            continue;
        };
        for (name, field) in fields {
            let path = format!("{section_name}.{name}");
            match find_key(&path) {
                Some(key) => layer.insert(key, to_json(field), origin.clone(), faults),
                None => faults.push(unknown_key(path, origin)),
            }
        }
    }
    layer
}

fn unknown_section(name: &str, origin: &Origin) -> Fault {
    Fault {
        key: name.to_owned(),
        suggestion: find_nearest_section(name).or_else(|| find_nearest_key(name)),
        ..whole_fault(origin.clone(), "there is no such section".to_owned())
    }
}

fn unknown_key(path: String, origin: &Origin) -> Fault {
    Fault {
        suggestion: find_nearest_key(&path),
        key: path,
        ..whole_fault(origin.clone(), "there is no such key".to_owned())
    }
}

/// Dates have no place among the key types; they pass as text and are refused as such.
fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.iter().map(to_json).collect(),
        toml::Value::Table(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), to_json(field)))
            .collect(),
    }
}

fn read_environment(environment: &BTreeMap<String, OsString>, faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer::default();
    for (name, raw) in environment {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        let origin = Origin::Environment(name.clone());
        let path = rest.to_ascii_lowercase().replacen("__", ".", 1);
        let Some(key) = list_keys().find(|key| key.env_name() == *name) else {
            faults.push(unknown_key(path, &origin));
            continue;
        };
        match raw.to_str() {
            Some(text) => layer.insert(key, (key.read_text)(text), origin, faults),
            None => faults.push(Fault {
                key: key.path.to_owned(),
                ..whole_fault(origin, "the value is not UTF-8".to_owned())
            }),
        }
    }
    layer
}
