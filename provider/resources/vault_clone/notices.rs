//! Warnings about copies.
//!
//! Of several warnings with the same title, Terraform shows the first and counts the others. So there is one warning
//! for all secrets of a kind, and its title contains the copy, which makes it unique.

use std::collections::BTreeMap;

use eod_clients::vault::clone::Notice;
use eod_domain::vault::SecretRef;
use tfplugin::Diag;

use crate::explain;

/// Maximum number of secrets in one warning.
const NAMED: usize = 50;

/// One warning for each kind of notice about the copies at and below `target`.
pub(super) fn warnings(target: &SecretRef, notices: &[Notice]) -> Vec<Diag> {
    let mut kinds: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for notice in notices {
        kinds.entry(titles(notice)).or_default().push(explain::sentence(&notice.to_string()));
    }
    kinds.into_iter().map(|((one, many), sentences)| warning(target, one, many, sentences)).collect()
}

/// The warning about copies that this state no longer owns.
pub(super) fn lost_warning(target: &SecretRef, lost: &[SecretRef]) -> Option<Diag> {
    let sentence = |secret: &SecretRef| {
        format!(
            "The secret `{secret}` is not the copy that this configuration created: that copy was deleted, or another \
             state has taken it over. It was not changed."
        )
    };
    let sentences: Vec<_> = lost.iter().map(sentence).collect();
    (!lost.is_empty()).then(|| {
        warning(target, "A copy was replaced by another secret", "copies were replaced by other secrets", sentences)
    })
}

fn titles(notice: &Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::KeptForeign { .. } => ("A secret of another owner was kept", "secrets of other owners were kept"),
        Notice::Skipped { .. } => ("A secret was not copied", "secrets were not copied"),
        Notice::MetadataLeftOut { .. } => ("A copy lacks metadata", "copies lack metadata"),
        Notice::Left { .. } => ("A secret was not deleted", "secrets were not deleted"),
    }
}

fn warning(target: &SecretRef, one: &str, many: &str, mut sentences: Vec<String>) -> Diag {
    // Their order depends on the responses of the server.
    sentences.sort();
    let count = sentences.len();
    let title = if count == 1 { format!("{one}: {target}") } else { format!("{count} {many}: {target}") };
    if count > NAMED {
        sentences.truncate(NAMED);
        sentences.push(format!("And {} more.", count - NAMED));
    }
    Diag::warning(title).detail(sentences.join("\n"))
}

#[cfg(test)]
mod tests;
