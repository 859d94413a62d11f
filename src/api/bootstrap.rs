//! Renewal of a bootstrap token.
//!
//! Such tokens are written by a deployment that provisions them, which this registry does not: none
//! is ever right. Quay: `endpoints/api/bootstrap.py`, `FEATURE_PROGRAMMATIC_BOOTSTRAP`.

use super::call::Call;
use super::error::ApiError;
use super::operation::{ApiResult, Operation, run};

/// The operations of this file.
pub const OPERATIONS: &[Operation] =
    &[
        Operation::post("renewBootstrapToken", "/bootstrap/renew", run!(renew))
            .summary("Renew a bootstrap token; refused, because none is provisioned here.")
            .anonymous()
            .no_csrf(),
    ];

/// `POST /bootstrap/renew`: 401.
async fn renew(_: Call) -> ApiResult {
    Err(ApiError::unauthenticated())
}
