//! Which crate may use which, read from the manifests.
//!
//! The edge (`slipway`) sees state only through the messages of `slipway-actors`; the database, the
//! object store and HTTP are each reached by the crates named here and by no other. A new edge is a
//! decision: it needs a line in the table and a record in `docs/decisions/`.

use std::collections::{BTreeMap, BTreeSet};

use super::{listed, read_files};

/// Our crates and those of ours that each may use when it is shipped.
const ALLOWED: [(&str, &[&str]); 11] = [
    (
        "slipway",
        &[
            "slipway-actors",
            "slipway-auth",
            "slipway-config",
            "slipway-oci",
            "slipway-postgres",
            "slipway-transport",
        ],
    ),
    (
        "slipway-actors",
        &[
            "slipway-auth",
            "slipway-config",
            "slipway-model",
            "slipway-oci",
            "slipway-outbound",
            "slipway-storage",
        ],
    ),
    ("slipway-auth", &[]),
    ("slipway-config", &[]),
    ("slipway-model", &["slipway-config", "slipway-oci"]),
    ("slipway-oci", &[]),
    ("slipway-outbound", &["slipway-config"]),
    ("slipway-postgres", &[]),
    ("slipway-storage", &["slipway-config", "slipway-oci"]),
    (
        "slipway-testkit",
        &[
            "slipway-config",
            "slipway-model",
            "slipway-oci",
            "slipway-postgres",
            "slipway-storage",
        ],
    ),
    ("slipway-transport", &[]),
];

/// Libraries that reach outside the process or guard secrets, and the crates that may use each.
const GUARDED: [(&str, &[&str]); 17] = [
    ("actix", &["slipway", "slipway-actors"]),
    ("actix-http", &["slipway", "slipway-transport"]),
    ("actix-web", &["slipway", "slipway-transport"]),
    ("argon2", &["slipway-auth"]),
    ("bcrypt", &["slipway-auth"]),
    ("clap", &["slipway"]),
    ("config", &["slipway-config"]),
    ("deadpool-postgres", &["slipway-model"]),
    ("opendal", &["slipway-storage"]),
    ("opentelemetry", &["slipway"]),
    ("opentelemetry-otlp", &["slipway"]),
    ("opentelemetry_sdk", &["slipway"]),
    ("postgres-types", &["slipway-model"]),
    ("reqwest", &["slipway", "slipway-outbound"]),
    ("ring", &["slipway-auth"]),
    ("tikv-jemallocator", &["slipway"]),
    ("tokio-postgres", &["slipway-model", "slipway-testkit"]),
];

/// What only tests may use.
const TESTS_ONLY: [&str; 5] = [
    "slipway-testkit",
    "opentelemetry-proto",
    "prost",
    "proptest",
    "tempfile",
];

struct Manifest {
    path: String,
    name: String,
    shipped: BTreeSet<String>,
    tests: BTreeSet<String>,
    table: toml::Table,
}

/// Every package of the workspace by name.
fn read_manifests() -> std::io::Result<BTreeMap<String, Manifest>> {
    let mut found = BTreeMap::new();
    for file in read_files(|path| path.ends_with("Cargo.toml"))? {
        let table: toml::Table = file.text.parse().map_err(std::io::Error::other)?;
        let name = text_at(&table, &["package", "name"]);
        let shipped = [
            names_in(&table, "dependencies"),
            names_in(&table, "build-dependencies"),
            names_in_targets(&table),
        ]
        .concat();
        let manifest = Manifest {
            path: file.path,
            name: name.clone(),
            shipped: shipped.into_iter().collect(),
            tests: names_in(&table, "dev-dependencies").into_iter().collect(),
            table,
        };
        found.insert(name, manifest);
    }
    Ok(found)
}

fn text_at(table: &toml::Table, keys: &[&str]) -> String {
    let mut here = table;
    for key in keys {
        match here.get(*key) {
            Some(toml::Value::Table(next)) => here = next,
            Some(toml::Value::String(text)) => return text.clone(),
            _ => break,
        }
    }
    String::new()
}

