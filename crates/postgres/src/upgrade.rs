//! Bringing a cluster of an older major to a newer one.
//!
//! By `pg_upgrade` in copy mode when both sets of programs have what it needs, else by dump and
//! restore with the newer `pg_dumpall` and `psql`. The new cluster grows in a work folder; the
//! old one is only read. Steps, kept in `<root>/upgrade.state`:
//!
//! ```text
//! building   the work folder is filled          cut short: removed, begun anew
//! built      it is whole and synced             cut short: the moves below are finished
//!            <old> → <old>.kept, work → <new>
//! moved      statistics are still missing       cut short: gathered at the next start
//! ```
//!
//! `<old>.kept` is never deleted; that is for the operator to do.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::cluster::{self, Site};
use crate::error::{EmbeddedError, at};
use crate::folder::{claim_private, make_private, remove_tree, replace_file, sync_folder};
use crate::postmaster::Postmaster;
use crate::programs::Programs;
use crate::settings::{PORT, SUPERUSER};
use crate::{conf, takeover};

const STATE_FILE: &str = "upgrade.state";
const WORK_FOLDER: &str = "upgrade";
/// Port of the newer server while both run.
const SECOND_PORT: u16 = PORT + 1;
/// What `pg_upgrade` calls, by set of programs.
const OLD_TOOLS: [&str; 3] = ["pg_ctl", "pg_controldata", "pg_resetwal"];
const NEW_TOOLS: [&str; 8] = [
    "pg_upgrade",
    "pg_controldata",
    "pg_resetwal",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "psql",
    "vacuumdb",
];
const DUMP_TOOLS: [&str; 3] = ["pg_dumpall", "pg_dump", "psql"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Building,
    Built,
    Moved,
}

/// One upgrade under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    from: u32,
    to: u32,
    step: Step,
}

/// Finishes or undoes what an interrupted upgrade left; no server may be running.
pub(crate) fn resume(site: &Site) -> Result<(), EmbeddedError> {
    match read_progress(&site.folder.root)? {
        Some(progress) if progress.step == Step::Built => {
            tracing::warn!(
                postgres.from = progress.from,
                postgres.to = progress.to,
                "finishing an interrupted upgrade of the PostgreSQL cluster"
            );
            move_into_place(site, progress)
        }
        Some(progress) if progress.step == Step::Moved => Ok(()),
        Some(_) => {
            tracing::warn!("clearing up an interrupted upgrade of the PostgreSQL cluster");
            remove_tree(&work_folder(site))?;
            remove_progress(&site.folder.root)
        }
        None => remove_tree(&work_folder(site)),
    }
}

/// Whether a finished upgrade still lacks statistics.
pub(crate) fn needs_statistics(site: &Site) -> bool {
    let progress = read_progress(&site.folder.root);
    matches!(
        progress,
        Ok(Some(Progress {
            step: Step::Moved,
            ..
        }))
    )
}

/// Notes that an upgrade is complete.
pub(crate) fn finish(site: &Site) -> Result<(), EmbeddedError> {
    remove_progress(&site.folder.root)
}

/// Upgrades the cluster of `old`'s major to `new`'s; no server may be running.
pub(crate) async fn run(site: &Site, old: &Programs, new: &Programs) -> Result<(), EmbeddedError> {
    let (from, to) = (old.major, new.major);
    tracing::info!(
        postgres.from = from,
        postgres.to = to,
        "upgrading the PostgreSQL cluster"
    );
    check_space(site, from, to)?;
    write_progress(
        &site.folder.root,
        Progress {
            from,
            to,
            step: Step::Building,
        },
    )?;
    let work = work_folder(site);
    remove_tree(&work)?;
    make_private(&work, &site.launcher.account).map_err(at(&work))?;
    let upgrade = Upgrade {
        site,
        old,
        new,
        work,
    };
    upgrade.build().await?;
    let progress = Progress {
        from,
        to,
        step: Step::Built,
    };
    write_progress(&site.folder.root, progress)?;
    move_into_place(site, progress)
}

