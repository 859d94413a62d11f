//! The `n` and `last` parameters of lists.
//!
//! `last` is a position in an order of texts and is not checked here: it need not exist, nor be
//! a well-formed name. Cutting a list to the page and building the `Link` header belong to the
//! endpoint.

use crate::error::{ParseError, shorten};

/// Which part of a list a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The greatest number of entries to answer; 0 asks for an empty page.
    pub limit: usize,
    /// The entry after which the page starts; the start of the list when absent.
    pub last: Option<String>,
}

impl PageRequest {
    /// Parses the two query parameters, already percent-decoded.
    ///
    /// Without `n` the page has `cap` entries, and never more. An empty `last` is no `last`.
    ///
    /// # Errors
    /// [`ParseError::PageSize`] when `n` is not a non-negative decimal number.
    ///
    /// Source: OCI distribution-spec, "Listing tags".
    pub fn parse(n: Option<&str>, last: Option<&str>, cap: usize) -> Result<Self, ParseError> {
        let limit = match n {
            None => cap,
            Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Digits fail to parse only when the number is larger than any cap.
                text.parse().unwrap_or(cap).min(cap)
            }
            Some(text) => {
                let reason = "not a non-negative number";
                return Err(ParseError::PageSize {
                    value: shorten(text),
                    reason,
                });
            }
        };
        let last = last.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self { limit, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(n: Option<&str>) -> usize {
        PageRequest::parse(n, None, 100).unwrap().limit
    }

    #[test]
    fn the_cap_is_default_and_limit() {
        assert_eq!(limit_of(None), 100);
        assert_eq!(limit_of(Some("7")), 7);
        assert_eq!(limit_of(Some("007")), 7);
        assert_eq!(limit_of(Some("100")), 100);
        assert_eq!(limit_of(Some("101")), 100);
        assert_eq!(limit_of(Some(&"9".repeat(40))), 100);
    }

    #[test]
    fn zero_asks_for_an_empty_page() {
        assert_eq!(limit_of(Some("0")), 0);
    }

    #[test]
    fn anything_but_digits_is_refused() {
        for n in ["", "-1", "+1", "1.0", "1e2", " 1", "abc", "０"] {
            let refused = PageRequest::parse(Some(n), None, 100);
            assert!(matches!(refused, Err(ParseError::PageSize { .. })), "{n}");
        }
    }

    #[test]
    fn last_is_kept_as_sent_unless_empty() {
        let page = PageRequest::parse(None, Some("v1 ?"), 10).unwrap();
        assert_eq!(page.last.as_deref(), Some("v1 ?"));
        assert_eq!(PageRequest::parse(None, Some(""), 10).unwrap().last, None);
    }
}
