//! Bodies made from what operations declare: a valid one, and each with one member changed.

use serde_json::{Map, Value, json};
use slipway::api::operation::{Method, Operation};
use slipway::api::schema::{Kind, Schema};

/// A body that the schema admits.
pub(crate) fn body(schema: &Schema) -> Value {
    let members: Map<String, Value> = schema
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), value(field.kind)))
        .collect();
    if schema.is_list {
        return json!([members]);
    }
    Value::Object(members)
}

fn value(kind: Kind) -> Value {
    match kind {
        Kind::Text { min, .. } => json!("a".repeat(min.max(3))),
        Kind::OneOf(names) | Kind::OneOfOrNull(names) => json!(names[0]),
        Kind::Integer(least) => json!(least.max(1)),
        Kind::Number(least) => json!(least.max(1.0)),
        Kind::Bool => json!(true),
        Kind::Object | Kind::Any => json!({}),
        Kind::Shape(schema) => body(schema),
        Kind::List(kind) => json!([value(*kind)]),
        Kind::Nullable(kind) => value(*kind),
    }
}

/// Where a member stands in a body, and what it may be.
pub(crate) struct Place {
    /// A JSON pointer.
    pub(crate) pointer: String,
    /// The member's own name.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// All members of a body and of the shapes inside it.
pub(crate) fn places(schema: &Schema) -> Vec<Place> {
    let mut found = Vec::new();
    let start = if schema.is_list { "/0" } else { "" };
    collect(schema, start, &mut found);
    found
}

fn collect(schema: &Schema, above: &str, found: &mut Vec<Place>) {
    for field in schema.fields {
        let pointer = format!("{above}/{}", field.name);
        collect_inner(field.kind, &pointer, found);
        found.push(Place {
            pointer,
            name: field.name,
            kind: field.kind,
        });
    }
}

fn collect_inner(kind: Kind, pointer: &str, found: &mut Vec<Place>) {
    match kind {
        Kind::Shape(inner) => collect(inner, pointer, found),
        Kind::Nullable(inner) => collect_inner(*inner, pointer, found),
        Kind::List(inner) => collect_inner(*inner, &format!("{pointer}/0"), found),
        _ => {}
    }
}

/// A value of another type than the member may have; `None` when it may have any.
pub(crate) fn wrong(kind: Kind) -> Option<Value> {
    match kind {
        Kind::Any => None,
        Kind::Text { .. }
        | Kind::OneOf(_)
        | Kind::OneOfOrNull(_)
        | Kind::Object
        | Kind::Shape(_) => Some(json!(7)),
        Kind::Integer(_) | Kind::Number(_) | Kind::Bool | Kind::List(_) => Some(json!("seven")),
        Kind::Nullable(kind) => wrong(*kind),
    }
}

/// The operation's path with `text` for each of its names.
pub(crate) fn path(operation: &Operation, text: &str) -> String {
    let parts = operation.path.split('/').map(|part| match part {
        "{repository}" => format!("{text}/{text}"),
        _ if part.starts_with('{') => text.to_owned(),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

pub(crate) fn method(operation: &Operation) -> &'static str {
    match operation.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}
