//! Byte ranges: the `Range` of a download and the `Content-Range` of an uploaded chunk.
//!
//! Positions are bytes from 0, ends are inclusive. A [`RangeRequest::Partial`] always lies within
//! the blob. The two headers fail differently: a `Range` that cannot be understood is ignored, as
//! RFC 9110 asks, while a `Content-Range` that cannot be understood is an error, because bytes
//! would land at a wrong offset.

use std::fmt;
use std::str::FromStr;

use crate::error::{ParseError, shorten};

/// What part of a blob a download asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRequest {
    /// The whole blob, with status 200.
    Full,
    /// The bytes from `start` to `end_inclusive`, with status 206.
    Partial {
        /// The first byte, less than the blob's size.
        start: u64,
        /// The last byte, at least `start` and less than the blob's size.
        end_inclusive: u64,
    },
    /// No byte of the blob, with status 416.
    Unsatisfiable,
}

/// One element of a range set.
#[derive(Clone, Copy)]
enum RangeSpec {
    From { first: u64, last: Option<u64> },
    Suffix { length_bytes: u64 },
}

/// Decides what a `Range` header asks of a blob of `total_bytes`.
///
/// - No header, another unit than `bytes`, or any malformed element: [`RangeRequest::Full`].
/// - Several ranges: multipart answers are not given. When exactly one of them has a byte of
///   the blob, it is served alone; when more have, the whole blob is.
/// - When none has a byte of the blob: [`RangeRequest::Unsatisfiable`].
/// - An empty blob cannot be served in part: a suffix asks for all of it (`Full`), every other
///   range is unsatisfiable.
/// - A range that ends before it starts has no byte (`Quirk:` RFC 9110 would ignore the header; the
///   OCI conformance program asks for 416).
/// - A position beyond 2^64 - 1 counts as 2^64 - 1.
///
/// Source: RFC 9110, sections 14.1.1 to 14.2.
#[must_use]
pub fn parse_range(header: Option<&str>, total_bytes: u64) -> RangeRequest {
    let Some(specs) = header.and_then(parse_range_set) else {
        return RangeRequest::Full;
    };
    let mut satisfiable = specs
        .into_iter()
        .filter_map(|spec| resolve(spec, total_bytes));
    match (satisfiable.next(), satisfiable.next()) {
        (None, _) => RangeRequest::Unsatisfiable,
        (Some(only), None) => only,
        (Some(_), Some(_)) => RangeRequest::Full,
    }
}

fn parse_range_set(header: &str) -> Option<Vec<RangeSpec>> {
    let (unit, set) = header.split_once('=')?;
    if !trim(unit).eq_ignore_ascii_case("bytes") {
        return None;
    }
    let elements = set
        .split(',')
        .map(trim)
        .filter(|element| !element.is_empty());
    let specs = elements
        .map(parse_spec)
        .collect::<Option<Vec<RangeSpec>>>()?;
    (!specs.is_empty()).then_some(specs)
}

fn parse_spec(element: &str) -> Option<RangeSpec> {
    let (first_text, last_text) = element.split_once('-')?;
    if first_text.is_empty() {
        return Some(RangeSpec::Suffix {
            length_bytes: parse_saturating(last_text)?,
        });
    }
    let first = parse_saturating(first_text)?;
    if last_text.is_empty() {
        return Some(RangeSpec::From { first, last: None });
    }
    let last = parse_saturating(last_text)?;
    Some(RangeSpec::From {
        first,
        last: Some(last),
    })
}

fn resolve(spec: RangeSpec, total_bytes: u64) -> Option<RangeRequest> {
    let Some(blob_last) = total_bytes.checked_sub(1) else {
        return match spec {
            RangeSpec::Suffix { length_bytes: 1.. } => Some(RangeRequest::Full),
            _ => None,
        };
    };
    match spec {
        RangeSpec::From { first, last }
            if first <= blob_last && last.is_none_or(|last| first <= last) =>
        {
            Some(RangeRequest::Partial {
                start: first,
                end_inclusive: last.unwrap_or(blob_last).min(blob_last),
            })
        }
        RangeSpec::Suffix {
            length_bytes: length_bytes @ 1..,
        } => Some(RangeRequest::Partial {
            start: total_bytes.saturating_sub(length_bytes),
            end_inclusive: blob_last,
        }),
        RangeSpec::From { .. } | RangeSpec::Suffix { .. } => None,
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses `1*DIGIT`; a number too large for the type is its maximum.
fn parse_saturating(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().unwrap_or(u64::MAX))
}

/// The place of a chunk in an upload.
///
/// Its text is `start-end`, as the distribution specification writes it.
///
/// Source: OCI distribution-spec, "Pushing a blob in chunks".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte of the chunk.
    pub start: u64,
    /// The last byte of the chunk, at least `start`.
    pub end_inclusive: u64,
}

impl ContentRange {
    /// Parses `0-1023`, `bytes 0-1023/*`, `bytes 0-1023/4096` or `bytes=0-1023`.
    ///
    /// # Errors
    /// [`ParseError::ContentRange`] for another form, for an end before the start, for an end
    /// beyond 2^63 - 2, and for an end not below the complete length.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_inner(trim(text)).map_err(|reason| ParseError::ContentRange {
            value: shorten(text),
            reason,
        })
    }

    fn parse_inner(text: &str) -> Result<Self, &'static str> {
        let unprefixed = match text.get(..6) {
            Some(prefix) if prefix.eq_ignore_ascii_case("bytes ") => text.get(6..).map(trim),
            Some(prefix) if prefix.eq_ignore_ascii_case("bytes=") => text.get(6..),
            _ => Some(text),
        };
        let unprefixed = unprefixed.ok_or("empty")?;
        let (range, complete_length) = match unprefixed.split_once('/') {
            Some((range, length)) => (range, Some(length)),
            None => (unprefixed, None),
        };
        let (start_text, end_text) = range.split_once('-').ok_or("no dash")?;
        let start = parse_position(start_text)?;
        let end_inclusive = parse_position(end_text)?;
        if end_inclusive < start {
            return Err("end before start");
        }
        match complete_length {
            None | Some("*") => {}
            Some(length) if parse_position(length)? > end_inclusive => {}
            Some(_) => return Err("end beyond the complete length"),
        }
        Ok(Self {
            start,
            end_inclusive,
        })
    }

    /// Answers the number of bytes in the range, at least 1.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a content range is never empty"
    )]
    pub const fn len(&self) -> u64 {
        self.end_inclusive
            .saturating_sub(self.start)
            .saturating_add(1)
    }
}

