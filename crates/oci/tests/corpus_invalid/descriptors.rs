//! Refusals of what a document names: descriptors, platforms, types, annotations and data.

use slipway_oci::{ManifestError, ParseError};

use crate::{
    EMPTY_HEX, image_refused, index_refused, invalid_size, invalid_type, missing, wrong_type,
};

#[test]
fn lists_are_lists_and_descriptors_objects() {
    index_refused(
        "\"manifests\":[",
        "\"manifests\":{},\"x\":[",
        wrong_type("manifest", "manifests", "a list"),
    );
    image_refused(
        "\"layers\":[",
        "\"layers\":\"\",\"x\":[",
        wrong_type("manifest", "layers", "a list"),
    );
    image_refused(
        "\"layers\":[",
        "\"layers\":[7,",
        wrong_type("layers[0]", "layers", "an object"),
    );
    image_refused(
        "\"layers\":[",
        "\"layers\":[null,",
        wrong_type("layers[0]", "layers", "an object"),
    );
    image_refused(
        "\"config\":{",
        "\"config\":\"\",\"x\":{",
        wrong_type("manifest", "config", "an object"),
    );
    image_refused(
        "\"subject\":{",
        "\"subject\":[],\"x\":{",
        wrong_type("manifest", "subject", "an object"),
    );
    image_refused(
        "\"annotations\":{",
        "\"annotations\":[],\"x\":{",
        wrong_type("manifest", "annotations", "an object"),
    );
    index_refused(
        "\"platform\":{",
        "\"platform\":\"\",\"x\":{",
        wrong_type("manifests[0]", "platform", "an object"),
    );
}

#[test]
fn descriptors_are_complete() {
    image_refused("\"size\":17,", "", missing("layers[0]", "size"));
    image_refused(
        "\"mediaType\":\"text/plain\",",
        "",
        missing("layers[0]", "mediaType"),
    );
    image_refused("\"text/plain\"", "null", missing("layers[0]", "mediaType"));
    image_refused(
        "\"text/subject\",\"digest\"",
        "\"text/subject\",\"x\"",
        missing("subject", "digest"),
    );
    index_refused(
        "\"architecture\":\"amd64\",",
        "",
        missing("manifests[0]", "architecture"),
    );
    index_refused(
        "\"linux\"",
        "7",
        wrong_type("manifests[0]", "os", "a string"),
    );
    index_refused(
        "\"linux\"",
        "\"linux\",\"variant\":8",
        wrong_type("manifests[0]", "variant", "a string"),
    );
}

#[test]
fn sizes_are_non_negative_integers() {
    for sent in [
        "-1",
        "17.0",
        "1.7e1",
        "-0.0",
        "9223372036854775808",
        "18446744073709551615",
        "\"17\"",
        "true",
        "[]",
    ] {
        let new = format!("\"size\":{sent}");
        let shown = if sent == "1.7e1" { "17.0" } else { sent };
        image_refused("\"size\":17", &new, invalid_size("layers[0]", shown));
    }
    index_refused(
        "\"size\":5",
        "\"size\":-9223372036854775808",
        invalid_size("manifests[0]", "-9223372036854775808"),
    );
}

#[test]
fn digests_follow_the_grammar() {
    let layer = format!("text/plain\",\"digest\":\"sha256:{EMPTY_HEX}\"");
    let refused = |digest: &str, source: ParseError| {
        let new = format!("text/plain\",\"digest\":\"{digest}\"");
        let place = "layers[0]".to_owned();
        image_refused(&layer, &new, ManifestError::InvalidDigest { place, source });
    };
    let malformed = |digest: &str, reason| {
        refused(
            digest,
            ParseError::Digest {
                value: digest.to_owned(),
                reason,
            },
        );
    };
    malformed("", "no colon");
    malformed("latest", "no colon");
    malformed("sha256:", "malformed encoded part");
    malformed("sha256:abcd", "wrong length");
    malformed("sha512:abcd", "wrong length");
    malformed("sha256:../../etc/passwd", "malformed encoded part");
    malformed(
        &format!("sha256:{}", EMPTY_HEX.to_uppercase()),
        "upper-case hex",
    );
    let algorithm = "md5".to_owned();
    refused(
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        ParseError::UnsupportedAlgorithm { algorithm },
    );
    image_refused(
        &layer,
        "text/plain\",\"digest\":7",
        wrong_type("layers[0]", "digest", "a string"),
    );
}

#[test]
fn media_and_artifact_types_have_two_parts() {
    let token = "type or subtype is not a token";
    image_refused(
        "text/plain",
        "",
        invalid_type("layers[0]", "mediaType", "", "empty"),
    );
    image_refused(
        "text/plain",
        "plain",
        invalid_type("layers[0]", "mediaType", "plain", "no slash"),
    );
    image_refused(
        "text/plain",
        "text/",
        invalid_type("layers[0]", "mediaType", "text/", token),
    );
    image_refused(
        "text/plain",
        "a b/c",
        invalid_type("layers[0]", "mediaType", "a b/c", token),
    );
    image_refused(
        "text/subject",
        "/",
        invalid_type("subject", "mediaType", "/", token),
    );
    image_refused(
        "application/vnd.oci.empty.v1+json",
        "empty",
        invalid_type("config", "mediaType", "empty", "no slash"),
    );
    image_refused(
        "application/vnd.example.v1",
        "example",
        invalid_type("manifest", "artifactType", "example", "no slash"),
    );
    image_refused(
        "\"application/vnd.example.v1\"",
        "{}",
        wrong_type("manifest", "artifactType", "a string"),
    );
    index_refused(
        "\"size\":5",
        "\"size\":5,\"artifactType\":\"x\"",
        invalid_type("manifests[0]", "artifactType", "x", "no slash"),
    );
}

#[test]
fn annotations_are_strings() {
    for value in ["7", "null", "[]", "{}", "false"] {
        let place = "manifest".to_owned();
        let expected = ManifestError::AnnotationNotString {
            place,
            key: "note".to_owned(),
        };
        image_refused("\"text\"", value, expected);
    }
    image_refused(
        "\"size\":17",
        "\"size\":17,\"annotations\":{\"a\":1}",
        ManifestError::AnnotationNotString {
            place: "layers[0]".to_owned(),
            key: "a".to_owned(),
        },
    );
}

#[test]
fn urls_are_a_list_of_strings() {
    for value in ["\"https://example.com\"", "[1]", "{}"] {
        let new = format!("\"urls\":{value}");
        image_refused(
            "\"urls\":[]",
            &new,
            wrong_type("layers[0]", "urls", "a list of strings"),
        );
    }
}

#[test]
fn embedded_data_is_the_content_described() {
    let place = || "config".to_owned();
    for data in ["e30", "e30==", "e3 0=", "e3-_", "{}", "e31="] {
        image_refused(
            "\"e30=\"",
            &format!("\"{data}\""),
            ManifestError::DataNotBase64 { place: place() },
        );
    }
    image_refused(
        "\"e30=\"",
        "\"e30K\"",
        ManifestError::DataSizeMismatch {
            place: place(),
            data_bytes: 3,
            size_bytes: 2,
        },
    );
    image_refused(
        "\"e30=\"",
        "\"\"",
        ManifestError::DataSizeMismatch {
            place: place(),
            data_bytes: 0,
            size_bytes: 2,
        },
    );
    let digest = format!("sha256:{EMPTY_HEX}");
    image_refused(
        "\"e30=\"",
        "\"W10=\"",
        ManifestError::DataDigestMismatch {
            place: place(),
            digest,
        },
    );
    image_refused("\"e30=\"", "2", wrong_type("config", "data", "a string"));
}
