//! Paths in a kustomization.
//!
//! kustomize interprets many texts as URLs of repositories: with a scheme, a known host, or `.git`. Only texts that can
//! be nothing but a path are accepted here.

use super::named::Named;
use crate::files::FileError;
use crate::refusal::{Refusal, RefusalRule};

/// Prefixes of repository URLs without a scheme.
const HOSTS: [&str; 6] = ["github.com", "www.github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "git"];

/// Path of an entry relative to the received tree, without `.` and `..`.
pub(super) fn inside(directory: &str, entry: &Named) -> Result<String, Refusal> {
    let text = entry.text.as_str();
    if is_remote(text) {
        let message = format!("`{text}` may be a URL, and a render fetches nothing over the network");
        return Err(Refusal::new(entry.location(), RefusalRule::Remote, message, "copy the files into the repository"));
    }
    if text.starts_with('/') {
        return Err(FileError::Outside(text.to_owned()).refusal(entry.location()));
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(FileError::Outside(text.to_owned()).refusal(entry.location()));
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// True if kustomize could interpret a text as a URL.
pub(super) fn is_remote(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-/ +,".contains(c);
    let lower = text.to_lowercase();
    let first = lower.split('/').find(|part| !matches!(*part, "" | "." | ".."));
    let looks_like_repository = |part: &str| part.ends_with(".git") || part == "_git";
    text.is_empty()
        || text.trim() != text
        || !text.chars().all(is_plain)
        || text.contains("//")
        || lower.split('/').any(looks_like_repository)
        || first.is_some_and(|first| HOSTS.contains(&first))
}

#[cfg(test)]
mod tests;
