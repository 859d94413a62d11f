//! Refusals of a document as a whole: its media type, its JSON, its fields and its size.

use slipway_oci::media_type::{
    DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_INDEX, OCI_MANIFEST,
};
use slipway_oci::{ManifestError, ManifestLimits, ParsedManifest};

use crate::{
    EMPTY_HEX, IMAGE, INDEX, ambiguous, duplicate, image_refused, index_refused, missing, parse,
    replace, wrong_type,
};

#[test]
fn media_types_that_are_not_stored_are_unsupported_whatever_the_body_says() {
    for header in [
        "application/json",
        DOCKER_SCHEMA1,
        DOCKER_SCHEMA1_SIGNED,
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.cncf.oras.artifact.manifest.v1+json",
        "application/vnd.oci.image.manifest.v2+json",
        "text/html",
        "nonsense",
        "*/*",
    ] {
        let expected = Err(ManifestError::UnsupportedMediaType(header.to_owned()));
        assert_eq!(parse(Some(header), IMAGE), expected);
        assert_eq!(
            parse(Some(&format!("{header}; charset=utf-8")), "not json"),
            expected
        );
    }
}

#[test]
fn the_body_may_not_name_an_unsupported_type_either() {
    let text = replace(IMAGE, OCI_MANIFEST, DOCKER_SCHEMA1_SIGNED);
    let expected = ManifestError::UnsupportedMediaType(DOCKER_SCHEMA1_SIGNED.to_owned());
    assert_eq!(parse(None, &text), Err(expected));
    // The body's type is compared letter by letter, unlike a header.
    let upper_case = replace(
        IMAGE,
        OCI_MANIFEST,
        "application/vnd.OCI.image.manifest.v1+json",
    );
    assert!(matches!(
        parse(None, &upper_case),
        Err(ManifestError::UnsupportedMediaType(_))
    ));
}

#[test]
fn docker_schema_1_is_recognised_without_any_media_type() {
    let text = r#"{"schemaVersion":1,"name":"a/b","tag":"c","fsLayers":[],"history":[]}"#;
    let expected = ManifestError::UnsupportedMediaType(DOCKER_SCHEMA1.to_owned());
    assert_eq!(parse(None, text), Err(expected.clone()));
    assert_eq!(parse(Some("  "), text), Err(expected));
    let version = ManifestError::SchemaVersion("1".to_owned());
    assert_eq!(parse(Some(OCI_MANIFEST), text), Err(version));
}

#[test]
fn a_manifest_without_any_media_type_is_refused() {
    let text = replace(
        IMAGE,
        "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",",
        "",
    );
    assert!(parse(Some(OCI_MANIFEST), &text).is_ok());
    assert_eq!(parse(None, &text), Err(ManifestError::MissingMediaType));
    assert_eq!(parse(Some(""), &text), Err(ManifestError::MissingMediaType));
}

#[test]
fn body_and_content_type_have_to_agree() {
    for header in [DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST] {
        let expected = ManifestError::MediaTypeMismatch {
            content_type: header.to_owned(),
            body: OCI_MANIFEST.to_owned(),
        };
        assert_eq!(parse(Some(header), IMAGE), Err(expected));
    }
    let with_parameter = format!("{OCI_MANIFEST}; a=b");
    image_refused(
        OCI_MANIFEST,
        &with_parameter,
        ManifestError::MediaTypeMismatch {
            content_type: OCI_MANIFEST.to_owned(),
            body: with_parameter.clone(),
        },
    );
    image_refused(
        "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"",
        "\"mediaType\":7",
        wrong_type("manifest", "mediaType", "a string"),
    );
    image_refused(
        OCI_MANIFEST,
        "",
        ManifestError::MediaTypeMismatch {
            content_type: OCI_MANIFEST.to_owned(),
            body: String::new(),
        },
    );
}

