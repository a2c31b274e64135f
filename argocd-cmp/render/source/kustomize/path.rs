//! Paths in a kustomization.
//!
//! kustomize takes many texts for addresses of repositories: with a scheme, with a known host, with `.git` in them. An
//! entry here is a path made of plain characters, and nothing that could be anything else.

use super::kustomization::Named;
use crate::files::FileError;
use crate::refusal::{Refusal, RefusalRule};

/// Where hosts of repositories begin.
const HOSTS: [&str; 6] = ["github.com", "www.github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "git"];

/// The path of an entry, without `.` and `..`, where it is one inside of the tree.
pub(super) fn inside(directory: &str, entry: &Named) -> Result<String, Refusal> {
    let text = entry.text.as_str();
    if is_remote(text) {
        let message = format!("`{text}` could be an address, and nothing is fetched while rendering");
        return Err(Refusal::new(entry.location(), RefusalRule::Remote, message, "copy the files into the repository"));
    }
    if text.starts_with('/') {
        return Err(FileError::LeadsOut(text.to_owned()).refusal(entry.location()));
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(FileError::LeadsOut(text.to_owned()).refusal(entry.location()));
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Whether kustomize could take a text for something else than a path.
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
