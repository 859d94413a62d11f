//! `slipway serve`.

use std::path::Path;
use std::process::ExitCode;

use slipway_config::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::logging;
use crate::server::Running;

pub(super) fn run(explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    logging::start(&config)?;
    actix_rt::System::new().block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let scheme = if config.tls.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = Running::start(config).await?;
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