struct Upgrade<'a> {
    site: &'a Site,
    old: &'a Programs,
    new: &'a Programs,
    work: PathBuf,
}

impl Upgrade<'_> {
    async fn build(&self) -> Result<(), EmbeddedError> {
        let fresh = self.fresh_cluster();
        claim_private(&self.old_cluster(), &self.site.launcher.account)?;
        cluster::make(self.site, self.new, &fresh).await?;
        // Also recovers a cluster whose last server was killed: pg_upgrade insists on that.
        let mut old_server = self.start_old().await?;
        if self.can_copy() {
            old_server.stop().await;
            self.copy().await?;
        } else if let Some(missing) = DUMP_TOOLS.iter().find(|tool| !self.new.has(tool)) {
            old_server.stop().await;
            let output = format!(
                "neither `pg_upgrade` with all it needs nor `{missing}` is in `{}`",
                self.new.bin_dir.display()
            );
            return Err(self.failed("looking for its tools", output));
        } else {
            let restored = self.dump_and_restore().await;
            old_server.stop().await;
            restored?;
        }
        takeover::clear(&self.site.folder.root).await
    }

    fn fresh_cluster(&self) -> PathBuf {
        self.work.join("cluster")
    }

    fn old_cluster(&self) -> PathBuf {
        self.site.folder.cluster(self.old.major)
    }

    fn failed(&self, step: &'static str, output: String) -> EmbeddedError {
        EmbeddedError::UpgradeFailed {
            from: self.old.major,
            to: self.new.major,
            step,
            output,
        }
    }

    fn can_copy(&self) -> bool {
        OLD_TOOLS.iter().all(|tool| self.old.has(tool))
            && NEW_TOOLS.iter().all(|tool| self.new.has(tool))
    }

    async fn start_old(&self) -> Result<Postmaster, EmbeddedError> {
        self.start_server(self.old, &self.old_cluster(), PORT).await
    }

    /// A server for the upgrade alone: without the caller's extra settings, which may be known
    /// to one of the majors only.
    async fn start_server(
        &self,
        programs: &Programs,
        place: &Path,
        port: u16,
    ) -> Result<Postmaster, EmbeddedError> {
        let site = self.site;
        let mut settings = site.settings.clone();
        settings.extra.clear();
        conf::write(place, &settings, &site.socket_dir, &site.launcher.account)?;
        let port_argument = port.to_string();
        let mut server = Postmaster::spawn(site, programs, place, &["-p", &port_argument])?;
        if let Err(error) = server.wait_ready(site, &site.socket(port)).await {
            server.stop().await;
            return Err(error);
        }
        Ok(server)
    }

    /// `pg_upgrade`, which copies the files of the old cluster.
    async fn copy(&self) -> Result<(), EmbeddedError> {
        let port = PORT.to_string();
        let text = |path: &Path| path.display().to_string();
        let arguments = [
            ("--old-bindir", text(&self.old.bin_dir)),
            ("--new-bindir", text(&self.new.bin_dir)),
            ("--old-datadir", text(&self.old_cluster())),
            ("--new-datadir", text(&self.fresh_cluster())),
            ("--old-port", port.clone()),
            ("--new-port", port),
            ("--socketdir", text(&self.site.socket_dir)),
            ("--username", SUPERUSER.to_owned()),
        ]
        .map(|(name, value)| format!("{name}={value}"));
        self.run_tool("pg_upgrade", &arguments).await
    }

    async fn dump_and_restore(&self) -> Result<(), EmbeddedError> {
        let dump = self.work.join("dump.sql");
        let restorable = self.work.join("restore.sql");
        let host = format!("--host={}", self.site.socket_dir.display());
        let user = format!("--username={SUPERUSER}");
        let dump_arguments = [
            host.clone(),
            user.clone(),
            format!("--port={PORT}"),
            format!("--database={SUPERUSER}"),
            format!("--file={}", dump.display()),
        ];
        self.run_tool("pg_dumpall", &dump_arguments).await?;
        drop_superuser_creation(&dump, &restorable).map_err(at(&restorable))?;
        fs::remove_file(&dump).map_err(at(&dump))?;
        if self.site.launcher.account.switches {
            let account = &self.site.launcher.account;
            std::os::unix::fs::lchown(&restorable, Some(account.uid), Some(account.gid))
                .map_err(at(&restorable))?;
        }
        let fresh = self.fresh_cluster();
        let mut new_server = self.start_server(self.new, &fresh, SECOND_PORT).await?;
        let restore_arguments = [
            host,
            user,
            format!("--port={SECOND_PORT}"),
            "--no-psqlrc".to_owned(),
            "--quiet".to_owned(),
            "--set=ON_ERROR_STOP=1".to_owned(),
            format!("--file={}", restorable.display()),
            format!("--dbname={SUPERUSER}"),
        ];
        let restored = self.run_tool("psql", &restore_arguments).await;
        // The clean stop also writes everything to the disk.
        new_server.stop().await;
        restored
    }

    async fn run_tool(
        &self,
        name: &'static str,
        arguments: &[String],
    ) -> Result<(), EmbeddedError> {
        let program = self.new.program(name);
        let outcome = self
            .site
            .launcher
            .run(&program, arguments, &self.work)
            .await?;
        if outcome.status.success() {
            return Ok(());
        }
        Err(self.failed(name, outcome.output))
    }
}

