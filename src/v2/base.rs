//! `GET /v2/`: is this a registry, and is my token good?

use actix_web::HttpResponse;

use super::{Exchange, V2Result};
use crate::edge::{Caller, caller};

/// Answers 200 with a good token, 401 with a challenge without.
///
/// # Errors
/// 401.
pub fn answer_base(exchange: &Exchange) -> V2Result {
    let sparse = if exchange.state.config.registry.sparse_manifests {
        "true"
    } else {
        "false"
    };
    if Caller::of(exchange)?.is_none() {
        let error = caller::unauthorized(exchange, Vec::new(), None);
        return Err(error.header("x-sparse-manifest-support", sparse));
    }
    Ok(HttpResponse::Ok()
        .insert_header(("docker-distribution-api-version", "registry/2.0"))
        .insert_header(("x-sparse-manifest-support", sparse))
        .insert_header((
            "www-authenticate",
            caller::challenge(exchange, Vec::new(), None),
        ))
        .json(true))
}
