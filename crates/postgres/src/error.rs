//! Everything that can go wrong between "start" and "stopped".
//!
//! Each variant names the folder, user or program it is about and, where there is one, the way
//! out: these texts are read by the person who has just started Slipway for the first time.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private PostgreSQL server could not be started, kept or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No folder on this host holds a working set of server programs.
    #[error(
        "no PostgreSQL server programs found: need working `initdb`, `postgres` and `pg_ctl` in \
         one folder; looked in {looked_in}; install them (Debian and Ubuntu: `apt-get install \
         postgresql`, Red Hat: `dnf install postgresql-server`) or name their folder"
    )]
    ProgramsMissing {
        /// The folders that were tried, with what was wrong where one was incomplete.
        looked_in: String,
    },
    /// The programs found are older than the oldest major this crate runs.
    #[error(
        "PostgreSQL {version} in `{}` is too old: major {minimum} or newer is needed", bin_dir.display()
    )]
    TooOld {
        /// Folder of the programs.
        bin_dir: PathBuf,
        /// Version as the programs state it.
        version: String,
        /// Oldest major accepted.
        minimum: u32,
    },
    /// A file or folder of the data folder cannot be made, read or written.
    #[error("data folder: `{}`: {source}", path.display())]
    DataFolder {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A parent folder keeps the server's user out.
    #[error(
        "folder `{}` cannot be entered by user `{user}`, which runs PostgreSQL: allow it \
         (`chmod o+x`), choose another data folder, or another user", folder.display()
    )]
    NotSearchable {
        /// The first folder on the way that refuses.
        folder: PathBuf,
        /// Name or number of the user.
        user: String,
    },
    /// Another process works on this data folder.
    #[error(
        "data folder is in use: `{}` is locked by {}", path.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder, when the file names one.
        pid: Option<u32>,
    },
    /// The user to run as does not exist or cannot be taken.
    #[error("cannot run PostgreSQL as `{user}`: {reason}")]
    RunAs {
        /// Name asked for.
        user: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The uid has no name, and no way to give it one was found.
    #[error(
        "uid {uid} has no entry in /etc/passwd, which PostgreSQL's programs insist on: install \
         `libnss_wrapper.so` (Debian: libnss-wrapper, Red Hat: nss_wrapper) in the image, or \
         make /etc/passwd writable by group 0"
    )]
    NamelessUid {
        /// The uid without a name.
        uid: u32,
    },
    /// A cluster folder belongs to another user than the one running the server.
    #[error("cluster `{}` belongs to uid {owner}, not to uid {uid}", folder.display())]
    ClusterOwner {
        /// The cluster.
        folder: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        uid: u32,
    },
    /// A folder stands where a cluster belongs but holds none.
    #[error("`{}` is not a PostgreSQL cluster of major {major}", folder.display())]
    NotACluster {
        /// The folder.
        folder: PathBuf,
        /// Major its name promises.
        major: u32,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    InitFailed {
        /// The end of what it printed.
        output: String,
    },
    /// A setting cannot be written to the server's configuration.
    #[error("setting `{name}`: {reason}")]
    Setting {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// The folder given for the socket cannot be used.
    #[error("socket folder `{}`: {reason}", path.display())]
    SocketFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A program could not be run at all.
    #[error("cannot run `{}`: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The server ended, or did not answer, before it was ready.
    #[error("PostgreSQL did not start ({reason}); end of its log: {log_tail}")]
    StartFailed {
        /// What was seen.
        reason: String,
        /// The end of what the server wrote in this attempt.
        log_tail: String,
    },
    /// Processes of an earlier server could not be ended.
    #[error("an earlier PostgreSQL server is still running on this folder: {pids:?}")]
    StillRunning {
        /// Their process ids.
        pids: Vec<u32>,
    },
    /// The ready server refused a statement, or spoke an unexpected protocol.
    #[error("PostgreSQL refused `{statement}`: {reason}")]
    Refused {
        /// What was asked.
        statement: String,
        /// SQLSTATE and message, or what was wrong on the wire.
        reason: String,
    },
    /// The cluster needs a major whose programs are not here.
    #[error(
        "the cluster is of PostgreSQL {cluster_major}, but only the programs of {found} are \
         here: install those of {cluster_major} too (Debian: postgresql-{cluster_major})"
    )]
    MajorMissing {
        /// Major of the cluster.
        cluster_major: u32,
        /// Majors found, as text.
        found: String,
    },
    /// The upgrade to a newer major failed; the old cluster is as it was.
    #[error("upgrade from PostgreSQL {from} to {to} failed at {step}: {output}")]
    UpgradeFailed {
        /// Major of the old cluster.
        from: u32,
        /// Major of the new one.
        to: u32,
        /// Which step.
        step: &'static str,
        /// The end of what was printed.
        output: String,
    },
    /// The supervising task ended without an answer.
    #[error("the task that supervises PostgreSQL ended early: {reason}")]
    Supervisor {
        /// How it ended.
        reason: String,
    },
}

/// Turns an I/O error at `path` into [`EmbeddedError::DataFolder`].
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::DataFolder { path, source }
}
