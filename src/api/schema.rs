//! What bodies and query parameters must look like.
//!
//! A small part of JSON Schema, declared as constants beside the operation that takes the body. The
//! texts of refusals are those of the validator that Quay uses: what is wrong, and which member it is.

use serde_json::{Map, Value, json};

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text; with its length limits.
    Text {
        /// Shortest.
        min: usize,
        /// Longest.
        max: usize,
    },
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts or `null`.
    OneOfOrNull(&'static [&'static str]),
    /// A whole number of at least this.
    Integer(i64),
    /// Any number of at least this.
    Number(f64),
    /// `true` or `false`.
    Bool,
    /// Any object.
    Object,
    /// An object of this shape.
    Shape(&'static Schema),
    /// A list of this.
    List(&'static Kind),
    /// Anything.
    Any,
    /// This or `null`.
    Nullable(&'static Kind),
}

/// Any text.
pub const TEXT: Kind = Kind::Text {
    min: 0,
    max: usize::MAX,
};
/// Any whole number.
pub const INTEGER: Kind = Kind::Integer(i64::MIN);

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it means.
    pub doc: &'static str,
}

/// A member that must be there.
#[must_use]
pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        kind,
        is_required: true,
        doc,
    }
}

/// A member that may be there.
#[must_use]
pub const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        kind,
        is_required: false,
        doc,
    }
}

/// The shape of a body.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Quay's name of it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Its members; others are let through.
    pub fields: &'static [Field],
    /// The body is a list of this shape.
    pub is_list: bool,
}

impl Schema {
    /// A body that is an object.
    #[must_use]
    pub const fn object(name: &'static str, doc: &'static str, fields: &'static [Field]) -> Self {
        Self {
            name,
            doc,
            fields,
            is_list: false,
        }
    }

    /// Checks a body.
    ///
    /// # Errors
    /// What is wrong with the first member that is, in the validator's words; a further paragraph
    /// says which member of the body that is.
    pub fn check(&self, body: &Value) -> Result<(), String> {
        self.check_value(body).map_err(|fault| fault.render())
    }

    fn check_value(&self, body: &Value) -> Result<(), Wrong> {
        if self.is_list {
            check_items(body, |item| self.check_object(item))
        } else {
            self.check_object(body)
        }
    }

    fn check_object(&self, body: &Value) -> Result<(), Wrong> {
        let Some(object) = body.as_object() else {
            return Err(Wrong::kind(body, "object"));
        };
        for field in self.fields {
            match object.get(field.name) {
                Some(value) => {
                    let checked = field.kind.check(value);
                    checked.map_err(|fault| fault.below(&format!("'{}'", field.name)))?;
                }
                None if field.is_required => {
                    let text = format!("'{}' is a required property", field.name);
                    return Err(Wrong::new(text));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The shape as JSON Schema.
    #[must_use]
    pub fn describe(&self) -> Value {
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.is_required)
            .map(|field| field.name)
            .collect();
        let mut properties = Map::new();
        for field in self.fields {
            let mut described = field.kind.describe();
            if let (Some(object), false) = (described.as_object_mut(), field.doc.is_empty()) {
                object.insert("description".to_owned(), json!(field.doc));
            }
            properties.insert(field.name.to_owned(), described);
        }
        let mut object = json!({ "type": "object", "properties": properties });
        if let (Some(members), false) = (object.as_object_mut(), required.is_empty()) {
            members.insert("required".to_owned(), json!(required));
        }
        if self.is_list {
            return json!({ "type": "array", "items": object });
        }
        object
    }
}

/// What is wrong with a value, and where it stands.
#[derive(Debug)]
struct Wrong {
    text: String,
    /// `['name'][0]`; empty for the body itself.
    place: String,
}

impl Wrong {
    fn new(text: String) -> Self {
        Self {
            text,
            place: String::new(),
        }
    }

    fn kind(value: &Value, name: &str) -> Self {
        Self::new(format!("{} is not of type '{name}'", render(value)))
    }

    /// The same, seen from the value that holds it.
    fn below(self, key: &str) -> Self {
        Self {
            place: format!("[{key}]{}", self.place),
            ..self
        }
    }

    fn render(self) -> String {
        if self.place.is_empty() {
            self.text
        } else {
            format!("{}\n\nOn instance{}", self.text, self.place)
        }
    }
}

fn check_items(value: &Value, check: impl Fn(&Value) -> Result<(), Wrong>) -> Result<(), Wrong> {
    let Some(items) = value.as_array() else {
        return Err(Wrong::kind(value, "array"));
    };
    for (index, item) in items.iter().enumerate() {
        check(item).map_err(|fault| fault.below(&index.to_string()))?;
    }
    Ok(())
}

impl Kind {
    fn check(self, value: &Value) -> Result<(), Wrong> {
        let wrong = |name: &str| Err(Wrong::kind(value, name));
        let too_little = |number: String, least: String| {
            Err(Wrong::new(format!(
                "{number} is less than the minimum of {least}"
            )))
        };
        match self {
            Self::Any => Ok(()),
            Self::Nullable(_) if value.is_null() => Ok(()),
            Self::Nullable(kind) => kind.check(value),
            Self::Bool if value.is_boolean() => Ok(()),
            Self::Bool => wrong("boolean"),
            Self::Object if value.is_object() => Ok(()),
            Self::Object => wrong("object"),
            Self::Shape(schema) => schema.check_value(value),
            Self::List(kind) => check_items(value, |item| kind.check(item)),
            Self::Text { min, max } => match value.as_str() {
                Some(text) => check_length(text, min, max).map_err(Wrong::new),
                None => wrong("string"),
            },
            Self::OneOfOrNull(_) if value.is_null() => Ok(()),
            Self::OneOfOrNull(names) => match value.as_str() {
                Some(text) if names.contains(&text) => Ok(()),
                _ => Err(Wrong::new(format!(
                    "{} is not one of {}",
                    render(value),
                    render_names(names).replace(']', ", None]")
                ))),
            },
            Self::OneOf(names) => match value.as_str() {
                Some(text) if names.contains(&text) => Ok(()),
                _ => Err(Wrong::new(format!(
                    "{} is not one of {}",
                    render(value),
                    render_names(names)
                ))),
            },
            Self::Integer(least) => match value.as_i64() {
                Some(number) if number >= least => Ok(()),
                Some(number) => too_little(number.to_string(), least.to_string()),
                None => wrong("integer"),
            },
            Self::Number(least) => match value.as_f64() {
                Some(number) if number >= least => Ok(()),
                Some(number) => too_little(number.to_string(), least.to_string()),
                None => wrong("number"),
            },
        }
    }

    fn describe(self) -> Value {
        match self {
            Self::Any => json!({}),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Object => json!({ "type": "object" }),
            Self::Shape(schema) => schema.describe(),
            Self::List(kind) => json!({ "type": "array", "items": kind.describe() }),
            Self::Nullable(kind) => {
                let mut described = kind.describe();
                if let Some(object) = described.as_object_mut() {
                    object.insert("x-nullable".to_owned(), json!(true));
                }
                described
            }
            Self::Text { min, max } => {
                let mut object = json!({ "type": "string" });
                if let Some(members) = object.as_object_mut() {
                    if min > 0 {
                        members.insert("minLength".to_owned(), json!(min));
                    }
                    if max < usize::MAX {
                        members.insert("maxLength".to_owned(), json!(max));
                    }
                }
                object
            }
            Self::OneOf(names) => json!({ "type": "string", "enum": names }),
            Self::OneOfOrNull(names) => {
                json!({ "type": "string", "enum": names, "x-nullable": true })
            }
            Self::Integer(i64::MIN) => json!({ "type": "integer" }),
            Self::Integer(least) => json!({ "type": "integer", "minimum": least }),
            Self::Number(least) if least == f64::MIN => json!({ "type": "number" }),
            Self::Number(least) => json!({ "type": "number", "minimum": least }),
        }
    }
}

fn check_length(text: &str, min: usize, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length < min {
        return Err(format!("'{text}' is too short"));
    }
    if length > max {
        return Err(format!("text of {length} characters is too long"));
    }
    Ok(())
}

/// Whether a text anywhere in a value holds U+0000, which the database cannot store.
#[must_use]
pub fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as Quay's validator shows it.
fn render(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => format!("'{}'", text.chars().take(80).collect::<String>()),
        Value::Number(number) => number.to_string(),
        Value::Array(_) => "[...]".to_owned(),
        Value::Object(_) => "{...}".to_owned(),
    }
}

fn render_names(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    format!("[{}]", quoted.join(", "))
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type: `string`, `integer` or `boolean`.
    pub kind: ParamKind,
    /// What it means, and what a wrong value is answered with.
    pub doc: &'static str,
}

/// The type of a query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// `true`, `false`, `1` or `0`; anything else is true.
    Bool,
}

/// A parameter that is a text.
#[must_use]
pub const fn text_param(name: &'static str, doc: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Text,
        doc,
    }
}

