//! Amounts of bytes, written as people write them.
//!
//! `KiB`, `MiB`, `GiB`, `TiB`, `PiB` are powers of 1024; `K`, `M`, `G`, `T`, `P` with or without a
//! `B` are powers of 1000, as Quay reads them (`20G` is 20 000 000 000). A bare number is bytes.
//! Letter case and a space before the unit do not matter. Fractions are refused: write the next
//! smaller unit. Printing uses the largest binary unit that divides evenly, so that what is
//! printed reads back as the same amount.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::value::{self, Setting, show};

const BINARY_UNITS: [(&str, u64); 5] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of exactly `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size in units of 1024 bytes; saturates at the largest representable size.
    #[must_use]
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// A size in units of 1024² bytes; saturates at the largest representable size.
    #[must_use]
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// A size in units of 1024³ bytes; saturates at the largest representable size.
    #[must_use]
    pub const fn from_gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length in memory; saturates where addresses are smaller.
    #[must_use]
    pub fn len_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Why a text is not a [`ByteSize`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// No digits at the start, or a unit nobody knows.
    #[error("`{0}` is not a size such as `65536`, `64 KiB` or `20G`")]
    Form(String),
    /// More than 2⁶⁴ − 1 bytes.
    #[error("`{0}` is more bytes than can be counted")]
    TooLarge(String),
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let digits_end = trimmed
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(trimmed.len());
        let (digits, unit) = trimmed.split_at(digits_end);
        let factor = find_factor(unit.trim_start());
        let (Some(factor), false) = (factor, digits.is_empty()) else {
            return Err(ByteSizeError::Form(text.to_owned()));
        };
        digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| ByteSizeError::TooLarge(text.to_owned()))
    }
}

fn find_factor(unit: &str) -> Option<u64> {
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "p" | "pb" => 1_000_000_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        "ti" | "tib" => 1 << 40,
        "pi" | "pib" => 1 << 50,
        _ => return None,
    };
    Some(factor)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = BINARY_UNITS
            .iter()
            .find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor));
        match whole {
            Some((unit, factor)) => write!(formatter, "{} {unit}", self.0 / factor),
            None => write!(formatter, "{} B", self.0),
        }
    }
}

impl Setting for ByteSize {
    fn type_name() -> String {
        "size".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => text
                .parse()
                .map_err(|error: ByteSizeError| error.to_string()),
            other => other
                .as_u64()
                .map(Self)
                .ok_or_else(|| format!("{} is not a number of bytes", show(other))),
        }
    }

    fn render(&self) -> Value {
        Value::String(self.to_string())
    }

    fn schema() -> Value {
        json!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+ *([KkMmGgTtPp][Ii]?[Bb]?|[Bb])?$"},
        ]})
    }

    fn allowed() -> String {
        "a number of bytes or text such as `64 KiB`, `4 MiB`, `20G`".to_owned()
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        value::read(deserializer)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        value::write(self, serializer)
    }
}
