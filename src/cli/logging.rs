//! Where the program speaks: its log on standard error, answers of commands on standard output.

use std::io::{IsTerminal as _, Write as _};

use slipway_config::Config;
use slipway_config::sections::LogFormat;
use tracing_subscriber::EnvFilter;

/// Starts the log.
///
/// # Errors
/// When `log.level` cannot be read.
pub(super) fn start(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.level)
        .map_err(|error| anyhow::anyhow!("log.level `{}`: {error}", config.log.level))?;
    // A client's malformed request is answered; it is no error of ours.
    let quiet = "actix_http::h1::dispatcher=off".parse()?;
    let filter = filter.add_directive(quiet);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A file or a pipe gets no colours.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match config.log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
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
