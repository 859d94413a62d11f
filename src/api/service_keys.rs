//! Service keys as superusers see them.
//!
//! Quay: `endpoints/api/superuser.py`.

use serde_json::{Value, json};
use slipway_actors::account::service_keys::{
    ApproveKey, Approver, ChangeKey, DeleteKey, GetKey, ListAllKeys, MakeKey, ShownKey,
};
use slipway_auth::api_scope::ApiScope;

use super::avatar::avatar;
use super::call::Call;
use super::date::gmt;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};
use super::schema::{Field, Kind, Schema, TEXT, optional, required};

const NAME: Field = optional("name", TEXT, "What people call the key");
const METADATA: Field = optional("metadata", Kind::Object, "Free members");
const NOTES: Field = optional("notes", TEXT, "Notes of the approver");
const EXPIRATION_DOC: &str = "When the key expires, Unix seconds; null for never";
const EXPIRATION: Kind = Kind::Nullable(&Kind::Number(f64::MIN));

const CREATE: Schema = Schema::object(
    "CreateServiceKey",
    "A new service key.",
    &[
        required("service", TEXT, "The service that signs with it"),
        NAME,
        METADATA,
        NOTES,
        required("expiration", EXPIRATION, EXPIRATION_DOC),
    ],
);
const CHANGE: Schema = Schema::object(
    "PutServiceKey",
    "What changes about a service key.",
    &[
        NAME,
        METADATA,
        optional("expiration", EXPIRATION, EXPIRATION_DOC),
    ],
);
const APPROVE: Schema = Schema::object(
    "ApproveServiceKey",
    "The approval of a service key.",
    &[NOTES],
);

const SUPERUSER: Guard = Guard::Superuser { readers: false };
const SUPERUSER_OR_READER: Guard = Guard::Superuser { readers: true };

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listServiceKeys", "/superuser/keys", run!(list))
        .summary("List the service keys.")
        .scope(ApiScope::SuperUser)
        .guard(SUPERUSER_OR_READER),
    Operation::post("createServiceKey", "/superuser/keys", run!(create))
        .summary("Make a service key.")
        .scope(ApiScope::SuperUser)
        .guard(SUPERUSER)
        .fresh()
        .body(&CREATE),
    Operation::get("getServiceKey", "/superuser/keys/{kid}", run!(get))
        .summary("Show a service key.")
        .scope(ApiScope::SuperUser)
        .guard(SUPERUSER_OR_READER),
    Operation::put("updateServiceKey", "/superuser/keys/{kid}", run!(change))
        .summary("Change a service key.")
        .scope(ApiScope::SuperUser)
        .guard(SUPERUSER)
        .fresh()
        .body(&CHANGE),
    Operation::delete("deleteServiceKey", "/superuser/keys/{kid}", run!(delete))
        .summary("Delete a service key.")
        .scope(ApiScope::SuperUser)
        .guard(SUPERUSER)
        .fresh(),
    Operation::post(
        "approveServiceKey",
        "/superuser/approvedkeys/{kid}",
        run!(approve),
    )
    .summary("Approve a service key.")
    .scope(ApiScope::SuperUser)
    .guard(SUPERUSER)
    .fresh()
    .body(&APPROVE)
    .success(201),
];

/// `GET /superuser/keys`: 200 `{"keys": [...]}`.
async fn list(call: Call) -> ApiResult {
    let keys = call.perform(ListAllKeys).await?;
    let keys: Vec<Value> = keys.iter().map(render).collect();
    call.answer(&json!({ "keys": keys }))
}

/// `GET /superuser/keys/{kid}`: 200, or 404.
async fn get(call: Call) -> ApiResult {
    let kid = call.path("kid").to_owned();
    let key = call.perform(GetKey { kid }).await?;
    call.answer(&render(&key))
}

