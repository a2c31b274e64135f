//! The nonce of a state that has lost its own.
//!
//! Terraform forgets what is kept beside the state when the provider is killed in the middle of an update. The marks of
//! the copies still say which run made them. They are asked in a refresh only: it comes before a replacement, whose new
//! object writes marks of its own that a destroy must not take for ours.

use std::time::SystemTime;

use eod_clients::Call as Remote;
use eod_clients::vault::clone::Owner;
use eod_clients::vault::{MountInfo, Vault};
use eod_domain::Nonce;
use eod_domain::vault::{KeyResult, Provenance, SecretPath, SecretRef, Verdict, judge};
use tfplugin::Diag;

use super::records::Records;
use crate::explain;

/// The nonce in the marks of the first copy that is one of this environment and source.
pub(super) async fn nonce(
    vault: &Vault,
    source: &SecretRef,
    target: &SecretRef,
    recorded: &Records,
    owner: &Owner,
    remote: &Remote,
) -> Result<Option<Nonce>, Diag> {
    let mount = MountInfo::v2(target.mount().clone());
    for (path, _) in recorded.iter().filter(|(_, record)| record.result != KeyResult::KeptForeign) {
        let Some(ours) = provenance(source, target, path, owner) else { continue };
        let found = vault.metadata(&mount, path, remote).await.map_err(|error| explain::remote(&error))?;
        // Whether a version's end has passed makes no difference to whose it is.
        let facts = found.map(|metadata| metadata.facts(SystemTime::UNIX_EPOCH));
        if let (Verdict::Ours { .. }, Some(facts)) = (judge(facts.as_ref(), &ours), facts) {
            return Ok(facts.marks.nonce);
        }
    }
    Ok(None)
}

/// What the marks of the copy at a path would say.
fn provenance(source: &SecretRef, target: &SecretRef, path: &SecretPath, owner: &Owner) -> Option<Provenance> {
    let below = path.as_str().strip_prefix(target.path().as_str())?;
    let source =
        format!("{}{below}", source.path()).parse().ok().map(|path| SecretRef::new(source.mount().clone(), path))?;
    Some(Provenance {
        environment: owner.environment.clone(),
        installation: owner.installation.clone(),
        source,
        source_version: None,
        created: None,
        nonce: owner.nonce.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_comes_from_the_same_place_below_the_source() {
        let owner = Owner {
            environment: "pr-1".parse().unwrap(),
            installation: "acme".parse().unwrap(),
            nonce: Nonce::recorded(""),
        };
        let (source, target) = ("secret/stage/shop".parse().unwrap(), "kv/preview/pr-1".parse().unwrap());
        let of =
            |path: &str| provenance(&source, &target, &path.parse().unwrap(), &owner).map(|it| it.source.to_string());
        assert_eq!(of("preview/pr-1").as_deref(), Some("secret/stage/shop"));
        assert_eq!(of("preview/pr-1/db/ro").as_deref(), Some("secret/stage/shop/db/ro"));
        assert_eq!(of("elsewhere"), None);
    }
}
