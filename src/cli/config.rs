//! `slipway config`: check, show, schema, render, import.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use slipway_config::{Config, import, render_schema, render_toml};

use super::logging::{complain, say};

/// What to do with configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reads the configuration and lists every fault.
    Check,
    /// Prints the configuration in force, without secrets.
    Show,
    /// Prints the JSON Schema of the configuration.
    Schema,
    /// Prints a config.toml with every key and its default.
    Render,
    /// Turns a Quay config.yaml into a config.toml.
    Import {
        /// The config.yaml.
        file: PathBuf,
    },
}

pub(super) fn run(command: &ConfigCommand, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check => {
            Config::load(explicit)?;
            say("the configuration is good")?;
        }
        ConfigCommand::Show => {
            say(&serde_json::to_string_pretty(
                &Config::load(explicit)?.dump(),
            )?)?;
        }
        ConfigCommand::Schema => say(&serde_json::to_string_pretty(&render_schema())?)?,
        ConfigCommand::Render => say(&render_toml())?,
        ConfigCommand::Import { file } => return import_quay(file),
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration goes to standard output, what became of each key to standard error.
fn import_quay(file: &Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    let imported = import::from_quay_yaml(&text)?;
    say(&imported.toml)?;
    for (quay, ours) in &imported.mapped {
        complain(&format!("mapped   {quay} -> {ours}"));
    }
    for (quay, reason) in &imported.refused {
        complain(&format!("refused  {quay}: {reason}"));
    }
    for quay in &imported.not_built {
        complain(&format!("later    {quay}: not built yet"));
    }
    for quay in &imported.unknown {
        complain(&format!("unknown  {quay}"));
    }
    Ok(ExitCode::SUCCESS)
}
