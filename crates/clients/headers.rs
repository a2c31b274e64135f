//! Headers that all clients handle in the same way.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};

/// The visible ASCII characters of a text; other characters are not valid in headers.
pub(crate) fn visible_ascii(text: &str) -> String {
    let visible: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    visible.trim().to_owned()
}

/// The pause in a `Retry-After` header in seconds. Proxies may write a date, which is ignored.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
