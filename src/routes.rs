//! The one list of what is answered.
//!
//! ```text
//! /v2…                                   OCI distribution (v2::path takes it apart)
//! /api/v1/…                              Quay's REST API (api::router finds the operation)
//! /csrf_token                            what a browser sends along with its writes
//! /confirm  /recovery  /confirminvite    links in mails
//! /keys/services/{service}/keys[/{kid}]  public keys of services, and signed requests about them
//! /oauth/…                              consent of users to applications, and codes for tokens
//! /oauth2/federation/robot/token         a robot's token for one of an outside issuer
//! /config                                what clients may know of the configuration
//! /.well-known/…                         what other programs look for
//! /health  /health/instance  /health/endtoend  /health/warning
//! /metrics                               Prometheus
//! /debug/actors                          what the actors hold, for superusers
//! /v1/_ping  /_internal_ping             old clients and probes
//! ```

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::{api, health, keys, metrics, oauth, observe, public_config, v2, well_known};

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
        .service(
            web::resource("/keys/services/{service}/keys/{kid}")
                .route(web::get().to(keys::find))
                .route(web::put().to(keys::submit))
                .route(web::delete().to(keys::take_back)),
        )
        .route("/config", web::get().to(public_config::show))
        .route(
            "/.well-known/app-capabilities",
            web::get().to(well_known::app_capabilities),
        )
        .route(
            "/.well-known/change-password",
            web::get().to(well_known::change_password),
        )
        .service(web::resource("/api/v1/{tail:.*}").to(api::dispatch))
        .configure(mount_oauth)
        .route("/csrf_token", web::get().to(api::csrf::give))
        .route("/confirm", web::get().to(api::recovery::confirm_page))
        .route(
            "/confirminvite",
            web::get().to(api::invitation::confirm_page),
        )
        .route("/recovery", web::get().to(api::recovery::recovery_page))
        .route("/v1/_ping", web::get().to(ping_v1))
        .route("/_internal_ping", web::get().to(ping))
        .default_service(web::to(api::error::unknown_path));
}

fn mount_oauth(app: &mut ServiceConfig) {
    app.route("/oauth/authorize", web::get().to(oauth::authorize))
        .route("/oauth/authorizeapp", web::post().to(oauth::agree))
        .route("/oauth/denyapp", web::post().to(oauth::deny))
        .route("/oauth/authorize/assignuser", web::post().to(oauth::assign))
        .route("/oauth/localapp", web::get().to(oauth::local))
        .route("/oauth/access_token", web::post().to(oauth::exchange))
        .route(
            "/oauth2/federation/robot/token",
            web::get().to(oauth::federation::robot_token),
        );
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