#[test]
fn what_is_not_a_json_object_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1,",
        "\u{feff}{}",
        "{}{}",
        "{\"a\":1,}",
        "{a:1}",
        "<html>",
    ] {
        let refused = parse(Some(OCI_MANIFEST), text);
        assert!(
            matches!(refused, Err(ManifestError::Json(_))),
            "{text}: {refused:?}"
        );
    }
    for text in ["[]", "null", "1", "\"x\"", "true"] {
        assert_eq!(
            parse(Some(OCI_MANIFEST), text),
            Err(ManifestError::NotAnObject)
        );
    }
    let limits = ManifestLimits::default();
    let not_utf8 = b"{\"schemaVersion\":2,\"a\":\"\xff\"}";
    let refused = ParsedManifest::parse(Some(OCI_MANIFEST), not_utf8, &limits);
    assert!(matches!(refused, Err(ManifestError::Json(_))));
}

#[test]
fn the_schema_version_is_the_integer_two() {
    for (sent, shown) in [
        ("1", "1"),
        ("3", "3"),
        ("2.0", "2.0"),
        ("\"2\"", "\"2\""),
        ("-2", "-2"),
        ("[]", "[]"),
    ] {
        let new = format!("\"schemaVersion\":{sent}");
        image_refused(
            "\"schemaVersion\":2",
            &new,
            ManifestError::SchemaVersion(shown.to_owned()),
        );
    }
    image_refused(
        "\"schemaVersion\":2,",
        "",
        missing("manifest", "schemaVersion"),
    );
    index_refused(
        "\"schemaVersion\":2",
        "\"schemaVersion\":null",
        missing("manifest", "schemaVersion"),
    );
}

#[test]
fn duplicate_keys_are_refused_at_every_depth() {
    image_refused(
        "{\"schemaVersion\":2",
        "{\"schemaVersion\":2,\"schemaVersion\":2",
        duplicate("schemaVersion"),
    );
    image_refused("\"size\":2,", "\"size\":2,\"size\":2,", duplicate("size"));
    image_refused(
        "\"size\":17",
        "\"size\":17,\"s\\u0069ze\":18",
        duplicate("size"),
    );
    image_refused(
        "\"note\":\"text\"",
        "\"note\":\"text\",\"note\":\"text\"",
        duplicate("note"),
    );
    image_refused(
        "{\"schemaVersion\"",
        "{\"x\":[[{\"y\":1,\"y\":1}]],\"schemaVersion\"",
        duplicate("y"),
    );
    index_refused(
        "\"os\":\"linux\"",
        "\"os\":\"linux\",\"os\":\"linux\"",
        duplicate("os"),
    );
    image_refused(
        "\"annotations\"",
        "\"layers\":[],\"annotations\"",
        duplicate("layers"),
    );
}

#[test]
fn keys_that_some_clients_fold_to_a_field_are_refused() {
    image_refused(
        "\"annotations\"",
        "\"Layers\":[],\"annotations\"",
        ambiguous("manifest", "Layers", "layers"),
    );
    image_refused(
        "\"annotations\"",
        "\"layer\u{17f}\":[],\"annotations\"",
        ambiguous("manifest", "layer\u{17f}", "layers"),
    );
    image_refused(
        "\"size\":17",
        "\"SIZE\":1,\"size\":17",
        ambiguous("layers[0]", "SIZE", "size"),
    );
    image_refused(
        "\"size\":2,",
        "\"size\":2,\"Digest\":\"\",",
        ambiguous("config", "Digest", "digest"),
    );
    index_refused(
        "\"manifests\"",
        "\"MediaType\":\"\",\"manifests\"",
        ambiguous("manifest", "MediaType", "mediaType"),
    );
    index_refused(
        "\"os\":",
        "\"Os\":\"\",\"os\":",
        ambiguous("manifests[0]", "Os", "os"),
    );
}

