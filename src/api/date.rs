//! Times as Quay writes them.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const RFC_2822: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second]"
);
const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

fn format(unix_s: i64, items: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp(unix_s)
        .ok()
        .and_then(|at| at.format(items).ok())
        .unwrap_or_default()
}

/// `Wed, 25 Nov 2026 02:35:54 -0000`: most dates of the API.
#[must_use]
pub fn rfc2822(unix_s: i64) -> String {
    format!("{} -0000", format(unix_s, RFC_2822))
}

/// `Wed, 25 Nov 2026 02:35:54 GMT`: dates of service keys.
#[must_use]
pub fn gmt(unix_s: i64) -> String {
    format!("{} GMT", format(unix_s, RFC_2822))
}

/// `2026-11-25T02:35:54Z`: dates of OAuth tokens and mirrors.
#[must_use]
pub fn iso8601(unix_s: i64) -> String {
    format(unix_s, ISO_8601)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_have_the_forms_of_the_api() {
        let at = 1_795_574_154;

        assert_eq!(super::rfc2822(at), "Wed, 25 Nov 2026 02:35:54 -0000");
        assert_eq!(super::gmt(at), "Wed, 25 Nov 2026 02:35:54 GMT");
        assert_eq!(super::iso8601(at), "2026-11-25T02:35:54Z");
    }
}
