//! `slipway admin`: making, disabling and enabling accounts from the command line.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use slipway_actors::account::{NewAccount, create_account, enable_account};
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
    /// Takes a user's access away; its tokens end within seconds.
    DisableUser(NameArgs),
    /// Gives a disabled user access again; it has to log in anew.
    EnableUser(NameArgs),
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

/// Whom to enable or disable.
#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// Name of the user or organization.
    name: String,
}

pub(super) fn run(command: AdminCommand, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    let said = match command {
        AdminCommand::CreateSuperuser(args) => make(&config, args, true),
        AdminCommand::CreateUser(args) => make(&config, args, false),
        AdminCommand::DisableUser(args) => enable(&config, &args.name, false),
        AdminCommand::EnableUser(args) => enable(&config, &args.name, true),
    };
    say(&said?)?;
    Ok(ExitCode::SUCCESS)
}

fn make(config: &Config, args: UserArgs, superuser: bool) -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .context("cannot read the password")?;
    let account = NewAccount {
        username: args.username,
        email: args.email,
        password: Secret::new(password.trim_end_matches(['\r', '\n']).to_owned()),
        superuser,
        tag_expiration: config.registry.tag_expiration,
    };
    let hashing = HashingCost {
        memory_kib: u32::try_from(config.auth.argon2_memory.bytes() / 1024).unwrap_or(u32::MAX),
        iterations: config.auth.argon2_iterations,
        concurrent: 1,
    };
    let name = account.username.clone();
    database::with(config, async move |db| {
        create_account(db, hashing, account).await
    })?;
    Ok(format!("user {name} was made"))
}

fn enable(config: &Config, name: &str, enabled: bool) -> anyhow::Result<String> {
    let is_known = database::with(config, async move |db| {
        enable_account(db, name, enabled).await
    })?;
    anyhow::ensure!(is_known, "there is no user or organization `{name}`");
    let state = if enabled { "enabled" } else { "disabled" };
    Ok(format!("{name} is {state}"))
}
