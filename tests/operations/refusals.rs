//! What keeps the program from starting is said in one line, and in the exit status.

use std::net::TcpListener;
use std::process::Output;

use crate::support::{shared, slipway};

/// The one line of complaint; everything else on standard error is the log.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("slipway: "))
        .collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert_eq!(text.lines().last(), Some(lines[0]), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
    lines[0].to_owned()
}

fn serve(keys: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut all = vec![
        ("server.listen", "127.0.0.1:0"),
        ("data.dir", data.to_str().unwrap()),
    ];
    all.extend_from_slice(keys);
    complaint(&slipway(&["serve"], "", folder.path(), &all))
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let inside = file.join("data");
    let inside = inside.to_str().unwrap();
    let line = serve(&[("data.dir", inside)]);
    assert!(
        line.contains(inside) && line.contains("ot a directory"),
        "{line}"
    );
    let line = serve(&[("data.dir", "/proc/slipway")]);
    assert!(line.contains("/proc/slipway"), "{line}");
}

#[test]
fn a_taken_port_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let line = serve(&[("server.listen", &address)]);
    assert!(line.contains(&address) && line.contains("in use"), "{line}");
}

#[test]
fn missing_database_programs_are_named() {
    let empty = tempfile::tempdir().unwrap();
    let bin_dir = empty.path().to_str().unwrap();
    let line = serve(&[("database.bin_dir", bin_dir)]);
    assert!(line.contains(bin_dir), "{line}");
    assert!(
        line.contains("initdb") || line.contains("postgres"),
        "{line}"
    );
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let first = shared();
    let data = first.dir.join("data");
    let line = serve(&[("data.dir", data.to_str().unwrap())]);
    assert!(line.contains(data.to_str().unwrap()), "{line}");
    // The first one is none the worse for it.
    first.get("/health/endtoend").send().expect(200);
}

#[test]
fn a_missing_certificate_is_named() {
    let line = serve(&[
        ("tls.certificate", "/nowhere/c.pem"),
        ("tls.key", "/nowhere/k.pem"),
    ]);
    assert!(line.contains("/nowhere/"), "{line}");
}
