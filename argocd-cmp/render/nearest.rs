//! Nearest of several names, for remedies of misspelled or renamed references.

/// Maximum number of names that are compared, and of their bytes. Names of Kubernetes are not longer.
const MAX_NAMES: usize = 500;
const MAX_BYTES: usize = 63;

/// The name that is most similar to `wanted`, if there is a similar one: a name with another prefix or suffix, or with
/// few other letters.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names = names.into_iter().filter(|name| name.len() <= MAX_BYTES).take(MAX_NAMES);
    let distances = names.filter_map(|name| Some((distance(wanted, name)?, name)));
    distances.min().map(|(_, name)| name)
}

/// Distance of similar names; none if they are not similar.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    let has_part = |long: &str, short: &str| {
        !short.is_empty() && (long.ends_with(&format!("-{short}")) || long.starts_with(&format!("{short}-")))
    };
    if has_part(wanted, name) || has_part(name, wanted) {
        return Some(1);
    }
    if wanted.len() > MAX_BYTES {
        return None;
    }
    let edits = strsim::levenshtein(wanted, name);
    (edits <= wanted.len().max(name.len()).div_ceil(4)).then_some(edits)
}

#[cfg(test)]
mod tests;