/// A parameter that is a number.
#[must_use]
pub const fn integer_param(name: &'static str, doc: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Integer,
        doc,
    }
}

/// A parameter that is a switch.
#[must_use]
pub const fn bool_param(name: &'static str, doc: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Bool,
        doc,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Field, INTEGER, Kind, Schema, TEXT, optional, required};

    const FIELDS: &[Field] = &[
        required("name", TEXT, ""),
        optional("role", Kind::OneOf(&["read", "write"]), ""),
        optional("count", INTEGER, ""),
        optional("note", Kind::Nullable(&TEXT), ""),
        optional("parts", Kind::List(&Kind::Shape(&PART)), ""),
        optional("kind", Kind::OneOfOrNull(&["a", "b"]), ""),
    ];
    const PART: Schema = Schema::object("Part", "A part.", &[required("name", TEXT, "")]);
    const SCHEMA: Schema = Schema::object("Sample", "A sample.", FIELDS);

    #[test]
    fn refusals_name_the_member_or_the_value() {
        let cases = [
            (json!({}), "'name' is a required property"),
            (
                json!({"name": 5}),
                "5 is not of type 'string'\n\nOn instance['name']",
            ),
            (
                json!({"name": "a", "role": "king"}),
                "'king' is not one of ['read', 'write']\n\nOn instance['role']",
            ),
            (
                json!({"name": "a", "count": "x"}),
                "'x' is not of type 'integer'\n\nOn instance['count']",
            ),
            (
                json!({"name": null}),
                "None is not of type 'string'\n\nOn instance['name']",
            ),
            (
                json!({"name": "a", "parts": [{"name": "b"}, {"name": 1}]}),
                "1 is not of type 'string'\n\nOn instance['parts'][1]['name']",
            ),
            (
                json!({"name": "a", "kind": "c"}),
                "'c' is not one of ['a', 'b', None]\n\nOn instance['kind']",
            ),
            (json!([]), "[...] is not of type 'object'"),
        ];
        for (body, text) in cases {
            assert_eq!(SCHEMA.check(&body), Err(text.to_owned()));
        }
    }

    #[test]
    fn unknown_members_and_null_where_allowed_pass() {
        assert_eq!(
            SCHEMA.check(&json!({"name": "a", "other": 1, "note": null, "kind": null})),
            Ok(())
        );
    }
}
