//! Prometheus metrics at `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use slipway_actors::boot::Observed;
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
    let mut page = Page::default();
    for (class, counter) in state.metrics.by_class.iter().enumerate().skip(1) {
        let labels = format!("{{class=\"{class}xx\"}}");
        let value = counter.load(Ordering::Relaxed);
        page.line(
            "counter",
            ["slipway_v2_answers_total", "Answers on /v2."],
            &labels,
            value,
        );
    }
    page.count_actors(&seen);
    page.count_queues(&seen);
    page.count_tokens(state);
    page.count_holds(state);
    Ok(page.0)
}

/// A page of metrics in the making.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, kind: &str, [name, help]: [&str; 2], labels: &str, value: u64) {
        let head = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        if !self.0.contains(&head) {
            self.0.push_str(&head);
        }
        // Writing to a String does not fail.
        let _infallible = writeln!(self.0, "{name}{labels} {value}").is_ok();
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) {
        self.line(
            "gauge",
            [name, help],
            "",
            u64::try_from(value).unwrap_or(u64::MAX),
        );
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.line("counter", [name, help], "", value);
    }

    fn count_actors(&mut self, seen: &Observed) {
        self.gauge(
            "slipway_repository_actors",
            "Live repositories.",
            seen.repository_count,
        );
        self.gauge("slipway_upload_actors", "Live uploads.", seen.upload_count);
        self.gauge(
            "slipway_cached_bytes",
            "Memory of caches.",
            seen.cached_bytes,
        );
        self.gauge(
            "slipway_database_busy",
            "Connections in use.",
            seen.database_busy,
        );
        self.gauge(
            "slipway_database_idle",
            "Connections idle.",
            seen.database_idle,
        );
    }

    fn count_queues(&mut self, seen: &Observed) {
        let (index, ledger) = (&seen.blob_index, &seen.ledger);
        self.gauge(
            "slipway_commits_waiting",
            "Uploads that wait for commit.",
            index.waiting,
        );
        self.gauge(
            "slipway_commit_groups_running",
            "Groups being written.",
            index.running,
        );
        self.counter("slipway_commits_total", "Uploads committed.", index.commits);
        self.counter(
            "slipway_commit_groups_total",
            "Groups written.",
            index.groups,
        );
        self.gauge(
            "slipway_ledger_waiting",
            "Usage log rows that wait.",
            ledger.waiting,
        );
        self.counter(
            "slipway_ledger_dropped_total",
            "Usage log rows lost.",
            ledger.dropped,
        );
    }

    fn count_holds(&mut self, state: &AppState) {
        let holds = state.actors.holds();
        for what in ["database", "clock"] {
            let labels = format!("{{doubted=\"{what}\"}}");
            let value = u64::from(holds.iter().any(|hold| hold.what == what));
            let name = [
                "slipway_deletions_held",
                "Whether nothing is deleted, and why.",
            ];
            self.line("gauge", name, &labels, value);
        }
    }

    fn count_tokens(&mut self, state: &AppState) {
        let tokens = &state.tokens;
        self.gauge(
            "slipway_token_cache_entries",
            "Tokens in memory.",
            tokens.len(),
        );
        self.counter(
            "slipway_token_cache_hits_total",
            "Tokens known.",
            tokens.hits(),
        );
        self.counter(
            "slipway_token_cache_misses_total",
            "Tokens checked.",
            tokens.misses(),
        );
    }
}
