//! Properties of texts: what is printed parses to the same value, and what parses is safe.

use proptest::prelude::*;
use slipway_oci::media_type::{check, essence, parse_content_type};
use slipway_oci::{
    Algorithm, Digest, NamespaceName, OciCode, PageRequest, Reference, RepositoryName, TagName,
    accepts,
};

const NAMESPACE: &str = r"[a-z0-9]{2,9}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,3}";
const SEGMENTS: &str = r"[a-z0-9][a-z0-9._-]{0,12}(/[a-z0-9][a-z0-9._-]{0,12}){0,4}";
const TAG: &str = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const MEDIA_TYPE: &str = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,40}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}";

fn digest() -> impl Strategy<Value = Digest> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Digest::from_sha256),
        prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| Digest::of(Algorithm::Sha512, &bytes)),
    ]
}

proptest! {
    #[test]
    fn a_digest_survives_text_storage_and_json(digest in digest()) {
        let text = digest.to_string();
        prop_assert_eq!(Digest::parse(&text), Ok(digest));
        prop_assert_eq!(Digest::from_db(&digest.to_db()), Ok(digest));
        let json = serde_json::to_string(&digest).unwrap();
        prop_assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        prop_assert_eq!(text, format!("{}:{}", digest.algorithm(), digest.hex()));
    }

    #[test]
    fn digests_order_like_their_stored_form(first in digest(), second in digest()) {
        prop_assert_eq!(first.cmp(&second), first.to_db().cmp(&second.to_db()));
    }

    #[test]
    fn a_changed_character_never_gives_the_same_digest(
        digest in digest(),
        place in any::<prop::sample::Index>(),
        replacement in any::<char>(),
    ) {
        let text = digest.to_string();
        let place = place.index(text.len());
        let mut changed: Vec<char> = text.chars().collect();
        prop_assume!(changed[place] != replacement);
        changed[place] = replacement;
        let changed: String = changed.into_iter().collect();
        prop_assert_ne!(Digest::parse(&changed), Ok(digest));
    }

    #[test]
    fn a_repository_name_survives_its_text(namespace in NAMESPACE, repository in SEGMENTS) {
        let text = format!("{namespace}/{repository}");
        let name = RepositoryName::parse(&text, "library").unwrap();
        prop_assert_eq!(name.namespace(), namespace.as_str());
        prop_assert_eq!(name.repository(), repository.as_str());
        prop_assert_eq!(name.to_string(), text.as_str());
        prop_assert_eq!(&RepositoryName::parse(&text, "other").unwrap(), &name);
        let joined = RepositoryName::from_parts(&name.namespace_name(), &repository);
        prop_assert_eq!(joined.as_ref(), Ok(&name));
        let json = serde_json::to_string(&name).unwrap();
        prop_assert_eq!(serde_json::from_str::<RepositoryName>(&json).unwrap(), name);
    }

    #[test]
    fn every_accepted_name_is_safe_in_a_path(text in r"([a-c.0_/-]{0,12}|\PC{0,12})") {
        if let Ok(name) = RepositoryName::parse(&text, "library") {
            prop_assert!(name.as_str().len() <= 255);
            prop_assert!(name.as_str().ends_with(&text));
            prop_assert!(name.as_str().bytes().all(|byte| b"/._-".contains(&byte)
                || byte.is_ascii_lowercase()
                || byte.is_ascii_digit()));
            for segment in name.as_str().split('/') {
                prop_assert!(!segment.is_empty() && segment != "." && segment != "..");
            }
            prop_assert!(NamespaceName::parse(name.namespace()).is_ok());
            prop_assert!(!name.repository().is_empty());
        }
    }

    #[test]
    fn a_reference_survives_its_text(tag in TAG, digest in digest()) {
        let by_tag = Reference::Tag(TagName::parse(&tag).unwrap());
        prop_assert_eq!(by_tag.to_string(), tag);
        prop_assert_eq!(Reference::parse(&by_tag.to_string()), Ok(by_tag));
        let by_digest = Reference::Digest(digest);
        prop_assert_eq!(Reference::parse(&by_digest.to_string()), Ok(by_digest));
    }

    #[test]
    fn an_accepted_reference_prints_as_it_was_sent(text in r"([a-z0-9:.@/-]{0,80}|\PC{0,20})") {
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn a_media_type_survives_parameters_case_and_blanks(
        media_type in MEDIA_TYPE,
        parameters in r"( ?;[ -~]{0,20})?",
    ) {
        prop_assert_eq!(check(&media_type), Ok(()));
        prop_assert_eq!(essence(&media_type), media_type.as_str());
        let header = format!(" {}{parameters}", media_type.to_ascii_uppercase());
        prop_assert_eq!(parse_content_type(&header), Ok(media_type));
    }

    #[test]
    fn whoever_accepts_a_type_or_anything_gets_it(media_type in MEDIA_TYPE, other in MEDIA_TYPE) {
        let named = format!("{other}, {media_type};q=0.5");
        prop_assert!(accepts(&[&named], &media_type));
        let anything = format!("{other};q=0.9, */*;q=0.1");
        prop_assert!(accepts(&[&anything], &media_type));
        prop_assert_eq!(accepts(&[&other], &media_type), other == media_type);
    }

    #[test]
    fn a_page_never_exceeds_its_cap(n in prop::option::of(r"\PC{0,6}|[0-9]{1,25}"), cap in 0..1000_usize) {
        match PageRequest::parse(n.as_deref(), None, cap) {
            Ok(page) => prop_assert!(page.limit <= cap),
            Err(_) => prop_assert!(n.is_some_and(|text| text.parse::<u64>().is_err() || text.starts_with('+'))),
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic_or_an_error_run_long(text in any::<String>()) {
        for shown in [
            Digest::parse(&text).err(),
            TagName::parse(&text).err(),
            NamespaceName::parse(&text).err(),
            RepositoryName::parse(&text, "library").err(),
            check(&text).err(),
        ].into_iter().flatten().map(|error| error.to_string()) {
            prop_assert!(shown.chars().count() < 240, "{}", shown);
            prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
        }
    }
}

#[test]
fn code_texts_are_what_they_print() {
    for code in OciCode::ALL {
        assert_eq!(code.to_string(), code.as_str());
    }
}
