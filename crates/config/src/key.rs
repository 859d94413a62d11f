//! The table of all keys, and the macro that declares them.
//!
//! [`section!`] takes a section once and yields its struct (serde code, `Default`) and its rows
//! ([`Key`]). [`SECTIONS`] lists the sections in the order in which documents show them.
//!
//! A declaration reads, with the last three parts optional:
//! `name: Type = default, range [low, high], quay ["NAME"], flags [public, reload, secret];`

use serde_json::Value;

use crate::sections;

/// What is special about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// The value is never printed.
    pub secret: bool,
    /// Clients may see the value without logging in.
    pub public: bool,
    /// A change takes effect on reload, without a restart.
    pub reload: bool,
}

impl Flags {
    /// No flag set.
    pub const NONE: Self = Self {
        secret: false,
        public: false,
        reload: false,
    };
}

/// One configuration key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key with its section, such as `server.listen`.
    pub path: &'static str,
    /// The section it belongs to, such as `server`.
    pub section: &'static str,
    /// Its name within the section.
    pub name: &'static str,
    /// Lines of its documentation, each with a leading space as in the source.
    pub doc: &'static [&'static str],
    /// Quay's names for the same setting.
    pub quay: &'static [&'static str],
    /// What is special about it.
    pub flags: Flags,
    pub(crate) type_name: fn() -> String,
    pub(crate) default: fn() -> Value,
    pub(crate) check: fn(&Value) -> Result<(), String>,
    pub(crate) range: fn() -> Option<(Value, Value)>,
    pub(crate) schema: fn() -> Value,
    pub(crate) allowed: fn() -> String,
    pub(crate) read_text: fn(&str) -> Value,
}

impl Key {
    /// The environment variable that sets it, such as `SLIPWAY__SERVER__LISTEN`.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("SLIPWAY__{}__{}", self.section, self.name).to_ascii_uppercase()
    }

    /// The name of its type, in words.
    #[must_use]
    pub fn type_name(&self) -> String {
        (self.type_name)()
    }

    /// The default as a file value; null when unset.
    #[must_use]
    pub fn default_value(&self) -> Value {
        (self.default)()
    }

    /// The documentation as one text, lines joined by spaces, paragraphs by a line break.
    #[must_use]
    pub fn doc_text(&self) -> String {
        join_doc(self.doc)
    }
}

/// Joins doc lines into paragraphs.
pub(crate) fn join_doc(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines.iter().map(|line| line.trim()) {
        if line.is_empty() {
            text.push('\n');
            continue;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// A group of keys, a table in the file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Name of the table.
    pub name: &'static str,
    /// Lines of its documentation, each with a leading space as in the source.
    pub doc: &'static [&'static str],
    /// Its keys in the order in which documents show them.
    pub keys: &'static [Key],
}

/// All sections in the order in which documents show them.
pub const SECTIONS: &[Section] = &[
    sections::Server::SECTION,
    sections::Tls::SECTION,
    sections::Data::SECTION,
    sections::Database::SECTION,
    sections::Storage::SECTION,
    sections::Registry::SECTION,
    sections::Tags::SECTION,
    sections::Auth::SECTION,
    sections::Accounts::SECTION,
    sections::Api::SECTION,
    sections::Mail::SECTION,
    sections::Limits::SECTION,
    sections::Audit::SECTION,
    sections::Log::SECTION,
    sections::Metrics::SECTION,
    sections::Telemetry::SECTION,
    sections::Debug::SECTION,
];

/// All keys, section by section.
pub fn list_keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The key with this path, such as `server.listen`.
#[must_use]
pub fn find_key(path: &str) -> Option<&'static Key> {
    list_keys().find(|key| key.path == path)
}

/// Declares one section: its struct, its defaults and its rows in the table of keys.
macro_rules! section {
    (
        $(#[doc = $doc:literal])+
        $name:ident in $section:literal {
            $(
                $(#[doc = $key_doc:literal])+
                $key:ident: $ty:ty = $default:expr
                $(, range [$low:expr, $high:expr])?
                $(, quay [$($quay:literal),+ $(,)?])?
                $(, flags [$($flag:ident),+])?;
            )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(
                $(#[doc = $key_doc])+
                #[serde(
                    deserialize_with = "crate::value::read",
                    serialize_with = "crate::value::write"
                )]
                pub $key: $ty,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        impl $name {
            pub(crate) const SECTION: $crate::key::Section = $crate::key::Section {
                name: $section,
                doc: &[$($doc),+],
                keys: &[$(
                    $crate::key::Key {
                        path: concat!($section, ".", stringify!($key)),
                        section: $section,
                        name: stringify!($key),
                        doc: &[$($key_doc),+],
                        quay: &[$($($quay),+)?],
                        flags: $crate::key::Flags {
                            $($($flag: true,)+)?
                            ..$crate::key::Flags::NONE
                        },
                        type_name: <$ty as $crate::value::Setting>::type_name,
                        default: || $crate::value::Setting::render(&Self::default().$key),
                        check: |value| {
                            let _parsed = <$ty as $crate::value::Setting>::parse(value)?;
                            $( $crate::value::within::<$ty>(&_parsed, &$low, &$high)?; )?
                            Ok(())
                        },
                        range: || {
                            None$(.or(Some((
                                $crate::value::Setting::render(&{ let low: $ty = $low; low }),
                                $crate::value::Setting::render(&{ let high: $ty = $high; high }),
                            ))))?
                        },
                        schema: <$ty as $crate::value::Setting>::schema,
                        allowed: <$ty as $crate::value::Setting>::allowed,
                        read_text: <$ty as $crate::value::Setting>::read_text,
                    },
                )+],
            };
        }
    };
}

pub(crate) use section;
