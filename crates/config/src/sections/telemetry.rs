//! Traces, sent to a collector that speaks OTLP.
//!
//! Without an endpoint no traces are made.

use crate::key::section;

section! {
    /// Traces, sent to a collector that speaks OTLP.
    Telemetry in "telemetry" {
        /// Address of the collector, such as `http://localhost:4318`; unset makes no traces.
        otlp_endpoint: Option<String> = None;
        /// Name under which the traces appear.
        service_name: String = "slipway".to_owned();
        /// Share of requests that are traced.
        sample_ratio: f64 = 1.0, range [0.0, 1.0];
    }
}
