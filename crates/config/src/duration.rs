//! Lengths of time: `30s`, `5m`, `1h30m`, `2w`, or a bare number of seconds.
//!
//! Units are `ns`, `us`, `ms`, `s`, `m` (minutes), `h`, `d` and `w`; several may follow each other
//! and add up. Negative times cannot be written. Printing uses the largest unit that divides
//! evenly, so that what is printed reads back as the same length.

use std::time::Duration;

use serde_json::{Value, json};

use crate::value::{Setting, show};

const UNITS: [(&str, u128); 8] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads a length of time; a bare number is seconds.
///
/// # Errors
/// A sentence that names the text when it has another form or is too long to count.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let refusal = || format!("`{text}` is not a time such as `30s`, `5m` or `2w`");
    let mut rest = text.trim();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest.parse().map(Duration::from_secs).map_err(|_| refusal());
    }
    let mut total_ns: u128 = 0;
    while !rest.is_empty() {
        let digits_end = rest
            .find(|letter: char| !letter.is_ascii_digit())
            .ok_or_else(refusal)?;
        let (digits, after_digits) = rest.split_at(digits_end);
        let unit_end = after_digits
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(after_digits.len());
        let (unit, after_unit) = after_digits.split_at(unit_end);
        let factor_ns = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .map(|(_, ns)| *ns);
        let part_ns = digits.parse::<u128>().ok().zip(factor_ns);
        total_ns = part_ns
            .and_then(|(number, factor)| number.checked_mul(factor))
            .and_then(|part| total_ns.checked_add(part))
            .ok_or_else(refusal)?;
        rest = after_unit;
    }
    if text.trim().is_empty() {
        return Err(refusal());
    }
    from_nanoseconds(total_ns).ok_or_else(refusal)
}

fn from_nanoseconds(total_ns: u128) -> Option<Duration> {
    let seconds = u64::try_from(total_ns / 1_000_000_000).ok()?;
    let nanoseconds = u32::try_from(total_ns % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, nanoseconds))
}

/// Writes a length of time in its largest even unit, such as `90m` or `1h`.
#[must_use]
pub fn render_duration(duration: Duration) -> String {
    let total_ns = duration.as_nanos();
    let whole = UNITS
        .iter()
        .find(|(_, factor_ns)| total_ns != 0 && total_ns.is_multiple_of(*factor_ns));
    match whole {
        Some((unit, factor_ns)) => format!("{}{unit}", total_ns / factor_ns),
        None => "0s".to_owned(),
    }
}

impl Setting for Duration {
    fn type_name() -> String {
        "duration".to_owned()
    }

    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => parse_duration(text),
            other => other
                .as_u64()
                .map(Self::from_secs)
                .ok_or_else(|| format!("{} is not a whole number of seconds", show(other))),
        }
    }

    fn render(&self) -> Value {
        Value::String(render_duration(*self))
    }

    fn schema() -> Value {
        json!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^([0-9]+|([0-9]+ *(ns|us|ms|s|m|h|d|w) *)+)$"},
        ]})
    }

    fn allowed() -> String {
        "a number of seconds or text such as `500ms`, `30s`, `5m`, `24h`, `2w`".to_owned()
    }
}
