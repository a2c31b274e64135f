//! Paths of secrets that were pasted from Vault's command line or API.

use eod_clients::{Error, ErrorKind};
use eod_domain::vault::{SecretPath, SecretRef};
use tfplugin::{Diag, Path};

use super::remote;

/// The first segment of a path in the API of KV version 2, after the mount.
const API_SEGMENTS: [&str; 2] = ["data/", "metadata/"];

/// The diagnostic of a secret that could not be read. If its path looks pasted, the hint has the right value of `at`.
pub(crate) fn unreadable_secret(error: &Error, secret: &SecretRef, at: Path) -> Diag {
    let diag = remote(error);
    // A policy often allows only the right path, and then Vault does not report that the other path does not exist.
    let may_be_wrong = matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied);
    if !may_be_wrong || !error.target.contains(&secret.to_string()) {
        return diag;
    }
    match pasted(secret) {
        Some(hint) => diag.hint(hint.text(&at.to_string())).at(at),
        None => diag,
    }
}

/// The warning about a path that looks pasted and is not read, so that no server can report it as missing. `None` if the path
/// does not look pasted.
pub(crate) fn pasted_warning(secret: &SecretRef, at: Path) -> Option<Diag> {
    let attribute = at.to_string();
    let hint = pasted_hint(secret, &attribute)?;
    let detail = format!("The reference of `{attribute}` is `{secret}`: a mount and a path below it.");
    Some(
        Diag::warning(format!("The path of `{attribute}` seems to contain its mount")).detail(detail).hint(hint).at(at),
    )
}

/// The remedy for a pasted path at an attribute. `None` if the path does not look pasted.
pub(crate) fn pasted_hint(secret: &SecretRef, attribute: &str) -> Option<String> {
    pasted(secret).map(|pasted| pasted.text(attribute))
}

/// A path with a prefix that is not valid in a path below a mount.
struct Pasted {
    prefix: String,
    mount: String,
    path: SecretPath,
}

impl Pasted {
    fn text(&self, attribute: &str) -> String {
        let Self { prefix, mount, path } = self;
        let value = if attribute == "ref" { format!("{mount}/{path}") } else { path.to_string() };
        format!(
            "the path begins with `{prefix}`, as in Vault's command line or API, but a path is relative to the mount `{mount}` and \
             has no `data/`: write `{attribute} = \"{value}\"`"
        )
    }
}

fn pasted(secret: &SecretRef) -> Option<Pasted> {
    let (mount, whole) = (secret.mount().to_string(), secret.path().as_str());
    let below = whole.strip_prefix(&mount).and_then(|rest| rest.strip_prefix('/')).unwrap_or(whole);
    let path = API_SEGMENTS.iter().find_map(|segment| below.strip_prefix(segment)).unwrap_or(below);
    let prefix = whole.strip_suffix(path).filter(|prefix| !prefix.is_empty())?.to_owned();
    Some(Pasted { prefix, mount, path: path.parse().ok()? })
}

#[cfg(test)]
mod tests;
