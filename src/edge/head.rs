//! Limits of what stands before a body: `limits.max_uri_bytes` and `limits.max_header_bytes`.
//!
//! The HTTP library has a limit of its own, 128 KiB for the whole head, above which nothing of ours
//! is called.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use slipway_config::Config;
use slipway_oci::OciCode;

use crate::v2::error::OciError;

/// What a header line has besides its name and value: a colon, a space and a line end.
const LINE_BYTES: usize = 4;

/// Refuses a request whose target or head is too large.
///
/// # Errors
/// 414 for the target, 431 for the head.
pub fn check(request: &HttpRequest, config: &Config) -> Result<(), OciError> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let limit = config.limits.max_uri_bytes.len_usize();
    if target > limit {
        let text = format!("the request target is longer than {limit} bytes");
        return Err(OciError::new(OciCode::InvalidRequest)
            .status(StatusCode::URI_TOO_LONG)
            .message(text));
    }
    let lines = request.headers().iter();
    let head = lines.fold(target, |size, (name, value)| {
        let line = name.as_str().len().saturating_add(value.len());
        size.saturating_add(line).saturating_add(LINE_BYTES)
    });
    let limit = config.limits.max_header_bytes.len_usize();
    if head > limit {
        let text = format!("the request head is larger than {limit} bytes");
        return Err(OciError::new(OciCode::InvalidRequest)
            .status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .message(text));
    }
    Ok(())
}
