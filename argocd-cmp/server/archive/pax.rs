//! Extended headers of pax: records `LENGTH KEY=VALUE\n` before an entry.
//!
//! Go writes them if a name does not fit the old header or is not ASCII. Only the name and a link's target are used,
//! and keys that would change the reading of the archive are refused.

use super::ArchiveError;

/// Maximum size of an extended header in bytes.
pub(super) const LIMIT: u64 = 64 << 10;

/// Values of an extended header for the next entry.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct ExtendedHeader {
    /// Path, if set.
    pub(super) path: Option<Vec<u8>>,
    /// Target of a link, if set.
    pub(super) target: Option<Vec<u8>>,
}

/// Keys that are ignored.
const IGNORED: [&str; 8] = ["atime", "comment", "ctime", "gid", "gname", "mtime", "uid", "uname"];

/// Parses all records. Every key may appear once.
pub(super) fn parse(mut text: &[u8]) -> Result<ExtendedHeader, ArchiveError> {
    let (mut extended, mut keys) = (ExtendedHeader::default(), Vec::new());
    while !text.is_empty() {
        let (key, value, rest) = record(text).ok_or(ArchiveError::Extended)?;
        text = rest;
        if keys.contains(&key) {
            return Err(ArchiveError::ExtendedTwice(key.to_owned()));
        }
        keys.push(key);
        match key {
            // An empty value would select the name of the old header.
            "path" | "linkpath" if value.is_empty() || value.contains(&0) => return Err(ArchiveError::Extended),
            "path" => extended.path = Some(value.to_vec()),
            "linkpath" => extended.target = Some(value.to_vec()),
            _ if IGNORED.contains(&key) => {}
            _ => return Err(ArchiveError::ExtendedKey(key.chars().take(80).collect())),
        }
    }
    Ok(extended)
}

/// Key, value and the rest of the text. The length includes its own digits and the newline, so a value may contain
/// newlines.
fn record(text: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let space = text.iter().take(7).position(|byte| *byte == b' ')?;
    let digits = text.get(..space)?;
    if digits.first() == Some(&b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (whole, rest) = text.split_at_checked(length)?;
    let body = whole.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    let key = std::str::from_utf8(body.get(..equals)?).ok().filter(|key| !key.is_empty())?;
    Some((key, body.get(equals + 1..)?, rest))
}

#[cfg(test)]
mod tests;
