//! Health, in Quay's shape.
//!
//! Quay: `endpoints/web.py`, `health/`. Services that Slipway has no counterpart of (web and
//! registry processes, redis) are this process, which answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::{Map, Value, json};
use slipway_actors::catalog::CheckHealth;

use crate::edge::AppState;

fn answer(services: &[(&str, bool)]) -> HttpResponse {
    answer_with(services, None)
}

fn answer_with(services: &[(&str, bool)], held: Option<Value>) -> HttpResponse {
    let is_healthy = services.iter().all(|(_, is_up)| *is_up);
    let status = if is_healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let services: Map<String, Value> = services
        .iter()
        .map(|(name, is_up)| ((*name).to_owned(), json!(is_up)))
        .collect();
    let mut data = json!({ "services": services });
    if let (Some(held), Some(data)) = (held, data.as_object_mut()) {
        data.insert("held".to_owned(), held);
    }
    HttpResponse::build(status)
        .insert_header(("cache-control", "no-cache"))
        .json(json!({ "data": data, "status_code": status.as_u16() }))
}

/// `GET /health` and `/health/instance`: may this process get requests?
pub async fn instance(state: Data<AppState>) -> HttpResponse {
    let seen = state
        .actors
        .ask_catalog(CheckHealth {
            with_storage: false,
        })
        .await;
    let (database, disk) = seen.map_or((false, true), |seen| (seen.database, seen.disk_space));
    let is_serving = !state.is_draining();
    let services = [
        ("auth", database),
        ("database", database),
        ("disk_space", disk),
        ("registry_gunicorn", is_serving),
        ("service_key", database),
        ("web_gunicorn", is_serving),
    ];
    // Reads and pushes go on, so this is no reason to take the process out of service.
    let holds = state.actors.holds();
    let held: Map<String, Value> = holds
        .into_iter()
        .map(|hold| (hold.what.to_owned(), json!(hold.reason)))
        .collect();
    answer_with(&services, (!held.is_empty()).then(|| json!(held)))
}

/// `GET /health/endtoend`: does everything behind this process answer?
pub async fn endtoend(state: Data<AppState>) -> HttpResponse {
    let seen = state
        .actors
        .ask_catalog(CheckHealth { with_storage: true })
        .await;
    let (database, storage) = seen.map_or((false, false), |seen| (seen.database, seen.storage));
    answer(&[
        ("auth", database),
        ("database", database),
        ("redis", true),
        ("storage", storage),
    ])
}

/// `GET /health/warning`: does anything need attention soon?
pub async fn warning(state: Data<AppState>) -> HttpResponse {
    let seen = state
        .actors
        .ask_catalog(CheckHealth {
            with_storage: false,
        })
        .await;
    answer(&[("disk_space_warning", seen.is_ok_and(|seen| seen.disk_space))])
}
