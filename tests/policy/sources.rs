//! Rules for the Rust files: length, names, unfinished code, SQL, state outside actors.

use super::{TextFile, has_extension, listed, read_files};

const MOST_LINES: usize = 600;

/// File names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "common", "handler", "helper", "helpers", "misc", "types", "util", "utils",
];

/// Files that may hold a statement, and why.
const SQL_ALLOWED: [(&str, &str); 2] = [
    (
        "crates/postgres/src/postmaster.rs",
        "asks a cluster for its role and database before any schema of ours is there",
    ),
    (
        "crates/postgres/src/upgrade.rs",
        "edits the text that a dump of the old cluster's roles consists of",
    ),
];

/// How a statement begins; upper case, as every statement of the project is written.
const SQL_STARTS: [&str; 10] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH ",
    "CREATE ",
    "ALTER ",
    "DROP ",
    "TRUNCATE ",
    "COPY ",
];

/// Types whose value in a `static` would be state that no actor owns.
const SHARED_STATE: [&str; 6] = [
    "Mutex<",
    "RwLock<",
    "DashMap<",
    "LazyLock<",
    "OnceLock<",
    "RefCell<",
];

fn rust_files() -> Vec<TextFile> {
    let files = read_files(|path| has_extension(path, "rs")).expect("the sources are readable");
    assert!(
        files.len() > 50,
        "only {} Rust files were found",
        files.len()
    );
    files
}

fn is_test_code(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("benches/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || path.contains("/examples/")
        || path.starts_with("crates/testkit/")
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a string on this line, or the line itself inside a longer string, begins like SQL.
fn holds_sql(line: &str) -> bool {
    if is_comment(line) {
        return false;
    }
    let text = line.trim_start();
    SQL_STARTS.iter().any(|start| {
        text.starts_with(start)
            || text.match_indices('"').any(|(at, quote)| {
                text.get(at + quote.len()..)
                    .is_some_and(|rest| rest.starts_with(start))
            })
    })
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let offences: Vec<String> = rust_files()
        .iter()
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines", file.path))
        })
        .collect();
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn a_file_name_says_what_is_inside() {
    let mut offences = Vec::new();
    for file in rust_files() {
        for part in file.path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&part) {
                offences.push(format!("{}: `{part}` names nothing", file.path));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn every_module_says_what_it_is() {
    let offences: Vec<String> = rust_files()
        .iter()
        .filter(|file| !file.text.trim_start().starts_with("//!"))
        .map(|file| format!("{}: does not open with a module comment", file.path))
        .collect();
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = [
        concat!("to", "do!("),
        concat!("unim", "plemented!("),
        concat!("dbg", "!("),
        concat!("FIX", "ME"),
        concat!("X", "XX"),
    ];
    let mut offences = Vec::new();
    for file in rust_files() {
        for (number, line) in file.numbered_lines() {
            for mark in marks {
                if line.contains(mark) {
                    offences.push(format!("{}:{number}: {mark}", file.path));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn sql_stands_in_files_of_its_own() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !is_test_code(&file.path)) {
        if SQL_ALLOWED.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        for (number, line) in file.numbered_lines() {
            if holds_sql(line) {
                offences.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn a_file_allowed_to_hold_sql_still_does() {
    let files = rust_files();
    for (path, reason) in SQL_ALLOWED {
        let still = files
            .iter()
            .any(|file| file.path == path && file.text.lines().any(holds_sql));
        assert!(
            still,
            "{path} holds no statement any more ({reason}): drop it from the table"
        );
    }
}

#[test]
fn the_sql_rule_sees_statements_and_nothing_else() {
    for line in [
        concat!("    \"SEL", "ECT 1\""),
        concat!("let text = \"UPD", "ATE blob SET size = 1\";"),
        concat!("query(\"WI", "TH rows AS (...\")"),
        concat!("    DEL", "ETE FROM upload"),
    ] {
        assert!(holds_sql(line), "{line}");
    }
    for line in [
        "// SELECT 1",
        "\"selected\"",
        "let update = \"Updated\";",
        "enum With {}",
    ] {
        assert!(!holds_sql(line), "{line}");
    }
}

#[test]
fn no_state_lives_in_a_static() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !is_test_code(&file.path)) {
        for (number, line) in file.numbered_lines() {
            let text = line.trim_start();
            let is_static = text.starts_with("static ")
                || text.starts_with("pub static ")
                || text.starts_with("pub(crate) static ")
                || text.starts_with("thread_local!");
            if is_static && SHARED_STATE.iter().any(|kind| text.contains(kind)) {
                offences.push(format!("{}:{number}: {text}", file.path));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

/// Handlers hold no locked map: what a request changes belongs to an actor.
#[test]
fn the_edge_keeps_no_shared_maps() {
    let mut offences = Vec::new();
    for file in rust_files()
        .iter()
        .filter(|file| file.path.starts_with("src/"))
    {
        for (number, line) in file.numbered_lines().filter(|(_, line)| !is_comment(line)) {
            let locked_map = line.contains("DashMap")
                || ["Mutex<", "RwLock<"].iter().any(|lock| {
                    line.contains(lock) && (line.contains("Map<") || line.contains("Set<"))
                });
            if locked_map {
                offences.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}
