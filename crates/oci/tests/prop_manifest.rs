//! Properties of manifests: unknown fields and layout do not change what is read, no bytes make
//! the reader panic, and a key named twice is always found.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use slipway_oci::media_type::{OCI_INDEX, OCI_MANIFEST};
use slipway_oci::{Algorithm, Digest, ManifestError, ManifestLimits, ParsedManifest};

fn descriptor() -> impl Strategy<Value = Value> {
    (
        any::<[u8; 4]>(),
        0..=i64::MAX,
        "[a-z]{1,8}/[a-z.+]{1,12}",
        any::<bool>(),
    )
        .prop_map(|(content, size_bytes, media_type, embed)| {
            let digest = Digest::of(Algorithm::Sha256, &content);
            if embed {
                let data = base64_of(content);
                json!({"mediaType": media_type, "digest": digest, "size": 4, "data": data})
            } else {
                json!({"mediaType": media_type, "digest": digest, "size": size_bytes})
            }
        })
}

/// Encodes four bytes in padded base64, by hand so that it checks the crate's own decoder.
fn base64_of(content: [u8; 4]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = u64::from(u32::from_be_bytes(content)) << 16;
    let symbols = (0..6).filter_map(|place| {
        let value = usize::try_from(bits >> (42 - 6 * place) & 63).ok()?;
        ALPHABET.get(value).copied()
    });
    symbols.map(char::from).chain("==".chars()).collect()
}

/// JSON whose keys are no field of a manifest, whatever their case.
fn foreign_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("x[a-z]{0,3}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn image() -> impl Strategy<Value = Value> {
    let layers = prop::collection::vec(descriptor(), 0..6);
    let annotations = prop::collection::hash_map(".{0,8}", ".{0,8}", 0..5);
    (
        descriptor(),
        layers,
        annotations,
        prop::option::of(descriptor()),
    )
        .prop_map(|(config, layers, annotations, subject)| {
            json!({
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": config,
                "layers": layers,
                "annotations": annotations,
                "subject": subject,
            })
        })
}

fn parse(text: &str) -> Result<ParsedManifest, ManifestError> {
    ParsedManifest::parse(None, text.as_bytes(), &ManifestLimits::default())
}

proptest! {
    #[test]
    fn every_part_of_a_generated_image_is_read(image in image()) {
        let manifest = parse(&image.to_string()).unwrap();
        let sent = image["layers"].as_array().unwrap();
        prop_assert_eq!(manifest.layers.len(), sent.len());
        for (layer, sent) in manifest.layers.iter().zip(sent) {
            prop_assert_eq!(layer.digest.to_string(), sent["digest"].as_str().unwrap());
            prop_assert_eq!(Some(layer.size_bytes), sent["size"].as_u64());
            prop_assert_eq!(layer.data.is_some(), sent.get("data").is_some());
            if let Some(data) = &layer.data {
                prop_assert_eq!(Digest::of(Algorithm::Sha256, data), layer.digest);
            }
        }
        prop_assert_eq!(manifest.subject.is_some(), image["subject"].is_object());
        prop_assert_eq!(json!(manifest.annotations), image["annotations"].clone());
        prop_assert_eq!(manifest.artifact_type.as_deref(), image["config"]["mediaType"].as_str());
    }

    #[test]
    fn layout_and_unknown_fields_change_nothing(image in image(), foreign in foreign_value()) {
        let compact = parse(&image.to_string());
        let pretty = serde_json::to_string_pretty(&image).unwrap();
        prop_assert_eq!(&parse(&pretty), &compact);
        let mut extended = image.clone();
        extended["x-first"] = foreign.clone();
        extended["config"]["x-second"] = foreign;
        prop_assert_eq!(parse(&extended.to_string()), compact);
    }

    #[test]
    fn a_key_named_twice_is_found_wherever_it_stands(foreign in foreign_value(), wraps in 0..8_usize) {
        let mut inner = format!("{{\"twice\":{foreign},\"other\":0,\"twice\":{foreign}}}");
        for level in 0..wraps {
            inner = if level % 2 == 0 { format!("[0,{inner}]") } else { format!("{{\"x\":{inner}}}") };
        }
        let text = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{OCI_INDEX}\",\"manifests\":[],\"x\":{inner}}}"
        );
        let expected = ManifestError::DuplicateKey { key: "twice".to_owned() };
        prop_assert_eq!(parse(&text), Err(expected));
    }

    #[test]
    fn any_cut_of_a_manifest_is_refused(image in image(), cut in any::<prop::sample::Index>()) {
        let text = image.to_string();
        let cut = cut.index(text.len());
        let refused = ParsedManifest::parse(None, &text.as_bytes()[..cut], &ManifestLimits::default());
        prop_assert!(matches!(refused, Err(ManifestError::Json(_))));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let refused = ParsedManifest::parse(Some(OCI_MANIFEST), &bytes, &ManifestLimits::default());
        prop_assert!(refused.is_err());
    }

    #[test]
    fn a_field_replaced_by_any_json_never_panics(
        image in image(),
        field in prop::sample::select(vec!["schemaVersion", "mediaType", "config", "layers", "annotations", "subject", "artifactType"]),
        foreign in foreign_value(),
    ) {
        let mut changed: Map<String, Value> = image.as_object().unwrap().clone();
        changed.insert(field.to_owned(), foreign);
        let text = Value::Object(changed).to_string();
        if let Ok(manifest) = parse(&text) {
            prop_assert_eq!(manifest.media_type, OCI_MANIFEST);
            prop_assert!(manifest.config.is_some());
        }
    }
}
