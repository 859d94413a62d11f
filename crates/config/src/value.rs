//! The trait every key type implements: reading, writing, naming and describing a value.
//!
//! A value travels as [`serde_json::Value`] between the layers and the typed struct, so one
//! `parse` serves files, environment, defaults and the struct's serde code. Error texts say what
//! is wrong with the value and what would be right; they never name the key, the caller does.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de, ser};
use serde_json::{Value, json};

/// A type that a configuration key can have.
pub(crate) trait Setting: Sized {
    /// The type's name in documents, such as `duration` or `list of networks`.
    fn type_name() -> String;

    /// Reads a value as it stands in a file.
    fn parse(value: &Value) -> Result<Self, String>;

    /// Writes the value as it would stand in a file; null when unset. Secrets come out as `***`.
    fn render(&self) -> Value;

    /// JSON Schema of the accepted values, without title and default.
    fn schema() -> Value;

    /// What would be accepted, in words, for error texts.
    fn allowed() -> String;

    /// Turns the text of an environment variable into a file value; parsing comes after.
    fn read_text(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

/// Checks a parsed value against the inclusive limits of its key.
pub(crate) fn within<T: Setting + PartialOrd>(value: &T, low: &T, high: &T) -> Result<(), String> {
    if value < low || value > high {
        let (shown, low, high) = (
            show(&value.render()),
            show(&low.render()),
            show(&high.render()),
        );
        return Err(format!(
            "{shown} is out of range, allowed is {low} to {high}"
        ));
    }
    Ok(())
}

/// Shows a file value in a message: text bare, the rest as JSON.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// Serde's way in: every field of a section reads through [`Setting::parse`].
pub(crate) fn read<'de, D: Deserializer<'de>, T: Setting>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    T::parse(&value).map_err(de::Error::custom)
}

/// Serde's way out: every field of a section writes through [`Setting::render`].
pub(crate) fn write<T: Setting, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value
        .render()
        .serialize(serializer)
        .map_err(ser::Error::custom)
}

impl Setting for bool {
    fn type_name() -> String {
        "boolean".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        value
            .as_bool()
            .ok_or_else(|| format!("{} is not true or false", show(value)))
    }

    fn render(&self) -> Value {
        Value::Bool(*self)
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }

    fn allowed() -> String {
        "true or false".to_owned()
    }

    fn read_text(text: &str) -> Value {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text.to_owned()),
        }
    }
}

/// Whole numbers differ by their width only.
macro_rules! whole_number {
    ($($number:ty),+) => {$(
        impl Setting for $number {
            fn type_name() -> String {
                "integer".to_owned()
            }

            fn parse(value: &Value) -> Result<Self, String> {
                value
                    .as_u64()
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| format!("{} is not a {}", show(value), Self::allowed()))
            }

            fn render(&self) -> Value {
                Value::from(*self)
            }

            fn schema() -> Value {
                json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
            }

            fn allowed() -> String {
                format!("whole number from 0 to {}", Self::MAX)
            }

            fn read_text(text: &str) -> Value {
                text.trim().parse::<u64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
            }
        }
    )+};
}

whole_number!(u16, u32, u64);

impl Setting for f64 {
    fn type_name() -> String {
        "number".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        value
            .as_f64()
            .ok_or_else(|| format!("{} is not a number", show(value)))
    }

    fn render(&self) -> Value {
        Value::from(*self)
    }

    fn schema() -> Value {
        json!({"type": "number"})
    }

    fn allowed() -> String {
        "a number".to_owned()
    }

    fn read_text(text: &str) -> Value {
        text.trim()
            .parse::<Self>()
            .map_or_else(|_| Value::String(text.to_owned()), Value::from)
    }
}

impl Setting for String {
    fn type_name() -> String {
        "text".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("{} is not text", show(value)))
    }

    fn render(&self) -> Value {
        Value::String(self.clone())
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }

    fn allowed() -> String {
        "text in quotes".to_owned()
    }
}

impl Setting for PathBuf {
    fn type_name() -> String {
        "path".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("") => Err("the path is empty".to_owned()),
            Some(text) => Ok(Self::from(text)),
            None => Err(format!("{} is not a path", show(value))),
        }
    }

    fn render(&self) -> Value {
        Value::String(self.display().to_string())
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn allowed() -> String {
        "a path in quotes".to_owned()
    }
}

impl Setting for SocketAddr {
    fn type_name() -> String {
        "address".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value
            .as_str()
            .ok_or_else(|| format!("{} is not an address", show(value)))?;
        text.parse()
            .map_err(|_| format!("`{text}` is not an address of the form ip:port"))
    }

    fn render(&self) -> Value {
        Value::String(self.to_string())
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^(\\[[0-9A-Fa-f:.]+\\]|[0-9.]+):[0-9]{1,5}$"})
    }

    fn allowed() -> String {
        "an IP address with port, such as `127.0.0.1:8080` or `[::]:8080`".to_owned()
    }
}

/// Absent is unset; since TOML has no null, empty text says so as well.
impl<T: Setting> Setting for Option<T> {
    fn type_name() -> String {
        format!("{}, optional", T::type_name())
    }

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            present => T::parse(present).map(Some),
        }
    }

    fn render(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::render)
    }

    fn schema() -> Value {
        json!({"anyOf": [T::schema(), {"const": ""}]})
    }

    fn allowed() -> String {
        format!("{}, or empty text for unset", T::allowed())
    }

    fn read_text(text: &str) -> Value {
        if text.is_empty() {
            Value::Null
        } else {
            T::read_text(text)
        }
    }
}

/// A list may be written as one bare value; in the environment commas separate.
impl<T: Setting> Setting for Vec<T> {
    fn type_name() -> String {
        format!("list of {}", T::type_name())
    }

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Array(items) => items.iter().map(T::parse).collect(),
            single => Ok(vec![T::parse(single)?]),
        }
    }

    fn render(&self) -> Value {
        self.iter().map(Setting::render).collect()
    }

    fn schema() -> Value {
        json!({"anyOf": [{"type": "array", "items": T::schema()}, T::schema()]})
    }

    fn allowed() -> String {
        format!("a list, each item {}", T::allowed())
    }

    fn read_text(text: &str) -> Value {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::read_text)
            .collect()
    }
}
