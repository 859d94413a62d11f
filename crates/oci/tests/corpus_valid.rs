//! Manifests in the odd shapes that real tools push, and what each of them says.
//!
//! The files are written by hand after those shapes, with made-up digests and sizes.
//!
//! Each file in `fixtures/valid` is parsed once under the content type of its row and, when its
//! body names a media type, once without. The last test keeps rows and files in step.

#![expect(
    clippy::expect_used,
    reason = "the readers of fixtures serve tests only"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use slipway_oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use slipway_oci::{ManifestError, ManifestKind, ManifestLimits, ParsedManifest};

/// What a fixture says; the kind follows from the content type.
#[derive(Clone, Copy)]
struct Row {
    file: &'static str,
    content_type: &'static str,
    artifact_type: Option<&'static str>,
    /// Layers of an image, children of an index.
    entries: usize,
    has_subject: bool,
}

const fn row(
    file: &'static str,
    content_type: &'static str,
    artifact_type: &'static str,
    entries: usize,
) -> Row {
    Row {
        file,
        content_type,
        artifact_type: Some(artifact_type),
        entries,
        has_subject: false,
    }
}

const fn index(file: &'static str, content_type: &'static str, entries: usize) -> Row {
    Row {
        file,
        content_type,
        artifact_type: None,
        entries,
        has_subject: false,
    }
}

const fn about_a_subject(row: Row) -> Row {
    Row {
        has_subject: true,
        ..row
    }
}

const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

const ROWS: [Row; 44] = [
    row("docker_image", DOCKER_MANIFEST, DOCKER_CONFIG, 2),
    row(
        "docker_image_foreign_layer",
        DOCKER_MANIFEST,
        DOCKER_CONFIG,
        2,
    ),
    row(
        "docker_plugin",
        DOCKER_MANIFEST,
        "application/vnd.docker.plugin.v1+json",
        1,
    ),
    row(
        "docker_uncompressed_layer",
        DOCKER_MANIFEST,
        DOCKER_CONFIG,
        1,
    ),
    row("ollama_model", DOCKER_MANIFEST, DOCKER_CONFIG, 3),
    index("docker_list", DOCKER_LIST, 3),
    row("oci_1_0_without_media_type", OCI_MANIFEST, OCI_CONFIG, 2),
    row("oci_1_1_image", OCI_MANIFEST, OCI_CONFIG, 1),
    row("oci_layers_empty", OCI_MANIFEST, OCI_CONFIG, 0),
    row("oci_layers_duplicate", OCI_MANIFEST, OCI_CONFIG, 4),
    row("oci_sha512_layers", OCI_MANIFEST, OCI_CONFIG, 2),
    row("oci_size_zero_and_huge", OCI_MANIFEST, OCI_CONFIG, 1),
    row("oci_nulls", OCI_MANIFEST, OCI_CONFIG, 1),
    row("oci_encrypted_layers", OCI_MANIFEST, OCI_CONFIG, 1),
    row("oci_estargz_annotations", OCI_MANIFEST, OCI_CONFIG, 1),
    index("oci_index_without_media_type", OCI_INDEX, 2),
    index("oci_index_with_attestation", OCI_INDEX, 2),
    index("oci_index_nested", OCI_INDEX, 3),
    index("oci_index_empty", OCI_INDEX, 0),
    about_a_subject(row(
        "oci_index_artifact_with_subject",
        OCI_INDEX,
        "application/vnd.example.bundle.v1",
        1,
    )),
    row("cosign_signature", OCI_MANIFEST, OCI_CONFIG, 1),
    row("cosign_attestation", OCI_MANIFEST, OCI_CONFIG, 1),
    row("cosign_sbom", OCI_MANIFEST, OCI_CONFIG, 1),
    about_a_subject(row("sigstore_bundle", OCI_MANIFEST, BUNDLE, 1)),
    about_a_subject(row(
        "notation_signature",
        OCI_MANIFEST,
        "application/vnd.cncf.notary.signature",
        1,
    )),
    row(
        "helm_chart",
        OCI_MANIFEST,
        "application/vnd.cncf.helm.config.v1+json",
        2,
    ),
    row(
        "wasm_module",
        OCI_MANIFEST,
        "application/vnd.wasm.config.v0+json",
        1,
    ),
    index("wasm_compat_index", OCI_INDEX, 1),
    row(
        "oras_artifact",
        OCI_MANIFEST,
        "application/vnd.acme.rocket.config",
        1,
    ),
    row("oras_embedded_layer", OCI_MANIFEST, "text/x-note", 1),
    row(
        "artifact_empty_layer",
        OCI_MANIFEST,
        "application/vnd.example.config.v1",
        1,
    ),
    row(
        "artifact_type_empty_string",
        OCI_MANIFEST,
        "application/vnd.example.old.v1",
        1,
    ),
    row(
        "flux_artifact",
        OCI_MANIFEST,
        "application/vnd.cncf.flux.config.v1+json",
        1,
    ),
    row(
        "trivy_db",
        OCI_MANIFEST,
        "application/vnd.aquasec.trivy.config.v1+json",
        1,
    ),
    row(
        "model_artifact",
        OCI_MANIFEST,
        "application/vnd.cncf.model.manifest.v1+json",
        12,
    ),
    row(
        "singularity_image",
        OCI_MANIFEST,
        "application/vnd.sylabs.sif.config.v1+json",
        1,
    ),
    row(
        "opa_bundle",
        OCI_MANIFEST,
        "application/vnd.cncf.openpolicyagent.config.v1+json",
        1,
    ),
    index("homebrew_bottle_index", OCI_INDEX, 1),
    row("unknown_fields", OCI_MANIFEST, OCI_CONFIG, 1),
    row("unicode_annotations", OCI_MANIFEST, OCI_CONFIG, 0),
    row("odd_key_order", OCI_MANIFEST, OCI_CONFIG, 1),
    index("odd_whitespace", OCI_INDEX, 0),
    row(
        "odd_escapes",
        OCI_MANIFEST,
        "application/vnd.oci.empty.v1+json",
        0,
    ),
    index("depth_at_the_limit", OCI_INDEX, 0),
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/valid")
}

