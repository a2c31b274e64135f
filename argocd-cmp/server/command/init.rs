//! `init`: prints everything that a platform adds to its Argo CD, to be read, changed and applied.

mod helm_values;

use crate::arguments::InitFormat;

/// Documents in the order of their application: the files of the examples.
const DOCUMENTS: [&str; 9] = [
    include_str!("../../../examples/argocd/settings.yaml"),
    include_str!("../../../examples/argocd/policy.yaml"),
    include_str!("../../../examples/argocd/sidecar.yaml"),
    include_str!("../../../examples/argocd/project.yaml"),
    include_str!("../../../examples/argocd/admission.yaml"),
    include_str!("../../../examples/argocd/token.yaml"),
    include_str!("../../../examples/argocd/seed.yaml"),
    include_str!("../../../examples/argocd/applicationset.yaml"),
    include_str!("../../../examples/argocd/plugin.yaml"),
];

/// All documents in a format.
pub(super) fn text(format: InitFormat) -> String {
    match format {
        InitFormat::Manifests => DOCUMENTS.join("---\n"),
        InitFormat::HelmValues => helm_values::text(&DOCUMENTS),
    }
}

#[cfg(test)]
mod tests;
