//! Where the program speaks: its log on standard error, answers of commands on standard output.

use std::io::{IsTerminal as _, Write as _};

use slipway_config::Config;
use slipway_config::sections::LogFormat;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, registry};

use crate::telemetry::Telemetry;

/// Starts the log, and the export of traces when one is configured.
///
/// # Errors
/// When `log.level` cannot be read, or the export cannot be started.
pub(super) fn start(config: &Config) -> anyhow::Result<Option<Telemetry>> {
    let filter = EnvFilter::try_new(&config.log.level)
        .map_err(|error| anyhow::anyhow!("log.level `{}`: {error}", config.log.level))?;
    // A client's malformed request is answered; it is no error of ours.
    let quiet = "actix_http::h1::dispatcher=off".parse()?;
    let filter = filter.add_directive(quiet);
    let format = config.log.format;
    let telemetry = Telemetry::start(&config.telemetry)?;
    let started = match &telemetry {
        None => registry().with(lines(format)).with(filter).try_init(),
        Some(telemetry) => registry()
            .with(lines(format).with_filter(filter))
            .with(telemetry.layer())
            .try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    Ok(telemetry)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = tracing_subscriber::fmt::layer()
        // A file or a pipe gets no colours.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().with_span_list(false).boxed(),
    }
}

/// Says something on standard error, before or without a log.
pub(super) fn complain(text: &str) {
    // There is nobody left to tell when standard error is closed.
    let _unheard = writeln!(std::io::stderr(), "{text}").is_err();
}

/// Says something on standard output.
///
/// # Errors
/// When it is closed.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
