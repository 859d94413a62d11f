//! Properties of ranges: a part lies within its blob, and printed ranges parse to themselves.

use proptest::prelude::*;
use slipway_oci::{ContentRange, RangeRequest, parse_range};

/// Headers that are nearly or fully well formed, with positions near the sizes tried.
fn header() -> impl Strategy<Value = String> {
    let position = prop_oneof![
        4 => (0..40_u64).prop_map(|position| position.to_string()),
        1 => any::<u64>().prop_map(|position| position.to_string()),
        1 => Just("99999999999999999999".to_owned()),
        1 => Just(String::new()),
    ];
    let element = (position.clone(), position).prop_map(|(first, last)| format!("{first}-{last}"));
    prop_oneof![
        8 => prop::collection::vec(element, 1..4)
            .prop_map(|elements| format!("bytes={}", elements.join(","))),
        1 => r"bytes=[0-9, -]{0,12}",
        1 => any::<String>(),
    ]
}

fn total_bytes() -> impl Strategy<Value = u64> {
    prop_oneof![0..40_u64, any::<u64>(), Just(u64::MAX)]
}

proptest! {
    #[test]
    fn a_part_lies_within_its_blob(header in header(), total_bytes in total_bytes()) {
        match parse_range(Some(&header), total_bytes) {
            RangeRequest::Partial { start, end_inclusive } => {
                prop_assert!(start <= end_inclusive);
                prop_assert!(end_inclusive < total_bytes);
            }
            RangeRequest::Full | RangeRequest::Unsatisfiable => {}
        }
    }

    #[test]
    fn a_printed_part_parses_to_itself(total_bytes in 1..u64::MAX, a in any::<u64>(), b in any::<u64>()) {
        let (start, end_inclusive) = ((a % total_bytes).min(b % total_bytes), (a % total_bytes).max(b % total_bytes));
        let expected = RangeRequest::Partial { start, end_inclusive };
        let closed = format!("bytes={start}-{end_inclusive}");
        prop_assert_eq!(parse_range(Some(&closed), total_bytes), expected);
        let beyond = format!("bytes={start}-{}", u64::MAX);
        let open = format!("bytes={start}-");
        prop_assert_eq!(parse_range(Some(&beyond), total_bytes), parse_range(Some(&open), total_bytes));
    }

    #[test]
    fn a_suffix_is_the_open_range_of_its_length(total_bytes in 1..u64::MAX, length in 1..u64::MAX) {
        let start = total_bytes.saturating_sub(length);
        let suffix = parse_range(Some(&format!("bytes=-{length}")), total_bytes);
        let open = parse_range(Some(&format!("bytes={start}-")), total_bytes);
        prop_assert_eq!(suffix, open);
    }

    #[test]
    fn a_start_beyond_the_blob_is_unsatisfiable(total_bytes in total_bytes(), beyond in 0..100_u64) {
        let start = total_bytes.saturating_add(beyond);
        let answer = parse_range(Some(&format!("bytes={start}-")), total_bytes);
        prop_assert_eq!(answer, RangeRequest::Unsatisfiable);
    }

    #[test]
    fn a_content_range_survives_every_written_form(a in 0..=i64::MAX as u64 - 1, b in 0..=i64::MAX as u64 - 1) {
        let range = ContentRange { start: a.min(b), end_inclusive: a.max(b) };
        let size = range.end_inclusive + 1;
        for text in [
            range.to_string(),
            format!("bytes {range}/*"),
            format!("bytes={range}"),
            format!("bytes {range}"),
        ] {
            prop_assert_eq!(ContentRange::parse(&text), Ok(range));
        }
        prop_assert_eq!(range.len(), range.end_inclusive - range.start + 1);
        let complete = ContentRange::parse(&format!("bytes {range}/{size}"));
        prop_assert_eq!(complete.is_ok(), size < i64::MAX as u64);
    }

    #[test]
    fn an_accepted_content_range_is_ordered(text in r"(bytes[ =])?[0-9]{0,20}-[0-9]{0,20}(/[0-9*]{0,3})?|\PC{0,20}") {
        if let Ok(range) = ContentRange::parse(&text) {
            prop_assert!(range.start <= range.end_inclusive);
            prop_assert!(range.len() >= 1);
        }
    }
}
