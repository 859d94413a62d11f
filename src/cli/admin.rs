//! `slipway admin`: making, disabling and enabling accounts from the command line.
//!
//! With the embedded database this works beside a running server, over the socket that server's
//! database listens on, and without one, by starting the database for the moment.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use slipway_actors::account::{AccountError, NewAccount, create_account, enable_account};
use slipway_actors::{Database, DatabaseSettings};
use slipway_auth::Secret;
use slipway_auth::password::HashingCost;
use slipway_config::Config;
use slipway_postgres::{EmbeddedError, EmbeddedServer, EmbeddedSettings};

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
    with_database(config, async move |db| {
        create_account(db, hashing, account).await
    })?;
    Ok(format!("user {name} was made"))
}

fn enable(config: &Config, name: &str, enabled: bool) -> anyhow::Result<String> {
    let is_known = with_database(config, async move |db| {
        enable_account(db, name, enabled).await
    })?;
    anyhow::ensure!(is_known, "there is no user or organization `{name}`");
    let state = if enabled { "enabled" } else { "disabled" };
    Ok(format!("{name} is {state}"))
}

/// Does `work` in the database; one that was started for it is stopped again.
fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Database) -> Result<T, AccountError>,
) -> anyhow::Result<T> {
    actix_rt::System::new().block_on(async {
        let (url, started) = match &config.database.url {
            Some(url) => (url.reveal().clone(), None),
            None => reach_embedded(config).await?,
        };
        let db = Database::new(&DatabaseSettings {
            url,
            ca_certificate: config.database.ca_certificate.clone(),
            pool_size: 2,
            connect_timeout: config.database.connect_timeout,
            request_wait: config.database.request_wait,
            is_prepared: false,
        })?;
        let outcome = match db.migrate().await.context("the database") {
            Ok(_) => work(&db).await.map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        drop(db);
        if let Some(server) = started {
            server.stop().await?;
        }
        outcome
    })
}

/// The connection to the embedded database: a running server's, or one started for the moment.
async fn reach_embedded(config: &Config) -> anyhow::Result<(String, Option<EmbeddedServer>)> {
    let data_dir = std::path::absolute(&config.data.dir)?;
    let settings = EmbeddedSettings {
        bin_dir: config.database.bin_dir.clone(),
        run_as: config.database.run_as.clone(),
        socket_dir: config.database.socket_dir.clone(),
        ..EmbeddedSettings::new(data_dir.clone())
    };
    match EmbeddedServer::start(settings).await {
        Ok(server) => Ok((server.connection().to_params(), Some(server))),
        Err(EmbeddedError::Locked { .. }) => Ok((find_running(&data_dir)?, None)),
        Err(error) => Err(error.into()),
    }
}

/// Reads where a running cluster listens from its pid file: line 4 is the port, line 5 the folder.
fn find_running(data_dir: &Path) -> anyhow::Result<String> {
    for entry in std::fs::read_dir(data_dir.join("postgres"))? {
        let file = entry?.path().join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let mut lines = text.lines().skip(3);
        if let (Some(port), Some(folder)) = (lines.next(), lines.next()) {
            return Ok(format!(
                "host='{}' port={} user=slipway dbname=slipway",
                folder.trim(),
                port.trim()
            ));
        }
    }
    anyhow::bail!(
        "a server holds `{}`, but its database is not running",
        data_dir.display()
    )
}
