//! JSON without second meanings.
//!
//! A token's header and payload are read twice by other software on the way, so an object that
//! holds one name twice, which parsers resolve differently, is refused before it is used; so is
//! nesting beyond [`MAX_DEPTH`]. Values are then read by serde as usual.

use std::collections::HashSet;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};

/// The deepest nesting of arrays and objects that is read.
pub(crate) const MAX_DEPTH: usize = 32;

/// Reads a value whose objects hold no name twice, at any depth.
pub(crate) fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Unambiguous {
        depth_left: MAX_DEPTH,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    serde_json::from_slice(text)
}

/// Walks a value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Unambiguous {
    depth_left: usize,
}

impl Unambiguous {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1);
        depth_left
            .map(|depth_left| Self { depth_left })
            .ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Unambiguous {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names: HashSet<String> = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(inner)?;
            if !names.insert(name) {
                return Err(A::Error::custom("an object holds one name twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn plain_values_pass() {
        let text = br#"{"a":[1,-2,3.5,true,null,"x",{"a":{"a":1}}],"b":{}}"#;

        let value: Value = from_slice(text).unwrap();

        assert_eq!(value["a"][1], -2);
    }

    #[test]
    fn one_name_twice_is_refused_at_any_depth_and_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":[{"a":1,"b":2,"a":3}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(from_slice::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

        assert!(from_slice::<Value>(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(from_slice::<Value>(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    }

    #[test]
    fn text_after_the_value_is_refused() {
        assert!(from_slice::<Value>(b"{} {}").is_err());
        assert!(from_slice::<Value>(b"{").is_err());
    }
}