/// `POST /superuser/keys`: 200 with both halves; the private one is shown only here.
async fn create(call: Call) -> ApiResult {
    let metadata = call.body.get("metadata").and_then(Value::as_object);
    let work = MakeKey {
        service: call.required_text("service").to_owned(),
        name: call.required_text("name").to_owned(),
        metadata: metadata.cloned().unwrap_or_default(),
        notes: call.required_text("notes").to_owned(),
        expires_at_s: expiration(&call)?.flatten(),
        maker: call.caller().name().to_owned(),
        origin: call.origin(),
    };
    let (service, name) = (work.service.clone(), work.name.clone());
    let pair = call.perform(work).await?;
    call.answer(&json!({
        "kid": pair.key.kid(),
        "name": name,
        "service": service,
        "public_key": pair.public_pem,
        "private_key": pair.private_pem.expose(),
    }))
}

/// `PUT /superuser/keys/{kid}`: 200 with the key, or 404.
async fn change(call: Call) -> ApiResult {
    let work = ChangeKey {
        kid: call.path("kid").to_owned(),
        name: call.text("name").map(str::to_owned),
        metadata: call.body.get("metadata").cloned(),
        expires_at_s: expiration(&call)?,
        origin: call.origin(),
    };
    let key = call.perform(work).await?;
    call.answer(&render(&key))
}

/// `DELETE /superuser/keys/{kid}`: 204, or 404.
async fn delete(call: Call) -> ApiResult {
    let work = DeleteKey {
        kid: call.path("kid").to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.no_content()
}

/// `POST /superuser/approvedkeys/{kid}`: 201, also for an approved key; or 404.
async fn approve(call: Call) -> ApiResult {
    let work = ApproveKey {
        kid: call.path("kid").to_owned(),
        notes: call.required_text("notes").to_owned(),
        origin: call.origin(),
    };
    call.perform(work).await?;
    call.answer(&"")
}

/// The expiry in a body, whole seconds: `None` when it says nothing, `Some(None)` for never.
fn expiration(call: &Call) -> Result<Option<Option<i64>>, ApiError> {
    match call.body.get("expiration") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => match whole_seconds(value) {
            Some(at_s) => Ok(Some(Some(at_s))),
            None => Err(ApiError::invalid(&format!(
                "Invalid expiration date: {value}"
            ))),
        },
    }
}

fn whole_seconds(value: &Value) -> Option<i64> {
    match value.as_i64() {
        Some(at_s) => Some(at_s),
        // A time with a fraction: its text up to the point is the whole part, unless it has an
        // exponent, as only times far beyond any calendar have.
        None => {
            let text = value.to_string();
            let whole = text.split('.').next()?.parse().ok();
            whole.filter(|_| !text.contains('e'))
        }
    }
}

fn render(shown: &ShownKey) -> Value {
    let key = &shown.key;
    let approval = key.approved.then(|| {
        json!({
            "approver": shown.approver.as_ref().map(render_approver),
            "approval_type": key.approval_type,
            "approved_date": gmt(key.approved_at_s.unwrap_or(key.created_at_s)),
            "notes": key.notes,
        })
    });
    let mut jwk = key.jwk.clone();
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".to_owned(), json!(key.kid));
    }
    json!({
        "kid": key.kid,
        "name": key.name,
        "service": key.service,
        "jwk": jwk,
        "metadata": key.metadata,
        "rotation_duration": key.rotation_duration_s,
        "created_date": gmt(key.created_at_s),
        "expiration_date": key.expires_at_s.map(gmt),
        "approval": approval,
    })
}

fn render_approver(approver: &Approver) -> Value {
    let user = &approver.identity;
    json!({
        "kind": "user",
        "name": user.name,
        "username": user.name,
        "email": user.email,
        "verified": user.verified,
        "enabled": user.enabled,
        "avatar": avatar(&user.name, user.email.as_deref(), "user"),
        "super_user": approver.is_superuser,
        "global_readonly_super_user": approver.is_reader,
    })
}
