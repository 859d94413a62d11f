//! Values that must not show up in logs, dumps or error texts.
//!
//! Debug, Display and serialising all give `***`; the value itself is reached only through
//! [`Secret::reveal`], so each use can be found by that name.

use std::fmt;

use serde_json::Value;

use crate::value::Setting;

/// What stands in for a secret wherever one would be printed.
const MASK: &str = "***";

/// A value that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; do not log it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl<T: Setting> Setting for Secret<T> {
    fn type_name() -> String {
        format!("secret {}", T::type_name())
    }

    fn parse(value: &Value) -> Result<Self, String> {
        // the inner text names the value, so it must not get out
        T::parse(value)
            .map(Self)
            .map_err(|_| "the value (hidden) has the wrong form".to_owned())
    }

    fn render(&self) -> Value {
        Value::String(MASK.to_owned())
    }

    fn schema() -> Value {
        T::schema()
    }

    fn allowed() -> String {
        T::allowed()
    }

    fn read_text(text: &str) -> Value {
        T::read_text(text)
    }
}