fn names_in(table: &toml::Table, section: &str) -> Vec<String> {
    let entries = table.get(section).and_then(toml::Value::as_table);
    entries.map_or_else(Vec::new, |entries| entries.keys().cloned().collect())
}

fn names_in_targets(table: &toml::Table) -> Vec<String> {
    let targets = table.get("target").and_then(toml::Value::as_table);
    let Some(targets) = targets else {
        return Vec::new();
    };
    targets
        .values()
        .filter_map(toml::Value::as_table)
        .flat_map(|target| names_in(target, "dependencies"))
        .collect()
}

#[test]
fn the_table_names_every_crate_of_the_workspace() {
    let manifests = read_manifests().expect("the manifests are readable");
    let found: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, known);
}

#[test]
fn a_crate_uses_only_the_crates_it_may() {
    let manifests = read_manifests().expect("the manifests are readable");
    let mut offences = Vec::new();
    for (name, may_use) in ALLOWED {
        let manifest = manifests.get(name).expect("the table names this crate");
        for used in &manifest.shipped {
            if used.starts_with("slipway") && !may_use.contains(&used.as_str()) {
                offences.push(format!("{}: {name} may not use {used}", manifest.path));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn a_guarded_library_is_used_by_its_owners_only() {
    let manifests = read_manifests().expect("the manifests are readable");
    let mut offences = Vec::new();
    for (library, owners) in GUARDED {
        for manifest in manifests.values() {
            if manifest.shipped.contains(library) && !owners.contains(&manifest.name.as_str()) {
                offences.push(format!("{} may not use {library}", manifest.path));
            }
        }
        for owner in owners {
            let manifest = manifests
                .get(*owner)
                .expect("an owner is one of our crates");
            if !manifest.shipped.contains(library) {
                offences.push(format!(
                    "{owner} no longer uses {library}: drop it from the table"
                ));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn test_libraries_are_not_shipped() {
    let manifests = read_manifests().expect("the manifests are readable");
    let mut offences = Vec::new();
    for manifest in manifests
        .values()
        .filter(|found| found.name != "slipway-testkit")
    {
        for library in TESTS_ONLY {
            if manifest.shipped.contains(library) {
                offences.push(format!("{}: {library} belongs to tests", manifest.path));
            }
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn versions_stand_in_the_workspace_and_lints_are_inherited() {
    let manifests = read_manifests().expect("the manifests are readable");
    let mut offences = Vec::new();
    for manifest in manifests.values() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = manifest.table.get(section).and_then(toml::Value::as_table);
            for (name, entry) in entries.into_iter().flatten() {
                if entry.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    offences.push(format!(
                        "{}: {name} has a version of its own",
                        manifest.path
                    ));
                }
            }
        }
        let lints = manifest
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            offences.push(format!(
                "{}: the lint table is not inherited",
                manifest.path
            ));
        }
        if manifest
            .table
            .get("package")
            .is_some_and(|package| package.get("build").is_some())
        {
            offences.push(format!("{}: a build script", manifest.path));
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
}

#[test]
fn nothing_comes_from_outside_the_registry() {
    let manifests = read_manifests().expect("the manifests are readable");
    let root = manifests.get("slipway").expect("the root package is there");
    let workspace = root
        .table
        .get("workspace")
        .and_then(|found| found.get("dependencies"));
    let entries = workspace
        .and_then(toml::Value::as_table)
        .expect("a list of versions");
    let mut offences = Vec::new();
    for (name, entry) in entries {
        if entry.get("git").is_some() || entry.get("registry").is_some() {
            offences.push(format!("{name} comes from a place of its own"));
        }
        if entry.get("path").is_some() && !name.starts_with("slipway") {
            offences.push(format!("{name} is a copy kept here"));
        }
    }
    assert!(offences.is_empty(), "{}", listed(&offences));
    assert!(
        manifests
            .values()
            .all(|manifest| manifest.tests.iter().all(|name| !name.is_empty())),
        "a dependency without a name"
    );
}
