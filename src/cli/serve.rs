//! `slipway serve`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use slipway_config::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::logging;
use crate::server::Running;
use crate::telemetry::{SpanCounts, Telemetry};

pub(super) fn run(explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    let telemetry = logging::start(&config)?;
    let spans = telemetry.as_ref().map(Telemetry::counts);
    let outcome = actix_rt::System::new().block_on(serve(config, spans));
    if let Some(telemetry) = telemetry {
        telemetry.stop();
    }
    outcome
}

async fn serve(config: Config, spans: Option<Arc<SpanCounts>>) -> anyhow::Result<ExitCode> {
    let scheme = if config.tls.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = Running::start(config, spans).await?;
    for address in &running.addresses {
        logging::say(&format!("slipway serves {scheme}://{address}"))?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}