/// Parses `1*DIGIT` below 2^63, the greatest length that the database can hold.
fn parse_position(text: &str) -> Result<u64, &'static str> {
    if !is_digits(text) {
        return Err("position is not a number");
    }
    match text.parse::<u64>() {
        Ok(position) if position < i64::MAX.unsigned_abs() => Ok(position),
        _ => Err("position is too large"),
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.start, self.end_inclusive)
    }
}

impl FromStr for ContentRange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUGE: &str = "99999999999999999999999999";

    fn part(start: u64, end_inclusive: u64) -> RangeRequest {
        RangeRequest::Partial {
            start,
            end_inclusive,
        }
    }

    #[test]
    fn the_three_forms_are_understood() {
        assert_eq!(parse_range(Some("bytes=0-0"), 10), part(0, 0));
        assert_eq!(parse_range(Some("bytes=2-5"), 10), part(2, 5));
        assert_eq!(parse_range(Some("bytes=2-"), 10), part(2, 9));
        assert_eq!(parse_range(Some("bytes=-3"), 10), part(7, 9));
        assert_eq!(parse_range(Some("BYTES= 2-5 "), 10), part(2, 5));
    }

    #[test]
    fn ends_are_cut_to_the_blob() {
        assert_eq!(parse_range(Some("bytes=2-99"), 10), part(2, 9));
        assert_eq!(parse_range(Some("bytes=-99"), 10), part(0, 9));
        assert_eq!(
            parse_range(Some(&format!("bytes=1-{HUGE}")), 10),
            part(1, 9)
        );
        assert_eq!(parse_range(Some(&format!("bytes=-{HUGE}")), 10), part(0, 9));
    }

    #[test]
    fn ranges_without_a_byte_are_unsatisfiable() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=10-,-0"] {
            assert_eq!(
                parse_range(Some(header), 10),
                RangeRequest::Unsatisfiable,
                "{header}"
            );
        }
        let header = format!("bytes={HUGE}-");
        assert_eq!(parse_range(Some(&header), 10), RangeRequest::Unsatisfiable);
    }

    #[test]
    fn what_cannot_be_understood_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1",
            "bytes=+1-2",
            "bytes=1-2x",
            "bytes=1 -2",
            "items=0-1",
            "bytes 0-1",
            "bytes=0-1,x",
            "bytes=--1",
            "0-1",
        ] {
            assert_eq!(
                parse_range(Some(header), 10),
                RangeRequest::Full,
                "{header}"
            );
        }
        assert_eq!(parse_range(None, 10), RangeRequest::Full);
    }

    #[test]
    fn a_range_that_ends_before_it_starts_has_no_byte() {
        assert_eq!(
            parse_range(Some("bytes=5-2"), 10),
            RangeRequest::Unsatisfiable
        );
    }

    #[test]
    fn several_ranges_are_served_only_when_one_counts() {
        assert_eq!(parse_range(Some("bytes=0-1,4-5"), 10), RangeRequest::Full);
        assert_eq!(parse_range(Some("bytes=0-1, 90-99"), 10), part(0, 1));
        assert_eq!(parse_range(Some("bytes=,3-4,"), 10), part(3, 4));
    }

    #[test]
    fn an_empty_blob_has_no_parts() {
        assert_eq!(
            parse_range(Some("bytes=0-"), 0),
            RangeRequest::Unsatisfiable
        );
        assert_eq!(
            parse_range(Some("bytes=-0"), 0),
            RangeRequest::Unsatisfiable
        );
        assert_eq!(parse_range(Some("bytes=-1"), 0), RangeRequest::Full);
        assert_eq!(parse_range(None, 0), RangeRequest::Full);
    }

    #[test]
    fn every_written_form_of_a_chunk_is_taken() {
        let expected = ContentRange {
            start: 0,
            end_inclusive: 1023,
        };
        for text in [
            "0-1023",
            "bytes 0-1023/*",
            "bytes 0-1023/1024",
            "bytes=0-1023",
            "Bytes 0-1023",
            " 0-1023 ",
            "0-1023/*",
        ] {
            assert_eq!(ContentRange::parse(text), Ok(expected), "{text}");
        }
        assert_eq!(expected.len(), 1024);
        assert_eq!(expected.to_string(), "0-1023");
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for text in [
            "",
            "-",
            "0",
            "0-",
            "-5",
            "5-4",
            "0--1",
            "a-b",
            "0-1-2",
            "bytes",
            "bytes ",
            "bytes */10",
            "items 0-1/2",
            "bytes 0-9/9",
            "bytes 0-9/",
            "0 - 9",
            "0-9223372036854775807",
            "0-99999999999999999999",
            "+0-9",
            "éééé",
        ] {
            let refused = ContentRange::parse(text);
            assert!(
                matches!(refused, Err(ParseError::ContentRange { .. })),
                "{text}: {refused:?}"
            );
        }
    }
}
