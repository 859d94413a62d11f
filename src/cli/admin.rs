//! `slipway admin`: making accounts from the command line.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use slipway_actors::account::{NewAccount, create_account};
use slipway_auth::Secret;
use slipway_auth::password::HashingCost;
use slipway_config::Config;

use super::database;
use super::logging::say;

/// What to administer.
#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Makes a user that administers the registry.
    CreateSuperuser(UserArgs),
    /// Makes an ordinary user.
    CreateUser(UserArgs),
}

/// A user to make.
#[derive(Debug, Args)]
pub(super) struct UserArgs {
    /// Name of the user.
    #[arg(long)]
    username: String,
    /// E-mail of the user.
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input (the only way; it never stands on a command line).
    #[arg(long, required = true)]
    password_stdin: bool,
}

pub(super) fn run(command: AdminCommand, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (args, superuser) = match command {
        AdminCommand::CreateSuperuser(args) => (args, true),
        AdminCommand::CreateUser(args) => (args, false),
    };
    let config = Config::load(explicit)?;
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .context("cannot read the password")?;
    let password = Secret::new(password.trim_end_matches(['\r', '\n']).to_owned());
    let account = NewAccount {
        username: args.username,
        email: args.email,
        password,
        superuser,
        tag_expiration: config.registry.tag_expiration,
    };
    actix_rt::System::new().block_on(create(&config, account))
}

async fn create(config: &Config, account: NewAccount) -> anyhow::Result<ExitCode> {
    let (db, started) = database::open(config).await?;
    let hashing = HashingCost {
        memory_kib: u32::try_from(config.auth.argon2_memory.bytes() / 1024).unwrap_or(u32::MAX),
        iterations: config.auth.argon2_iterations,
        concurrent: 1,
    };
    let name = account.username.clone();
    let outcome = create_account(&db, hashing, account).await;
    drop(db);
    if let Some(server) = started {
        server.stop().await?;
    }
    outcome?;
    say(&format!("user {name} was made"))?;
    Ok(ExitCode::SUCCESS)
}
