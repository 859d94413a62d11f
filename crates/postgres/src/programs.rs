//! Where PostgreSQL's own programs are.
//!
//! A folder counts when `initdb`, `postgres` and `pg_ctl` in it all answer `--version` with one
//! major: wrappers and client-only installs do not. Order: the folder named by the caller, the
//! folders of the distributions (newest first), `PATH`. Links are followed first, so that a link
//! in `/usr/local/bin` is the same place as its target.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::EmbeddedError;
use crate::launcher::Launcher;

/// Oldest PostgreSQL major that is run.
pub const MINIMUM_MAJOR: u32 = 13;

const REQUIRED: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// One working set of server programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) bin_dir: PathBuf,
    pub(crate) major: u32,
    pub(crate) version: String,
}

impl Programs {
    /// Path of one program of the set.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// Whether the set has `name` too.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.program(name).is_file()
    }

    /// All working sets of this host in order of preference; the first is the one to use.
    ///
    /// # Errors
    /// `ProgramsMissing` or `TooOld` when there is none, or when `wanted` itself is not one:
    /// a folder that was named is never silently passed over.
    pub(crate) async fn list(
        wanted: Option<&Path>,
        launcher: &Launcher,
    ) -> Result<Vec<Self>, EmbeddedError> {
        let mut found: Vec<Self> = Vec::new();
        let mut too_old: Option<Self> = None;
        let mut looked_in: Vec<String> = Vec::new();
        let named = wanted.map(Path::to_path_buf);
        for folder in named.iter().cloned().chain(list_usual_folders()) {
            let is_named = wanted == Some(folder.as_path());
            let bin_dir = resolve(&folder);
            if found
                .iter()
                .any(|known| Some(&known.bin_dir) == bin_dir.as_ref())
            {
                continue;
            }
            match Self::examine(bin_dir, launcher).await {
                Ok(set) if set.major < MINIMUM_MAJOR => too_old = too_old.or(Some(set)),
                Ok(set) => found.push(set),
                Err(reason) => looked_in.push(format!("`{}` ({reason})", folder.display())),
            }
            if is_named && found.is_empty() {
                break;
            }
        }
        match (found.is_empty(), too_old) {
            (false, _) => Ok(found),
            (true, Some(set)) => Err(EmbeddedError::TooOld {
                bin_dir: set.bin_dir,
                version: set.version,
                minimum: MINIMUM_MAJOR,
            }),
            (true, None) => Err(EmbeddedError::ProgramsMissing {
                looked_in: looked_in.join(", "),
            }),
        }
    }

    /// Runs the required programs of a folder; the error says what is wrong there.
    async fn examine(bin_dir: Option<PathBuf>, launcher: &Launcher) -> Result<Self, String> {
        let Some(bin_dir) = bin_dir else {
            return Err("no `postgres`".to_owned());
        };
        let mut stated: Option<(u32, String)> = None;
        for name in REQUIRED {
            let program = bin_dir.join(name);
            if !program.is_file() {
                return Err(format!("no `{name}`"));
            }
            let outcome = launcher.run(&program, ["--version"], Path::new("/")).await;
            let outcome = outcome.map_err(|error| error.to_string())?;
            let version = parse_version(&outcome.output).filter(|_| outcome.status.success());
            let Some(version) = version else {
                return Err(format!("`{name} --version` failed: {}", outcome.output));
            };
            match &stated {
                Some((major, _)) if *major != version.0 => {
                    return Err(format!("`{name}` is of another major than `postgres`"));
                }
                Some(_) => {}
                None => stated = Some(version),
            }
        }
        let (major, version) = stated.ok_or_else(|| "no version".to_owned())?;
        Ok(Self {
            bin_dir,
            major,
            version,
        })
    }
}

/// Where `postgres` of that folder really is.
fn resolve(folder: &Path) -> Option<PathBuf> {
    let server = folder.join("postgres").canonicalize().ok()?;
    server.parent().map(Path::to_path_buf)
}

/// Folders to look in, without the one the caller names.
fn list_usual_folders() -> Vec<PathBuf> {
    let mut folders = list_versioned("/usr/lib/postgresql", "", "bin");
    folders.push(PathBuf::from("/usr/local/pgsql/bin"));
    folders.extend(list_versioned("/usr", "pgsql-", "bin"));
    folders.extend(list_versioned("/opt/homebrew/opt", "postgresql@", "bin"));
    folders.extend(list_versioned("/usr/local/opt", "postgresql@", "bin"));
    folders.extend(list_versioned("/usr/libexec", "postgresql", ""));
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    }
    folders
}

/// `<parent>/<prefix><number>/<below>` for each number there is, highest first.
fn list_versioned(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return vec![Path::new(parent).join(format!("{prefix}*")).join(below)];
    };
    let mut numbered: Vec<(u32, PathBuf)> = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            numbered.push((number, entry.path().join(below)));
        }
    }
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    numbered.into_iter().map(|(_, folder)| folder).collect()
}

/// Major and full version out of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn parse_version(line: &str) -> Option<(u32, String)> {
    let version = line
        .split("(PostgreSQL)")
        .nth(1)?
        .split_whitespace()
        .next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn majors_are_read_from_releases_and_previews() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)";
        assert_eq!(parse_version(debian), Some((15, "15.18".to_owned())));
        assert_eq!(
            parse_version("initdb (PostgreSQL) 18beta1\n"),
            Some((18, "18beta1".to_owned()))
        );
        assert_eq!(
            parse_version("pg_ctl (PostgreSQL) 9.6.24"),
            Some((9, "9.6.24".to_owned()))
        );
        assert_eq!(parse_version("Error: no cluster"), None);
    }
}
