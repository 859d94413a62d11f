//! Prometheus metrics at `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use slipway_oci::OciCode;

use crate::edge::AppState;
use crate::observe::require_superuser;
use crate::v2::error::OciError;

/// Counters of the edge.
#[derive(Debug, Default)]
pub struct Metrics {
    by_class: [AtomicU64; 6],
}

impl Metrics {
    /// Counts an answer.
    pub fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = self.by_class.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// `GET /metrics`.
pub async fn answer(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    match render(&request, &state).await {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4")
            .body(text),
        Err(error) => error.error_response(),
    }
}

async fn render(request: &HttpRequest, state: &AppState) -> Result<String, OciError> {
    let config = &state.config.metrics;
    if !config.enabled {
        return Err(OciError::new(OciCode::Unsupported).status(StatusCode::NOT_FOUND));
    }
    if config.require_superuser {
        require_superuser(request, state).await?;
    }
    let seen = state.actors.observe(0).await?;
    let mut text = String::new();
    let mut line = |kind: &str, name: &str, help: &str, labels: &str, value: u64| {
        let head = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        if !text.contains(&head) {
            text.push_str(&head);
        }
        // Writing to a String does not fail.
        let _infallible = writeln!(text, "{name}{labels} {value}").is_ok();
    };
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    for (class, counter) in state.metrics.by_class.iter().enumerate().skip(1) {
        let labels = format!("{{class=\"{class}xx\"}}");
        let value = counter.load(Ordering::Relaxed);
        line(
            "counter",
            "slipway_v2_answers_total",
            "Answers on /v2.",
            &labels,
            value,
        );
    }
    let gauges = [
        (
            "slipway_repository_actors",
            "Live repository actors.",
            number(seen.repository_count),
        ),
        (
            "slipway_upload_actors",
            "Live upload actors.",
            number(seen.upload_count),
        ),
        (
            "slipway_commits_waiting",
            "Uploads waiting for commit.",
            number(seen.blob_index.waiting),
        ),
        (
            "slipway_commit_groups_running",
            "Commit groups.",
            number(seen.blob_index.running),
        ),
        (
            "slipway_ledger_waiting",
            "Usage log rows waiting.",
            number(seen.ledger.waiting),
        ),
        (
            "slipway_database_busy",
            "Database connections in use.",
            number(seen.database_busy),
        ),
        (
            "slipway_database_idle",
            "Database connections idle.",
            number(seen.database_idle),
        ),
        (
            "slipway_token_cache_entries",
            "Tokens in memory.",
            number(state.tokens.len()),
        ),
    ];
    for (name, help, value) in gauges {
        line("gauge", name, help, "", value);
    }
    let counters = [
        (
            "slipway_commits_total",
            "Uploads committed.",
            seen.blob_index.commits,
        ),
        (
            "slipway_commit_groups_total",
            "Commit groups written.",
            seen.blob_index.groups,
        ),
        (
            "slipway_ledger_dropped_total",
            "Usage log rows dropped.",
            seen.ledger.dropped,
        ),
        (
            "slipway_token_cache_hits_total",
            "Tokens known.",
            state.tokens.hits(),
        ),
        (
            "slipway_token_cache_misses_total",
            "Tokens checked.",
            state.tokens.misses(),
        ),
    ];
    for (name, help, value) in counters {
        line("counter", name, help, "", value);
    }
    Ok(text)
}
