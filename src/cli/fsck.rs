//! `slipway fsck`: what is doubted about the database and the bytes, and accepting it.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use slipway_actors::Database;
use slipway_actors::node::fsck;
use slipway_config::Config;

use super::database;
use super::logging::say;

/// What to do.
#[derive(Debug, Args)]
pub(super) struct FsckArgs {
    /// Take the present database and its clock for the right ones: servers delete again what
    /// nothing names.
    #[arg(long)]
    accept: bool,
}

pub(super) fn run(args: &FsckArgs, explicit: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(explicit)?;
    actix_rt::System::new().block_on(async {
        let (db, started) = database::open(&config).await?;
        let outcome = check(&db, args).await;
        drop(db);
        if let Some(server) = started {
            server.stop().await?;
        }
        outcome
    })
}

async fn check(db: &Database, args: &FsckArgs) -> anyhow::Result<ExitCode> {
    let found = fsck::inspect(db).await?;
    for hold in &found.holds {
        say(&format!("a server deletes nothing: {hold}"))?;
    }
    say(&format!("{} blobs wait for a check", found.suspects))?;
    say(&format!(
        "{} blobs are damaged until they are pushed again",
        found.lost
    ))?;
    if args.accept {
        fsck::accept(db).await?;
        say("accepted")?;
    }
    let is_well = found.lost == 0 && (args.accept || found.holds.is_empty());
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