#[test]
fn fields_of_the_other_kind_are_refused() {
    for (field, value) in [("manifests", "[]"), ("manifests", "{}"), ("fsLayers", "[]")] {
        let new = format!("\"{field}\":{value},\"annotations\"");
        let media_type = OCI_MANIFEST.to_owned();
        image_refused(
            "\"annotations\"",
            &new,
            ManifestError::MixedContent { media_type, field },
        );
    }
    for (field, value) in [("layers", "[]"), ("config", "{}"), ("fsLayers", "1")] {
        let new = format!("\"{field}\":{value},\"manifests\"");
        let media_type = OCI_INDEX.to_owned();
        index_refused(
            "\"manifests\"",
            &new,
            ManifestError::MixedContent { media_type, field },
        );
    }
}

#[test]
fn required_parts_have_to_be_there() {
    for media_type in [OCI_MANIFEST, DOCKER_MANIFEST] {
        let only_config = "{\"schemaVersion\":2,\"config\":{}}";
        assert_eq!(
            parse(Some(media_type), only_config),
            Err(missing("manifest", "layers"))
        );
        let only_layers = "{\"schemaVersion\":2,\"layers\":[]}";
        assert_eq!(
            parse(Some(media_type), only_layers),
            Err(missing("manifest", "config"))
        );
        let nulls = "{\"schemaVersion\":2,\"config\":{},\"layers\":null}";
        assert_eq!(
            parse(Some(media_type), nulls),
            Err(missing("manifest", "layers"))
        );
    }
    for media_type in [OCI_INDEX, DOCKER_LIST] {
        let nothing = "{\"schemaVersion\":2}";
        assert_eq!(
            parse(Some(media_type), nothing),
            Err(missing("manifest", "manifests"))
        );
    }
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| {
        let new = format!(
            "{{\"x\":{}{},\"schemaVersion\"",
            "[".repeat(levels),
            "]".repeat(levels)
        );
        replace(INDEX, "{\"schemaVersion\"", &new)
    };
    assert!(parse(Some(OCI_INDEX), &nested(31)).is_ok());
    let expected = Err(ManifestError::TooDeep { limit: 32 });
    assert_eq!(parse(Some(OCI_INDEX), &nested(32)), expected);
    assert_eq!(parse(Some(OCI_INDEX), &nested(100_000)), expected);
}

#[test]
fn descriptors_are_counted_with_config_and_subject() {
    let layer = format!("{{\"mediaType\":\"a/b\",\"digest\":\"sha256:{EMPTY_HEX}\",\"size\":1}}");
    let image = |layers: usize| {
        let list = vec![layer.as_str(); layers].join(",");
        replace(IMAGE, "\"layers\":[", &format!("\"layers\":[{list},"))
    };
    // The image itself has a layer, a config and a subject.
    assert!(parse(Some(OCI_MANIFEST), &image(9_997)).is_ok());
    let expected = ManifestError::TooManyDescriptors {
        count: 10_001,
        limit: 10_000,
    };
    assert_eq!(parse(Some(OCI_MANIFEST), &image(9_998)), Err(expected));
}

#[test]
fn bytes_and_values_are_limited() {
    let limits = ManifestLimits {
        max_bytes: 100,
        ..ManifestLimits::default()
    };
    let expected = ManifestError::TooLarge {
        size_bytes: INDEX.len(),
        limit_bytes: 100,
    };
    assert_eq!(
        ParsedManifest::parse(None, INDEX.as_bytes(), &limits),
        Err(expected)
    );
    let limits = ManifestLimits {
        max_bytes: INDEX.len(),
        ..ManifestLimits::default()
    };
    assert!(ParsedManifest::parse(None, INDEX.as_bytes(), &limits).is_ok());
    let limits = ManifestLimits {
        max_values: 5,
        ..ManifestLimits::default()
    };
    let expected = ManifestError::TooManyValues { limit: 5 };
    assert_eq!(
        ParsedManifest::parse(None, INDEX.as_bytes(), &limits),
        Err(expected)
    );
}
