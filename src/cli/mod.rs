//! The command line: one file a command.

mod admin;
mod config;
mod database;
mod doctor;
mod fsck;
mod health;
mod logging;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A container registry that speaks Quay.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, about)]
struct Cli {
    /// Configuration file, read after ./config.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the registry.
    Serve,
    /// Checks, describes and imports configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Administers accounts.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Looks at a running registry from outside, through its proxies.
    Doctor(doctor::DoctorArgs),
    /// Says what is doubted after a power cut, a restore or a clock's jump.
    Fsck(fsck::FsckArgs),
    /// Asks a running registry whether it is healthy.
    Health(health::HealthArgs),
}

/// Reads the command line and runs one command.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let explicit = cli.config.as_deref();
    let outcome = match cli.command {
        Command::Serve => serve::run(explicit),
        Command::Config(command) => config::run(&command, explicit),
        Command::Admin(command) => admin::run(command, explicit),
        Command::Doctor(args) => doctor::run(args),
        Command::Fsck(args) => fsck::run(&args, explicit),
        Command::Health(args) => health::run(&args, explicit),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            logging::complain(&format!("slipway: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
