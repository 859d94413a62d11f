//! The registry's state and configuration, for those who run it.
//!
//! The environment is never shown: other programs' secrets may stand in it.
//!
//! Quay: `endpoints/api/suconfig.py`, `endpoints/api/superuser.py`.

use serde_json::{Value, json};
use slipway_auth::api_scope::ApiScope;

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Guard, Operation, run};

const PROJECT_CHANGES: &str = concat!("Slipway ", env!("CARGO_PKG_VERSION"));

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[Operation::get(
    "scRegistryStatus",
    "/superuser/registrystatus",
    run!(status),
)
.summary("Say whether the registry is set up.")];

/// The operations of this file that Quay counts to its superuser module.
pub const SUPERUSER_OPERATIONS: &[Operation] = &[
    Operation::get("getChangeLog", "/superuser/changelog/", run!(change_log))
        .summary("Say which version runs.")
        .scope(ApiScope::SuperUser)
        .guard(Guard::Superuser { readers: true })
        .fresh(),
    Operation::get("superuserConfig", "/superuser/config", run!(config))
        .summary("Show the configuration, secrets left out.")
        .scope(ApiScope::SuperUser)
        .guard(Guard::Superuser { readers: false })
        .hidden(),
];

/// `GET /superuser/registrystatus`: 200; who can ask at all has a registry that is set up.
async fn status(call: Call) -> ApiResult {
    call.answer(&json!({ "provider_id": "file", "status": "ready" }))
}

/// `GET /superuser/changelog/`: 200 `{"log": text}`.
async fn change_log(call: Call) -> ApiResult {
    call.answer(&json!({ "log": PROJECT_CHANGES }))
}

/// `GET /superuser/config`: 200 while it is switched on, 403 else.
async fn config(call: Call) -> ApiResult {
    if !call.state.config.api.superuser_config_dump {
        return Err(ApiError::forbidden());
    }
    let schema: Value = slipway_config::render_schema();
    call.answer(&json!({
        "config": call.state.config.dump(),
        "warning": {},
        "env": {},
        "schema": schema,
    }))
}
