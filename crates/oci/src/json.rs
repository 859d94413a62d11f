//! Strict JSON: a document in which every reader sees the same thing.
//!
//! [`parse_strict`] reads a whole document into a [`Value`] and refuses what `serde_json` alone
//! would let pass: an object that names a key twice (after unescaping, at any depth), nesting
//! beyond a limit, and more values than a limit, before they take memory. On everything else it
//! agrees with `serde_json`.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{ManifestError, shorten};

/// The limits of a strict document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonLimits {
    /// Levels of arrays and objects; a document that is one flat object has 1.
    pub(crate) max_depth: usize,
    /// Values of any type, containers included.
    pub(crate) max_values: usize,
}

/// Parses a document and refuses duplicate keys and excess.
///
/// # Errors
/// [`ManifestError::DuplicateKey`], [`ManifestError::TooDeep`], [`ManifestError::TooManyValues`],
/// else [`ManifestError::Json`].
pub(crate) fn parse_strict(bytes: &[u8], limits: JsonLimits) -> Result<Value, ManifestError> {
    let scan = Scan {
        limits,
        values: Cell::new(0),
        violation: Cell::new(None),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = StrictSeed {
        scan: &scan,
        depth: 0,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    match (parsed, scan.violation.take()) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(violation)) => Err(violation),
        (Err(error), None) => Err(ManifestError::Json(error.to_string())),
    }
}

/// What all visitors of one document share.
struct Scan {
    limits: JsonLimits,
    values: Cell<usize>,
    /// Why a visitor stopped, because a `serde` error carries only text.
    violation: Cell<Option<ManifestError>>,
}

impl Scan {
    fn stop<E: serde::de::Error>(&self, violation: ManifestError) -> E {
        let error = E::custom(&violation);
        self.violation.set(Some(violation));
        error
    }
}

#[derive(Clone, Copy)]
struct StrictSeed<'scan> {
    scan: &'scan Scan,
    /// The number of containers around the value.
    depth: usize,
}

impl StrictSeed<'_> {
    /// Steps into a container.
    fn enter<E: serde::de::Error>(self) -> Result<Self, E> {
        let limit = self.scan.limits.max_depth;
        if self.depth >= limit {
            return Err(self.scan.stop(ManifestError::TooDeep { limit }));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for StrictSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let limit = self.scan.limits.max_values;
        let values = self.scan.values.get();
        if values >= limit {
            return Err(self.scan.stop(ManifestError::TooManyValues { limit }));
        }
        self.scan.values.set(values + 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictSeed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a json value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.enter()?;
        let mut list = Vec::new();
        while let Some(member) = members.next_element_seed(inner)? {
            list.push(member);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.enter()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(self
                    .scan
                    .stop(ManifestError::DuplicateKey { key: shorten(&key) }));
            }
            let member = members.next_value_seed(inner)?;
            object.insert(key, member);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: JsonLimits = JsonLimits {
        max_depth: 4,
        max_values: 20,
    };

    fn parse(text: &str) -> Result<Value, ManifestError> {
        parse_strict(text.as_bytes(), LIMITS)
    }

    fn duplicate(key: &str) -> Result<Value, ManifestError> {
        Err(ManifestError::DuplicateKey {
            key: key.to_owned(),
        })
    }

    #[test]
    fn a_valid_document_reads_like_serde_json() {
        let text = r#" {"a":[1,-2,3.5,1e3,null,true,"x\u0041"],"b":{"a":{}},"":0} "#;
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn duplicate_keys_are_found_at_any_depth() {
        assert_eq!(parse(r#"{"a":1,"a":1}"#), duplicate("a"));
        assert_eq!(parse(r#"{"x":[{"b":{},"b":[]}]}"#), duplicate("b"));
        assert_eq!(parse(r#"{"":1,"":2}"#), duplicate(""));
    }

    #[test]
    fn an_escaped_key_equals_its_plain_form() {
        assert_eq!(parse(r#"{"a":1,"\u0061":2}"#), duplicate("a"));
    }

    #[test]
    fn equal_keys_of_different_objects_are_fine() {
        assert!(parse(r#"[{"a":{"a":1}},{"a":2}]"#).is_ok());
    }

    #[test]
    fn depth_counts_arrays_and_objects() {
        assert!(parse("[[[[1]]]]").is_ok());
        assert_eq!(
            parse("[[[[[]]]]]"),
            Err(ManifestError::TooDeep { limit: 4 })
        );
        assert_eq!(
            parse(r#"{"a":[{"a":[{}]}]}"#),
            Err(ManifestError::TooDeep { limit: 4 })
        );
    }

    #[test]
    fn the_number_of_values_is_limited() {
        let fits = format!("[{}]", vec!["1"; 19].join(","));
        let exceeds = format!("[{}]", vec!["1"; 20].join(","));
        assert!(parse(&fits).is_ok());
        assert_eq!(
            parse(&exceeds),
            Err(ManifestError::TooManyValues { limit: 20 })
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "{} {}",
            "{'a':1}",
            "[1,]",
            "nul",
            "\"\\ud800\"",
            "01",
            "NaN",
        ] {
            assert!(matches!(parse(text), Err(ManifestError::Json(_))), "{text}");
        }
        assert!(matches!(
            parse_strict(b"\"\xff\"", LIMITS),
            Err(ManifestError::Json(_))
        ));
        assert!(matches!(
            parse_strict(b"\xef\xbb\xbf{}", LIMITS),
            Err(ManifestError::Json(_))
        ));
    }

    #[test]
    fn a_number_beyond_floats_is_refused() {
        assert!(matches!(parse("1e999"), Err(ManifestError::Json(_))));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    const WIDE: JsonLimits = JsonLimits {
        max_depth: 32,
        max_values: 1000,
    };

    proptest! {
        #[test]
        fn the_scan_agrees_with_serde_json_on_valid_documents(value in any_value()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let expected = serde_json::from_str::<Value>(&text).unwrap();
                prop_assert_eq!(parse_strict(text.as_bytes(), WIDE), Ok(expected));
            }
        }

        #[test]
        fn the_scan_refuses_what_serde_json_refuses(text in r#"[\[\]{},:"a1.e \\-]{0,16}"#) {
            let lenient = serde_json::from_str::<Value>(&text);
            match parse_strict(text.as_bytes(), WIDE) {
                Ok(value) => prop_assert_eq!(value, lenient.unwrap()),
                Err(ManifestError::DuplicateKey { .. }) => {}
                Err(_) => prop_assert!(lenient.is_err()),
            }
        }
    }
}
