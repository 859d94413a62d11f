//! Traces of requests, sent to a collector by OTLP.
//!
//! Spans leave in batches by HTTP with protobuf bodies. A collector that does not answer costs
//! spans, which are counted at `/metrics`; it never holds up a request.

use crate::key::section;

section! {
    /// Traces of requests, sent to an OpenTelemetry collector by OTLP over HTTP (protobuf).
    Telemetry in "telemetry" {
        /// Base URL of the collector, such as `http://127.0.0.1:4318`; unset sends nothing.
        ///
        /// `/v1/traces` is added, unless the URL ends with it.
        otlp_endpoint: Option<String> = None;
        /// Share of requests that are traced, from 0 to 1.
        sample_ratio: f64 = 1.0, range [0.0, 1.0];
        /// Name of this service in traces.
        service_name: String = "slipway".to_owned();
        /// Spans that wait for the collector; further ones are dropped and counted.
        queue: u32 = 2048, range [1, 1_000_000];
    }
}
