//! The one list of what is answered.
//!
//! ```text
//! /v2…                                   OCI distribution (v2::path takes it apart)
//! /api/v1/…                              Quay's REST API (api::router finds the operation)
//! /csrf_token                            what a browser sends along with its writes
//! /confirm  /recovery                    links in mails
//! /keys/services/{service}/keys[/{kid}]  public keys of the token service
//! /health  /health/instance  /health/endtoend  /health/warning
//! /metrics                               Prometheus
//! /debug/actors                          what the actors hold, for superusers
//! /v1/_ping  /_internal_ping             old clients and probes
//! ```

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::{api, health, keys, metrics, observe, v2};

/// Mounts everything.
pub fn mount(app: &mut ServiceConfig) {
    app.service(web::resource(["/v2", "/v2/{tail:.*}"]).to(v2::dispatch))
        .route("/health", web::get().to(health::instance))
        .route("/health/instance", web::get().to(health::instance))
        .route("/health/endtoend", web::get().to(health::endtoend))
        .route("/health/warning", web::get().to(health::warning))
        .route("/metrics", web::get().to(metrics::answer))
        .route("/debug/actors", web::get().to(observe::actors))
        .route("/keys/services/{service}/keys", web::get().to(keys::list))
        .route(
            "/keys/services/{service}/keys/{kid}",
            web::get().to(keys::find),
        )
        .service(web::resource("/api/v1/{tail:.*}").to(api::dispatch))
        .route("/csrf_token", web::get().to(api::csrf::give))
        .route("/confirm", web::get().to(api::recovery::confirm_page))
        .route("/recovery", web::get().to(api::recovery::recovery_page))
        .route("/v1/_ping", web::get().to(ping_v1))
        .route("/_internal_ping", web::get().to(ping))
        .default_service(web::to(api::error::unknown_path));
}

async fn ping() -> impl Responder {
    HttpResponse::Ok().body("true")
}

async fn ping_v1() -> impl Responder {
    HttpResponse::Ok()
        .insert_header(("content-type", "text/plain"))
        .insert_header(("x-docker-registry-version", "0.6.0"))
        .insert_header(("x-docker-registry-standalone", "0"))
        .body("true")
}
