//! Which cluster to run with which programs, and how a cluster is made.
//!
//! A cluster is a folder named by its major. It is made under another name and moved into place
//! when `initdb` has finished, so a folder with a major's name is always whole; what an
//! interrupted `initdb` leaves (`.init-*`) is removed at the next start.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{EmbeddedError, at};
use crate::folder::{DataFolder, make_private, remove_tree, sync_folder};
use crate::launcher::Launcher;
use crate::log::ServerLog;
use crate::programs::Programs;
use crate::settings::{EmbeddedSettings, PORT, SUPERUSER};

const UNFINISHED_PREFIX: &str = ".init-";

/// All that does not change while this process serves one data folder.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) settings: EmbeddedSettings,
    pub(crate) folder: DataFolder,
    pub(crate) launcher: Launcher,
    pub(crate) log: ServerLog,
    pub(crate) socket_dir: PathBuf,
}

impl Site {
    /// Path of the socket of a server on that port.
    pub(crate) fn socket(&self, port: u16) -> PathBuf {
        self.socket_dir.join(format!(".s.PGSQL.{port}"))
    }

    /// Path of the socket of the server proper.
    pub(crate) fn main_socket(&self) -> PathBuf {
        self.socket(PORT)
    }
}

/// What to do with the clusters and programs there are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// No cluster yet.
    Make(Programs),
    /// The cluster fits these programs.
    Run(Programs),
    /// The cluster is of an older major than the preferred programs.
    Upgrade { old: Programs, new: Programs },
}

/// Decides by the majors of the clusters and the programs in order of preference.
pub(crate) fn plan(cluster_majors: &[u32], programs: &[Programs]) -> Result<Plan, EmbeddedError> {
    let Some(preferred) = programs.first() else {
        return Err(EmbeddedError::ProgramsMissing {
            looked_in: String::new(),
        });
    };
    let Some(cluster_major) = cluster_majors.iter().copied().max() else {
        return Ok(Plan::Make(preferred.clone()));
    };
    let Some(fitting) = programs.iter().find(|set| set.major == cluster_major) else {
        let found: Vec<String> = programs.iter().map(|set| set.major.to_string()).collect();
        return Err(EmbeddedError::MajorMissing {
            cluster_major,
            found: found.join(", "),
        });
    };
    if cluster_major < preferred.major {
        return Ok(Plan::Upgrade {
            old: fitting.clone(),
            new: preferred.clone(),
        });
    }
    Ok(Plan::Run(fitting.clone()))
}

/// Majors of the clusters in `root`, each checked to be one.
pub(crate) fn list_majors(root: &Path) -> Result<Vec<u32>, EmbeddedError> {
    let mut majors = Vec::new();
    for entry in fs::read_dir(root).map_err(at(root))? {
        let entry = entry.map_err(at(root))?;
        let name = entry.file_name();
        let Some(major) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let folder = entry.path();
        let stated = fs::read_to_string(folder.join("PG_VERSION")).unwrap_or_default();
        if stated.trim() != major.to_string() {
            return Err(EmbeddedError::NotACluster { folder, major });
        }
        majors.push(major);
    }
    Ok(majors)
}

/// Removes what interrupted `initdb` runs left in `root`.
pub(crate) fn remove_unfinished(root: &Path) -> Result<(), EmbeddedError> {
    for entry in fs::read_dir(root).map_err(at(root))? {
        let entry = entry.map_err(at(root))?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(UNFINISHED_PREFIX)
        {
            let folder = entry.path();
            tracing::warn!(postgres.folder = %folder.display(), "removing a half-made cluster");
            // Nothing uses the folder, so one that stays does no harm; the next start tries again.
            if let Err(error) = remove_tree(&folder) {
                tracing::warn!(%error, "a half-made cluster stays");
            }
        }
    }
    Ok(())
}

/// Makes an empty cluster at `place`: C locale, UTF-8, checksums, trust over the socket only.
pub(crate) async fn make(
    site: &Site,
    programs: &Programs,
    place: &Path,
) -> Result<(), EmbeddedError> {
    let root = &site.folder.root;
    let name = format!(
        "{UNFINISHED_PREFIX}{}-{:016x}",
        programs.major,
        rand::random::<u64>()
    );
    let unfinished = root.join(name);
    make_private(&unfinished, &site.launcher.account).map_err(at(&unfinished))?;
    let mut arguments: Vec<String> = [
        "--encoding=UTF8",
        "--locale=C",
        "--auth-local=trust",
        "--auth-host=reject",
        "--data-checksums",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--username={SUPERUSER}"));
    arguments.push(format!("--pgdata={}", unfinished.display()));
    if !site.settings.durable {
        arguments.push("--no-sync".to_owned());
    }
    let initdb = programs.program("initdb");
    let outcome = site
        .launcher
        .run(&initdb, arguments, Path::new("/"))
        .await?;
    if !outcome.status.success() {
        remove_tree(&unfinished)?;
        return Err(EmbeddedError::InitFailed {
            output: outcome.output,
        });
    }
    fs::rename(&unfinished, place).map_err(at(place))?;
    sync_folder(root)?;
    if let Some(parent) = place.parent().filter(|parent| parent != root) {
        sync_folder(parent)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(major: u32) -> Programs {
        let bin_dir = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
        Programs {
            bin_dir,
            major,
            version: format!("{major}.1"),
        }
    }

    #[test]
    fn the_plan_follows_cluster_and_programs() {
        let both = [set(16), set(15)];
        assert_eq!(plan(&[], &both).unwrap(), Plan::Make(set(16)));
        assert_eq!(plan(&[16], &both).unwrap(), Plan::Run(set(16)));
        assert_eq!(
            plan(&[15], &both).unwrap(),
            Plan::Upgrade {
                old: set(15),
                new: set(16)
            }
        );
        assert_eq!(plan(&[15], &[set(15)]).unwrap(), Plan::Run(set(15)));
        // A folder that the caller names comes first, even when it is the older one.
        assert_eq!(
            plan(&[16], &[set(15), set(16)]).unwrap(),
            Plan::Run(set(16))
        );
    }

    #[test]
    fn missing_programs_of_the_cluster_are_an_error() {
        for (cluster, programs) in [(14, 15), (16, 15)] {
            let refusal = plan(&[cluster], &[set(programs)]).unwrap_err();
            let EmbeddedError::MajorMissing {
                cluster_major,
                found,
            } = refusal
            else {
                panic!("{refusal}");
            };
            assert_eq!((cluster_major, found.as_str()), (cluster, "15"));
        }
    }

    #[test]
    fn a_folder_with_a_majors_name_must_be_a_cluster() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("15")).unwrap();
        assert!(matches!(
            list_majors(root.path()),
            Err(EmbeddedError::NotACluster { major: 15, .. })
        ));
        fs::write(root.path().join("15/PG_VERSION"), "15\n").unwrap();
        fs::create_dir(root.path().join("14.kept")).unwrap();
        assert_eq!(list_majors(root.path()).unwrap(), [15]);
    }
}
