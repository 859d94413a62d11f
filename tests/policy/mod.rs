//! Rules about the source tree itself, each a test that reads files and starts nothing.
//!
//! `dependencies` holds the directions between crates, `sources` the rules for Rust files, `documents`
//! those for the text around them. A failing test lists every offence with its file and line, so one
//! run is enough to mend them all. Exceptions stand in a table next to the rule, with their reason.

mod dependencies;
mod documents;
mod sources;

use std::io;
use std::path::{Path, PathBuf};

/// What holds no source at the top: built, private to one machine, or data of a running server.
const NOT_SOURCE: [&str; 4] = ["target", ".git", ".cache", "data"];

/// The top folder of the repository.
fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One text file of the repository.
pub(crate) struct TextFile {
    /// Path below the top folder, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    /// Lines with their number, counted from 1.
    fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// Reads every text file below the top folder for which `wanted` says yes, sorted by path.
///
/// # Errors
/// Whatever reading a folder or a file answers; files that are not UTF-8 are left out.
pub(crate) fn read_files(wanted: impl Fn(&str) -> bool) -> io::Result<Vec<TextFile>> {
    let mut files = Vec::new();
    let mut folders = vec![top().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let path = relative(&entry.path());
            if NOT_SOURCE.contains(&path.as_str()) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                && wanted(&path)
                && let Ok(text) = String::from_utf8(std::fs::read(entry.path())?)
            {
                files.push(TextFile { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn relative(path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(top()).unwrap_or(path).to_path_buf();
    below.to_string_lossy().replace('\\', "/")
}

/// Whether a file name ends in `extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

/// A readable list of offences for an assertion's message.
pub(crate) fn listed(offences: &[String]) -> String {
    format!("\n  {}\n", offences.join("\n  "))
}
