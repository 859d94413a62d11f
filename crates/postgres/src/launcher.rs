//! How a PostgreSQL program is started: user, environment, process group.
//!
//! Programs get an environment of their own, so that neither `PGDATA` and its like nor Slipway's
//! secrets reach them; a process group of their own, so that Ctrl-C at the terminal stays with
//! Slipway; and the user of [`Account`]. Changing the uid also drops all supplementary groups
//! (documented behaviour of `std::os::unix::process::CommandExt::uid` for root).

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::process::Command;

use crate::account::Account;
use crate::error::EmbeddedError;
use crate::nameless::NameEnvironment;

/// Output of a program is kept to this many bytes from its end.
const KEPT_OUTPUT_BYTES: usize = 4096;

/// Starts programs under one user.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    pub(crate) account: Account,
    pub(crate) names: NameEnvironment,
}

/// How a program ended and the end of what it printed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Launcher {
    /// A command for `program`, in the root folder, without input.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/");
        for inherited in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(inherited) {
                command.env(inherited, value);
            }
        }
        command.process_group(0).stdin(Stdio::null());
        if self.account.switches {
            command.uid(self.account.uid).gid(self.account.gid);
        }
        command
    }

    /// A command for a tool that asks for the name of its uid.
    pub(crate) fn tool(&self, program: &Path) -> Command {
        let mut command = self.command(program);
        command.envs(self.names.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `program` to its end; it is killed when the future is dropped.
    pub(crate) async fn run<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        work_dir: &Path,
    ) -> Result<Outcome, EmbeddedError> {
        let mut command = self.tool(program);
        command
            .args(arguments)
            .current_dir(work_dir)
            .kill_on_drop(true);
        let spawn_error = |source| EmbeddedError::Spawn {
            program: program.to_owned(),
            source,
        };
        let answer = command.output().await.map_err(spawn_error)?;
        let mut printed = answer.stdout;
        printed.extend_from_slice(&answer.stderr);
        Ok(Outcome {
            status: answer.status,
            output: tail_text(&printed),
        })
    }
}

/// The end of `bytes` as text.
pub(crate) fn tail_text(bytes: &[u8]) -> String {
    let start = bytes.len().saturating_sub(KEPT_OUTPUT_BYTES);
    let kept = bytes.get(start..).unwrap_or_default();
    String::from_utf8_lossy(kept).trim().to_owned()
}
