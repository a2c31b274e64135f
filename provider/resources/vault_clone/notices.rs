//! What the user should know that is no error.
//!
//! Of several warnings with one title Terraform shows the first and counts the rest. So one warning names all secrets of
//! a kind, and its title names the copy, which no other resource's does.

use std::collections::BTreeMap;

use eod_clients::vault::clone::Notice;
use eod_domain::vault::SecretRef;
use tfplugin::Diag;

use crate::explain;

/// Secrets that one warning names; a reader takes in no more.
const NAMED: usize = 50;

/// One warning for each kind of notice about the copies at and below `target`.
pub(super) fn warnings(target: &SecretRef, notices: &[Notice]) -> Vec<Diag> {
    let mut kinds: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for notice in notices {
        kinds.entry(titles(notice)).or_default().push(explain::sentence(&notice.to_string()));
    }
    kinds.into_iter().map(|((one, many), sentences)| warning(target, one, many, sentences)).collect()
}

/// The warning of copies that are no longer those of the state.
pub(super) fn lost(target: &SecretRef, lost: &[SecretRef]) -> Option<Diag> {
    let sentence = |secret: &SecretRef| {
        format!(
            "The secret `{secret}` is not the copy that this configuration made: that one is gone, or another \
             configuration has taken it over. It is not touched."
        )
    };
    let sentences: Vec<_> = lost.iter().map(sentence).collect();
    (!lost.is_empty()).then(|| {
        warning(target, "A copy was replaced by something else", "copies were replaced by something else", sentences)
    })
}

fn titles(notice: &Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::KeptForeign { .. } => ("A secret was left alone", "secrets were left alone"),
        Notice::Skipped { .. } => ("A secret was not copied", "secrets were not copied"),
        Notice::MetadataLeftOut { .. } => ("A copy lacks metadata", "copies lack metadata"),
        Notice::Left { .. } => ("A secret was not deleted", "secrets were not deleted"),
    }
}

fn warning(target: &SecretRef, one: &str, many: &str, mut sentences: Vec<String>) -> Diag {
    // They come in the order in which the server answered.
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
