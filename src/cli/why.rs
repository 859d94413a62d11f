//! `slipway why`: what the permission decision says, and the fact that settles it.
//!
//! Reads the database as `slipway admin` does, beside a running server or without one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use slipway_actors::account::AccountError;
use slipway_actors::account::why::{Wish, why};
use slipway_config::Config;
use slipway_oci::RepositoryName;

use super::database;
use super::logging::say;

/// Who, what and where.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// Name of a user or a robot, or `anonymous`.
    user: String,
    /// What they would like to do.
    action: Action,
    /// The repository, with its namespace.
    repository: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    /// Read manifests, blobs and tags.
    Pull,
    /// Write them.
    Push,
    /// Change, share and delete the repository.
    Admin,
}

/// Says `allowed` or `refused` and why; the exit code is 0 for the one and 3 for the other.
pub(super) fn run(args: &WhyArgs, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    let name = RepositoryName::parse(&args.repository, &config.registry.library_namespace)
        .with_context(|| format!("`{}` is no repository", args.repository))?;
    let wish = match args.action {
        Action::Pull => Wish::Pull,
        Action::Push => Wish::Push,
        Action::Admin => Wish::Admin,
    };
    let settings = crate::server::account_settings(&config, String::new());
    let verdict = database::with(&config, async |db| {
        why(db, &settings, &args.user, wish, &name).await
    });
    let verdict = verdict.map_err(|error| match error.downcast_ref() {
        Some(AccountError::NotFound) => {
            anyhow::anyhow!("there is no user or robot `{}`", args.user)
        }
        _ => error,
    })?;
    let (word, code) = if verdict.allowed {
        ("allowed", ExitCode::SUCCESS)
    } else {
        ("refused", ExitCode::from(3))
    };
    say(&format!("{word}: {}", verdict.reason))?;
    Ok(code)
}