fn read(file: &str) -> Vec<u8> {
    fs::read(directory().join(format!("{file}.json"))).expect("the fixture exists")
}

fn parse(content_type: Option<&str>, file: &str) -> Result<ParsedManifest, ManifestError> {
    ParsedManifest::parse(content_type, &read(file), &ManifestLimits::default())
}

fn parse_as_oci(file: &str) -> ParsedManifest {
    let row = ROWS
        .iter()
        .find(|row| row.file == file)
        .expect("the fixture has a row");
    parse(Some(row.content_type), file).expect("the fixture parses")
}

#[test]
fn every_fixture_says_what_its_row_says() {
    for row in &ROWS {
        let manifest = match parse(Some(row.content_type), row.file) {
            Ok(manifest) => manifest,
            Err(error) => panic!("{}: {error}", row.file),
        };
        let expected_kind = ManifestKind::from_media_type(row.content_type).unwrap();
        assert_eq!(manifest.kind, expected_kind, "{}", row.file);
        assert_eq!(manifest.media_type, row.content_type, "{}", row.file);
        assert_eq!(
            manifest.artifact_type.as_deref(),
            row.artifact_type,
            "{}",
            row.file
        );
        assert_eq!(manifest.subject.is_some(), row.has_subject, "{}", row.file);
        let (layers, children, config) = match expected_kind {
            ManifestKind::Image => (row.entries, 0, true),
            ManifestKind::Index => (0, row.entries, false),
        };
        assert_eq!(manifest.layers.len(), layers, "{}", row.file);
        assert_eq!(manifest.children.len(), children, "{}", row.file);
        assert_eq!(manifest.config.is_some(), config, "{}", row.file);
        assert_eq!(
            manifest.blobs().count(),
            layers + usize::from(config),
            "{}",
            row.file
        );
    }
}

