//! The password file of libpq: lines `host:port:database:user:password`, `*` matches anything, `\` escapes.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::connect_error::PostgresConnectError;

const CONTENT: &str = "the password file";

/// The password of the first line that matches; none if the file does not exist.
pub(super) fn read(
    file: &Path,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> Result<Option<SecretString>, PostgresConnectError> {
    let failed = |source| PostgresConnectError::File { content: CONTENT, file: file.to_owned(), source };
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(PostgresConnectError::Exposed { content: CONTENT, file: file.to_owned() });
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(failed)?);
    Ok(text.lines().find_map(|line| matching(line, [host, &port.to_string(), database, user])))
}

/// The password of a line if its fields match.
fn matching(line: &str, expected: [&str; 4]) -> Option<SecretString> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for expected in expected {
        let (field, after) = field(rest);
        if rest.starts_with("*:") || *field == expected {
            rest = after?;
        } else {
            return None;
        }
    }
    let (password, _) = field(rest);
    (!password.is_empty()).then(|| SecretString::from(password.as_str()))
}

/// The first field without its escapes, and the text after the colon.
fn field(text: &str) -> (Zeroizing<String>, Option<&str>) {
    let mut value = Zeroizing::new(String::new());
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            ':' => return (value, text.get(at + 1..)),
            other => value.push(other),
        }
    }
    (value, None)
}

#[cfg(test)]
mod tests;
