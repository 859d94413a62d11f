//! What this registry can do beyond the ordinary.
//!
//! Quay: `endpoints/api/capabilities.py`.

use serde_json::json;

use super::call::Call;
use super::operation::{ApiResult, Operation, run};

/// Architectures that a mirror can be limited to; Quay's.
const MIRROR_ARCHITECTURES: [&str; 4] = ["amd64", "arm64", "ppc64le", "s390x"];

/// The operations of this file.
pub const OPERATIONS: &[Operation] = &[Operation::get(
    "getRegistryCapabilities",
    "/registry/capabilities",
    run!(list),
)
.summary("Say what this registry can do beyond the ordinary.")
.anonymous()];

/// `GET /registry/capabilities`: 200.
async fn list(call: Call) -> ApiResult {
    // An index may lack children of any architecture; none is demanded.
    let is_sparse = call.state.config.registry.sparse_manifests;
    let required: [&str; 0] = [];
    call.answer(&json!({
        "sparse_manifests": {
            "supported": is_sparse,
            "required_architectures": required,
            "optional_architectures_allowed": is_sparse,
        },
        "mirror_architectures": MIRROR_ARCHITECTURES,
    }))
}
