//! Traces on their way to a collector, by OTLP over HTTP.
//!
//! Owns the provider of spans and the counts of what became of them. Spans wait in a queue of
//! `telemetry.queue` and leave in batches on a thread of their own; what does not fit is dropped,
//! counted and said once. The collector's failures are said once too, until it works again. What is
//! in a span is decided in `edge::facts`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Span, SpanData,
    SpanExporter, SpanProcessor,
};
use slipway_config::sections::Telemetry as TelemetryKeys;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans about requests.
pub const SPAN_TARGET: &str = "slipway::request";

/// What leaves comes from these targets only; the exporter's own libraries speak under others.
const OURS: &str = "slipway";

const BATCH_SPANS: usize = 512;
const BATCH_DELAY: Duration = Duration::from_secs(2);
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// What became of spans; shared with `/metrics`.
#[derive(Debug, Default)]
pub struct SpanCounts {
    waiting: AtomicUsize,
    exported: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

impl SpanCounts {
    /// Spans in the queue, or on their way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Spans the collector took.
    #[must_use]
    pub fn exported(&self) -> u64 {
        self.exported.load(Ordering::Relaxed)
    }

    /// Spans lost because the queue was full, or because the collector did not take them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let dropped = self.dropped.load(Ordering::Relaxed);
        dropped.saturating_add(self.failed.load(Ordering::Relaxed))
    }
}

/// The running export of traces.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    counts: Arc<SpanCounts>,
}

impl Telemetry {
    /// Starts the export, when a collector is configured.
    ///
    /// # Errors
    /// When the client cannot be made; that nobody listens at the endpoint is found out later.
    pub fn start(keys: &TelemetryKeys) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &keys.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(make_client(endpoint)?)
            .with_endpoint(traces_url(endpoint))
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .with_context(|| format!("telemetry.otlp_endpoint `{endpoint}`"))?;
        let counts = Arc::new(SpanCounts::default());
        let capacity = usize::try_from(keys.queue).unwrap_or(usize::MAX);
        let exporter = CountingExporter {
            inner: exporter,
            counts: Arc::clone(&counts),
            is_failing: AtomicBool::new(false),
        };
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(capacity)
            .with_max_export_batch_size(BATCH_SPANS.min(capacity))
            .with_scheduled_delay(BATCH_DELAY)
            .build();
        let processor = BoundedProcessor {
            inner: BatchSpanProcessor::builder(exporter)
                .with_batch_config(batches)
                .build(),
            counts: Arc::clone(&counts),
            capacity,
        };
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(keys.sample_ratio)));
        let resource = Resource::builder_empty()
            .with_service_name(keys.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider, counts }))
    }

    /// What `/metrics` shows.
    #[must_use]
    pub fn counts(&self) -> Arc<SpanCounts> {
        Arc::clone(&self.counts)
    }

    /// The layer that makes traces of this program's spans, whatever `log.level` says.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("slipway"))
            .with_location(false)
            .with_threads(false)
            // The name is known last; a span that was activated has its name for good.
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|meta| {
                meta.target().starts_with(OURS) && *meta.level() <= tracing::Level::INFO
            }))
    }

    /// Sends what still waits, for a few seconds at most. Blocks its thread.
    pub fn stop(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_FLUSH) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The client of the exporter; made on a thread of its own, since it brings its own runtime, which
/// may not be made inside another.
fn make_client(endpoint: &str) -> anyhow::Result<reqwest::blocking::Client> {
    // A second call finds the provider of the first, which is the same.
    let _known = rustls::crypto::ring::default_provider().install_default();
    let is_plain = endpoint.starts_with("http://");
    let build = move || {
        let builder = reqwest::blocking::Client::builder()
            .timeout(EXPORT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        // Without TLS nobody asks whether the system has authorities.
        if is_plain {
            builder.tls_certs_only([]).build()
        } else {
            builder.build()
        }
    };
    let made = std::thread::spawn(build).join();
    let made = made.map_err(|_| anyhow::anyhow!("the client for traces cannot be made"))?;
    made.context("the client for traces")
}

fn traces_url(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    if base.ends_with("/v1/traces") {
        base.to_owned()
    } else {
        format!("{base}/v1/traces")
    }
}

/// Lets in what fits, so that nothing is dropped further down without being counted.
#[derive(Debug)]
struct BoundedProcessor {
    inner: BatchSpanProcessor,
    counts: Arc<SpanCounts>,
    capacity: usize,
}

impl SpanProcessor for BoundedProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.counts.waiting.fetch_add(1, Ordering::Relaxed) < self.capacity {
            self.inner.on_end(span);
            return;
        }
        self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        if self.counts.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                capacity = self.capacity,
                "traces are dropped: the queue is full"
            );
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Counts what leaves, and says when that begins and ceases to fail.
#[derive(Debug)]
struct CountingExporter<E> {
    inner: E,
    counts: Arc<SpanCounts>,
    is_failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for CountingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let outcome = self.inner.export(batch).await;
        self.counts.waiting.fetch_sub(count, Ordering::Relaxed);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let was_failing = self.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
        match &outcome {
            Ok(()) => {
                self.counts.exported.fetch_add(count, Ordering::Relaxed);
                if was_failing {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                self.counts.failed.fetch_add(count, Ordering::Relaxed);
                if !was_failing {
                    tracing::warn!(%error, "the collector does not take traces");
                }
            }
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_added_once() {
        let wanted = "http://127.0.0.1:4318/v1/traces";
        for given in [
            "http://127.0.0.1:4318",
            "http://127.0.0.1:4318/",
            "http://127.0.0.1:4318/v1/traces",
        ] {
            assert_eq!(traces_url(given), wanted);
        }
        assert_eq!(traces_url("https://h/otlp"), "https://h/otlp/v1/traces");
    }
}
