//! The API's description of itself: Swagger 2.0, made from the declared operations.
//!
//! What is switched off is left out, as are hidden operations; internal ones are shown on demand.
//!
//! Quay: `endpoints/api/discovery.py`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::list_tagged_operations;
use super::operation::{ApiResult, Operation, run};
use super::schema::{Param, ParamKind, bool_param};

const RESPONSES: [(&str, &str); 4] = [
    ("400", "Bad Request"),
    ("401", "Session required"),
    ("403", "Unauthorized access"),
    ("404", "Not found"),
];

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[Operation::get("discovery", "/discovery", run!(discover))
    .summary("List all operations of the API.")
    .query(&[bool_param(
        "internal",
        "Whether to list internal operations as well",
    )])
    .anonymous()];

/// `GET /discovery`: 200 with the Swagger document.
async fn discover(call: Call) -> ApiResult {
    let with_internal = call.flag("internal");
    let config = &call.state.config;
    let shown: Vec<(&str, &Operation)> = list_tagged_operations()
        .filter(|(_, operation)| !operation.is_hidden)
        .filter(|(_, operation)| with_internal || !operation.is_internal)
        .filter(|(_, operation)| operation.feature.is_none_or(|is_on| is_on(config)))
        .collect();
    call.answer(&describe(&shown, &call.base_url()))
}

fn describe(shown: &[(&str, &Operation)], base_url: &str) -> Value {
    let (scheme, host) = base_url.split_once("://").unwrap_or(("http", base_url));
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut definitions = BTreeMap::from([
        ("ApiError", describe_error()),
        ("ApiErrorDescription", describe_error_kind()),
    ]);
    let mut tags: Vec<&str> = Vec::new();
    for (tag, operation) in shown {
        let path = format!("/api/v1{}", operation.path);
        let entry = paths
            .entry(path)
            .or_insert_with(|| describe_path(tag, operation));
        let method = operation.method.as_str().to_owned();
        entry.insert(method, describe_operation(tag, operation));
        if let Some(schema) = operation.body {
            definitions.insert(schema.name, schema.describe());
        }
        if !tags.contains(tag) {
            tags.push(tag);
        }
    }
    tags.sort_unstable();
    let tags: Vec<Value> = tags.iter().map(|tag| json!({ "name": tag })).collect();
    json!({
        "swagger": "2.0",
        "host": host,
        "basePath": "/",
        "schemes": [scheme],
        "info": {
            "version": "v1",
            "title": "Slipway",
            "description": "Repositories, users and organizations of this registry.",
        },
        "securityDefinitions": { "oauth2_implicit": describe_login(base_url) },
        "paths": paths,
        "definitions": definitions,
        "tags": tags,
    })
}

fn describe_login(base_url: &str) -> Value {
    let scopes: Map<String, Value> = ApiScope::ALL
        .iter()
        .map(|scope| (scope.as_str().to_owned(), json!(scope.description())))
        .collect();
    json!({
        "type": "oauth2",
        "flow": "implicit",
        "authorizationUrl": format!("{base_url}/oauth/authorize"),
        "scopes": scopes,
    })
}

fn describe_path(tag: &str, operation: &Operation) -> Map<String, Value> {
    let path = operation.path;
    let mut entry = Map::new();
    entry.insert("x-path".to_owned(), json!(format!("/api/v1{path}")));
    entry.insert("x-tag".to_owned(), json!(tag));
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "type": "string" }))
        .collect();
    if !parameters.is_empty() {
        entry.insert("parameters".to_owned(), Value::Array(parameters));
    }
    entry
}

fn describe_operation(tag: &str, operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation.query.iter().map(describe_param).collect();
    if let Some(schema) = operation.body {
        parameters.push(json!({
            "name": "body",
            "in": "body",
            "required": !operation.body_is_optional,
            "description": schema.doc,
            "schema": { "$ref": format!("#/definitions/{}", schema.name) },
        }));
    }
    let mut described = json!({
        "operationId": operation.id,
        "parameters": parameters,
        "description": operation.summary,
        "tags": [tag],
        "responses": describe_responses(operation),
    });
    let Some(members) = described.as_object_mut() else {
        return described;
    };
    if operation.is_internal {
        members.insert("x-internal".to_owned(), json!(true));
    }
    if operation.needs_fresh_login {
        members.insert("x-requires-fresh-login".to_owned(), json!(true));
    }
    if let Some(scope) = operation.scope {
        let security = json!([{ "oauth2_implicit": [scope.as_str()] }]);
        members.insert("security".to_owned(), security);
    }
    described
}

fn describe_param(param: &Param) -> Value {
    let kind = match param.kind {
        ParamKind::Text => "string",
        ParamKind::Integer => "integer",
        ParamKind::Bool => "boolean",
    };
    json!({
        "name": param.name,
        "in": "query",
        "required": false,
        "description": param.doc,
        "type": kind,
    })
}

fn describe_responses(operation: &Operation) -> Map<String, Value> {
    let error = json!({ "$ref": "#/definitions/ApiError" });
    let mut responses: Map<String, Value> = RESPONSES
        .iter()
        .map(|(status, text)| {
            let response = json!({ "description": text, "schema": error });
            ((*status).to_owned(), response)
        })
        .collect();
    let text = match operation.success {
        201 => "Successful creation",
        204 => "Deleted",
        _ => "Successful invocation",
    };
    let success = operation.success.to_string();
    responses.insert(success, json!({ "description": text }));
    responses
}

fn describe_error() -> Value {
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "integer", "description": "The status of the answer" },
            "type": { "type": "string", "description": "Where the kind of error is described" },
            "detail": { "type": "string", "description": "What is wrong here" },
            "title": { "type": "string", "description": "The kind of error" },
            "error_message": { "type": "string", "description": "The same as detail" },
            "error_type": { "type": "string", "description": "The same as title" },
        },
        "required": ["status", "type", "title"],
    })
}

fn describe_error_kind() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "description": "Where this kind of error is described" },
            "title": { "type": "string", "description": "The kind of error" },
            "description": { "type": "string", "description": "When it occurs" },
        },
        "required": ["type", "title", "description"],
    })
}