/// Copies a dump without the line that makes the superuser: every cluster has one from the start.
fn drop_superuser_creation(dump: &Path, restorable: &Path) -> std::io::Result<()> {
    let unwanted = format!("CREATE ROLE {SUPERUSER};\n");
    let mut reader = BufReader::new(File::open(dump)?);
    let mut writer = BufWriter::new(File::create_new(restorable)?);
    let mut line = Vec::new();
    let mut dropped = false;
    while reader.read_until(b'\n', &mut line)? > 0 {
        // Roles come before all data, so the first such line is the statement.
        if !dropped && line == unwanted.as_bytes() {
            dropped = true;
        } else {
            writer.write_all(&line)?;
        }
        line.clear();
    }
    writer.flush()
}

/// `<old>` → `<old>.kept`, work → `<new>`; each move may have happened already.
fn move_into_place(site: &Site, progress: Progress) -> Result<(), EmbeddedError> {
    let root = &site.folder.root;
    let old = site.folder.cluster(progress.from);
    let new = site.folder.cluster(progress.to);
    let fresh = work_folder(site).join("cluster");
    if old.exists() {
        let kept = free_kept_name(root, progress.from);
        fs::rename(&old, &kept).map_err(at(&old))?;
        tracing::info!(postgres.kept = %kept.display(), "the old cluster is kept");
    }
    if fresh.exists() {
        fs::rename(&fresh, &new).map_err(at(&new))?;
    }
    sync_folder(root)?;
    write_progress(
        root,
        Progress {
            step: Step::Moved,
            ..progress
        },
    )?;
    remove_tree(&work_folder(site))
}

fn free_kept_name(root: &Path, major: u32) -> PathBuf {
    let plain = root.join(format!("{major}.kept"));
    if !plain.exists() {
        return plain;
    }
    let numbered = (2_u32..).map(|number| root.join(format!("{major}.kept-{number}")));
    numbered
        .into_iter()
        .find(|path| !path.exists())
        .unwrap_or(plain)
}

