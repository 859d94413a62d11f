//! Rules for the text around the code: commands and links that are there, decision records that are
//! listed, nothing that belongs to one person's machine.

use std::collections::BTreeSet;

use super::{TextFile, has_extension, listed, read_files, top};

/// Text that belongs to one machine or to the way work is handed out, never to the project. Each is
/// put together here, so that this file passes its own test.
const FOREIGN: [&str; 10] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!(".lib", "rary/"),
    concat!("sub", "agent"),
    concat!("shared/", "design"),
    concat!("shared/", "quay"),
    concat!("shared/", "parts"),
    concat!("CLAU", "DE"),
    concat!("/ro", "ot/"),
    concat!("brief", "_common"),
];

/// Hosts of package registries: where a package comes from is the business of the machine's set-up.
const HOSTS: [&str; 7] = [
    concat!("static.", "crates", ".io"),
    concat!("index.", "crates", ".io"),
    concat!("py", "pi.org"),
    concat!("registry.", "npm", "js"),
    concat!("proxy.", "golang"),
    concat!("deb.", "debian.org"),
    concat!("repo1.", "maven"),
];

fn text_files() -> Vec<TextFile> {
    // The lock file is cargo's own and names its registry.
    let files = read_files(|path| path != "Cargo.lock").expect("the files are readable");
    assert!(files.len() > 80, "only {} files were found", files.len());
    files
}

fn documents() -> Vec<TextFile> {
    let files = read_files(|path| has_extension(path, "md")).expect("the documents are readable");
    assert!(
        files.iter().any(|file| file.path == "README.md"),
        "there is no README.md"
    );
    files
}

#[test]
fn nothing_foreign_is_committed() {
    let mut offences = Vec::new();
    for file in text_files() {
        for (number, line) in file.numbered_lines() {
            for pattern in FOREIGN.iter().chain(&HOSTS) {
                if line.contains(pattern) {
                    offences.push(format!("{}:{number}: {pattern}", file.path));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

/// `make NAME` in a document must be a rule of the Makefile.
#[test]
fn commands_in_documents_exist() {
    let makefile = read_files(|path| path == "Makefile").expect("the Makefile is readable");
    let rules: BTreeSet<&str> = makefile
        .iter()
        .flat_map(|file| file.text.lines())
        .filter(|line| !line.starts_with(['\t', '#', ' ']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert!(
        rules.contains("run") && rules.contains("test"),
        "rules found: {rules:?}"
    );
    let mut offences = Vec::new();
    for file in documents() {
        for (number, line) in file.numbered_lines() {
            for name in make_commands(line) {
                if !rules.contains(name) {
                    offences.push(format!("{}:{number}: make {name}", file.path));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

/// Names that follow `make ` where it is code: after a back-tick, or at the start of a line.
fn make_commands(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let in_text = line.split("`make ").skip(1);
    let at_start = line
        .strip_prefix("make ")
        .or_else(|| line.strip_prefix("    make "));
    for rest in in_text.chain(at_start) {
        let name = rest.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
        found.extend(name.take(1).filter(|name| !name.is_empty()));
    }
    found
}

/// A relative link leads to a file.
#[test]
fn links_between_documents_lead_somewhere() {
    let mut offences = Vec::new();
    for file in documents() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in file.numbered_lines() {
            for target in line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                let path = target.split('#').next().unwrap_or_default();
                if path.is_empty() || path.contains("://") {
                    continue;
                }
                if !top().join(folder).join(path).exists() {
                    offences.push(format!("{}:{number}: {target}", file.path));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn every_decision_is_numbered_listed_and_complete() {
    let files = read_files(|path| path.starts_with("docs/decisions/")).expect("records");
    let index = files
        .iter()
        .find(|file| file.path == "docs/decisions/README.md")
        .expect("docs/decisions/README.md is there");
    let records: Vec<&TextFile> = files
        .iter()
        .filter(|file| file.path != index.path)
        .collect();
    assert!(!records.is_empty(), "there is no decision record");
    let mut offences = Vec::new();
    for (position, record) in records.iter().enumerate() {
        let name = record.path.trim_start_matches("docs/decisions/");
        if !name.starts_with(&format!("{:04}-", position + 1)) {
            offences.push(format!("{name}: expected the number {:04}", position + 1));
        }
        if !index.text.contains(&format!("({name})")) {
            offences.push(format!("{name}: not in docs/decisions/README.md"));
        }
        for heading in ["## Context", "## Decision", "## Consequences"] {
            if !record.text.contains(heading) {
                offences.push(format!("{name}: no `{heading}`"));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

/// The suites that the runner looks for say where they belong.
#[test]
fn every_script_suite_says_where_it_runs() {
    let mut offences = Vec::new();
    let scripts = read_files(|path| path.starts_with("tests/") && has_extension(path, "sh"));
    for script in scripts.expect("the suites are readable") {
        let head: Vec<&str> = script.text.lines().take(5).collect();
        let named = head.iter().any(|line| {
            line.strip_prefix("# runs in: ")
                .is_some_and(|place| place == "test" || place == "nightly")
        });
        let sourced = head.iter().any(|line| line.contains("sourced, never run"));
        if !named && !sourced {
            offences.push(format!("{}: no `# runs in:` line", script.path));
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}
