//! Mistakes in arguments, as the domain reports them.

use std::collections::BTreeMap;

use eod_domain::{Mistake, UserAnnotations, UserLabels};
use tfplugin::{Diag, Diags, Path};

use super::sentence;

/// Mistakes that the domain found, each at its attribute.
pub(crate) fn mistakes(found: &[Mistake]) -> Diags {
    found.iter().map(|mistake| invalid(path(mistake), &mistake.message)).collect()
}

/// An invalid value. The title names the attribute, because Terraform shows only the line of the outer attribute of nested
/// ones.
pub(crate) fn invalid(at: Path, message: &str) -> Diag {
    Diag::error(format!("Invalid {at}")).detail(sentence(message)).at(at)
}

/// Labels, unless a key or value is refused.
pub(crate) fn user_labels(labels: &BTreeMap<String, String>, at: &Path) -> Result<UserLabels, Diags> {
    let name = at.to_string();
    UserLabels::parse(&name, labels.clone()).map_err(|found| keyed("Label is refused", &found, at))
}

/// Annotations, unless a key is refused.
pub(crate) fn user_annotations(annotations: &BTreeMap<String, String>, at: &Path) -> Result<UserAnnotations, Diags> {
    let name = at.to_string();
    UserAnnotations::parse(&name, annotations.clone()).map_err(|found| keyed("Annotation is refused", &found, at))
}

/// Mistakes in a map: the step after the attribute is a key of the map.
fn keyed(title: &str, found: &[Mistake], at: &Path) -> Diags {
    let diag = |mistake: &Mistake| {
        let path = mistake.path.iter().skip(1).fold(at.clone(), tfplugin::Path::key);
        Diag::error(title).detail(sentence(&mistake.message)).at(path)
    };
    found.iter().map(diag).collect()
}

/// The path of a mistake: numbers are positions, everything else is an attribute.
fn path(mistake: &Mistake) -> Path {
    mistake.path.iter().fold(Path::root(), |path, step| match step.parse() {
        Ok(at) => path.index(at),
        Err(_) => path.attribute(step),
    })
}
