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
    page.count_spans(state);
    page.count_waiting(&seen, state);
    page.count_process().await;
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
        let (account, network) = seen.largest_owners;
        let name = "slipway_uploads_of_one_account";
        self.gauge(name, "The most uploads that one account has open.", account);
        let name = "slipway_uploads_of_one_network";
        self.gauge(
            name,
            "The most uploads that one client network has open.",
            network,
        );
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

    fn count_waiting(&mut self, seen: &Observed, state: &AppState) {
        let waiting = &seen.waiting;
        for (kind, value) in [
            ("accounts", waiting.accounts),
            ("catalog", waiting.catalog),
            ("node", waiting.node),
            ("repository", waiting.repositories),
            ("upload", waiting.uploads),
        ] {
            let name = "slipway_mailbox_waiting";
            let help = "Messages asked and not answered yet, by kind of actor.";
            let labels = format!("{{actor=\"{kind}\"}}");
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            self.line("gauge", [name, help], &labels, value);
        }
        let name = "slipway_verifications_waiting";
        let help = "Blobs hashed again after a power cut, or waiting for it.";
        self.gauge(name, help, seen.verifications);
        let name = "slipway_verified_passwords";
        self.gauge(
            name,
            "Passwords in memory.",
            seen.accounts.verified_passwords,
        );
        let name = "slipway_signin_networks";
        let help = "Networks whose tried passwords are counted.";
        self.gauge(name, help, seen.accounts.flood_networks);
        let name = "slipway_signin_names";
        let help = "Names whose tried passwords are counted.";
        self.gauge(name, help, seen.accounts.flood_names);
        let name = "slipway_outside_issuers";
        let help = "Issuers of outside identities that are remembered.";
        self.gauge(name, help, seen.accounts.issuers);
        let name = "slipway_mails_waiting";
        self.gauge(
            name,
            "Mails that wait to be sent.",
            seen.accounts.mails_waiting,
        );
        let name = "slipway_rate_networks";
        self.gauge(name, "Client networks remembered.", state.rate.len());
    }

    /// What the system says about this process, under the names that are usual for it.
    async fn count_process(&mut self) {
        // Listing open files takes as long as there are many.
        let Ok((files, status)) = actix_web::web::block(|| {
            let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
            (files, std::fs::read_to_string("/proc/self/status"))
        })
        .await
        else {
            return;
        };
        let name = "process_open_fds";
        self.gauge(name, "Open files and connections.", files);
        let status = status.unwrap_or_default();
        let name = "process_resident_memory_bytes";
        self.gauge(name, "Memory in use.", read_resident(&status));
    }

    fn count_spans(&mut self, state: &AppState) {
        let Some(spans) = &state.spans else {
            return;
        };
        let name = "slipway_traces_waiting";
        self.gauge(name, "Spans that wait for the collector.", spans.waiting());
        let name = "slipway_traces_exported_total";
        self.counter(name, "Spans the collector took.", spans.exported());
        let name = "slipway_traces_lost_total";
        self.counter(name, "Spans dropped or not taken.", spans.lost());
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

/// `VmRSS` of a process's status, which is in KiB; 0 when it is not there.
fn read_resident(status: &str) -> usize {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    let kib: usize = number.and_then(|text| text.parse().ok()).unwrap_or(0);
    kib.saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(read_resident("VmPeak:\t 9 kB\nVmRSS:\t 12 kB\n"), 12 << 10);
        assert_eq!(read_resident(""), 0);
    }
}