#[test]
fn the_body_decides_when_there_is_no_content_type() {
    for row in &ROWS {
        let document: serde_json::Value = serde_json::from_slice(&read(row.file)).unwrap();
        let without_header = parse(None, row.file);
        if document.get("mediaType").is_some() {
            assert_eq!(
                without_header,
                parse(Some(row.content_type), row.file),
                "{}",
                row.file
            );
        } else {
            assert_eq!(
                without_header,
                Err(ManifestError::MissingMediaType),
                "{}",
                row.file
            );
        }
    }
}

#[test]
fn parameters_of_the_content_type_do_not_matter() {
    for row in &ROWS {
        let header = format!(" {} ; charset=utf-8", row.content_type);
        assert_eq!(
            parse(Some(&header), row.file),
            parse(Some(row.content_type), row.file)
        );
    }
}

#[test]
fn every_fixture_has_exactly_one_row() {
    let rows: BTreeSet<String> = ROWS
        .iter()
        .map(|row| format!("{}.json", row.file))
        .collect();
    let files: BTreeSet<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(rows.len(), ROWS.len());
    assert_eq!(rows, files);
}

#[test]
fn platforms_are_read() {
    let list = parse_as_oci("docker_list");
    let arm = list.children[1].platform.as_ref().unwrap();
    assert_eq!(
        (arm.architecture.as_str(), arm.os.as_str()),
        ("arm", "linux")
    );
    assert_eq!(arm.variant.as_deref(), Some("v7"));
    let windows = list.children[2].platform.as_ref().unwrap();
    assert_eq!(windows.os_version.as_deref(), Some("10.0.20348.2113"));
}

#[test]
fn foreign_layers_carry_urls() {
    let image = parse_as_oci("docker_image_foreign_layer");
    assert!(image.layers[0].has_urls);
    assert!(image.layers[0].is_non_distributable());
    assert!(!image.layers[1].has_urls);
    assert!(!image.layers[1].is_non_distributable());
}

#[test]
fn embedded_data_is_decoded() {
    let artifact = parse_as_oci("oras_embedded_layer");
    assert_eq!(
        artifact.config.unwrap().data.as_deref(),
        Some(b"{}".as_slice())
    );
    assert_eq!(
        artifact.layers[0].data.as_deref(),
        Some(b"hello, world\n".as_slice())
    );
}

#[test]
fn repeated_layers_stay_repeated_and_in_order() {
    let image = parse_as_oci("oci_layers_duplicate");
    let sizes: Vec<u64> = image.layers.iter().map(|layer| layer.size_bytes).collect();
    assert_eq!(sizes, [32, 90, 32, 32]);
    assert_eq!(image.layers[0], image.layers[3]);
}

#[test]
fn sizes_reach_the_greatest_signed_integer() {
    let image = parse_as_oci("oci_size_zero_and_huge");
    assert_eq!(image.config.unwrap().size_bytes, 0);
    assert_eq!(image.layers[0].size_bytes, 9_223_372_036_854_775_807);
}

#[test]
fn escapes_are_decoded_in_keys_and_values() {
    let artifact = parse_as_oci("odd_escapes");
    assert_eq!(
        artifact.annotations.get("😀").map(String::as_str),
        Some("\0\"\\")
    );
    assert_eq!(
        artifact.annotations.get("").map(String::as_str),
        Some("empty key")
    );
}

#[test]
fn the_children_of_an_artifact_index_keep_their_types() {
    let bundle = parse_as_oci("oci_index_artifact_with_subject");
    assert_eq!(
        bundle.children[0].artifact_type.as_deref(),
        Some("application/vnd.example.sbom.v1")
    );
    assert_eq!(bundle.subject.unwrap().size_bytes, 1234);
    assert_eq!(bundle.annotations.get("k").map(String::as_str), Some(""));
}