/// The copy needs as much room as the cluster takes, and some for logs.
fn check_space(site: &Site, from: u32, to: u32) -> Result<(), EmbeddedError> {
    const MARGIN_BYTES: u64 = 128 << 20;
    let root = &site.folder.root;
    let old = site.folder.cluster(from);
    let needed_bytes = measure_tree(&old).map_err(at(&old))? + MARGIN_BYTES;
    let volume = rustix::fs::statvfs(root).map_err(|errno| at(root)(errno.into()))?;
    let free_bytes = volume.f_bavail.saturating_mul(volume.f_frsize);
    if free_bytes >= needed_bytes {
        return Ok(());
    }
    let output = format!("{needed_bytes} bytes are needed, {free_bytes} are free");
    Err(EmbeddedError::UpgradeFailed {
        from,
        to,
        step: "checking the free space",
        output,
    })
}

fn measure_tree(folder: &Path) -> std::io::Result<u64> {
    let mut size_bytes = 0;
    let mut pending = vec![folder.to_path_buf()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                pending.push(entry.path());
            } else {
                size_bytes += metadata.len();
            }
        }
    }
    Ok(size_bytes)
}

fn work_folder(site: &Site) -> PathBuf {
    site.folder.root.join(WORK_FOLDER)
}

fn write_progress(root: &Path, progress: Progress) -> Result<(), EmbeddedError> {
    let step = match progress.step {
        Step::Building => "building",
        Step::Built => "built",
        Step::Moved => "moved",
    };
    let text = format!("{} {} {step}\n", progress.from, progress.to);
    replace_file(&root.join(STATE_FILE), text.as_bytes(), None)?;
    sync_folder(root)
}

fn remove_progress(root: &Path) -> Result<(), EmbeddedError> {
    let path = root.join(STATE_FILE);
    fs::remove_file(&path).map_err(at(&path))?;
    sync_folder(root)
}

/// The upgrade under way, if any; an unreadable state is an error, not a guess.
fn read_progress(root: &Path) -> Result<Option<Progress>, EmbeddedError> {
    let path = root.join(STATE_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(&path)(error)),
    };
    let unreadable = || {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "not an upgrade state");
        at(&path)(source)
    };
    parse_progress(&text).map(Some).ok_or_else(unreadable)
}

fn parse_progress(text: &str) -> Option<Progress> {
    let mut words = text.split_whitespace();
    let from = words.next()?.parse().ok()?;
    let to = words.next()?.parse().ok()?;
    let step = match words.next()? {
        "building" => Step::Building,
        "built" => Step::Built,
        "moved" => Step::Moved,
        _ => return None,
    };
    Some(Progress { from, to, step })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_read_back_as_it_was_written() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read_progress(root.path()).unwrap(), None);
        for step in [Step::Building, Step::Built, Step::Moved] {
            let progress = Progress {
                from: 15,
                to: 16,
                step,
            };
            write_progress(root.path(), progress).unwrap();
            assert_eq!(read_progress(root.path()).unwrap(), Some(progress));
        }
        fs::write(root.path().join(STATE_FILE), "15 16 perhaps").unwrap();
        assert!(read_progress(root.path()).is_err());
    }

    #[test]
    fn only_the_statement_that_makes_the_superuser_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (dump, restorable) = (folder.path().join("a"), folder.path().join("b"));
        let text = "CREATE ROLE postgres;\nALTER ROLE postgres;\nCREATE ROLE slipway;\n";
        fs::write(&dump, format!("{text}CREATE ROLE postgres;\n")).unwrap();
        drop_superuser_creation(&dump, &restorable).unwrap();
        assert_eq!(
            fs::read_to_string(&restorable).unwrap(),
            "ALTER ROLE postgres;\nCREATE ROLE slipway;\nCREATE ROLE postgres;\n"
        );
    }

    #[test]
    fn kept_clusters_never_take_each_others_name() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("15.kept")).unwrap();
        fs::create_dir(root.path().join("15.kept-2")).unwrap();
        assert_eq!(
            free_kept_name(root.path(), 15),
            root.path().join("15.kept-3")
        );
    }
}
