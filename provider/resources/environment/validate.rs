//! Validation of a configuration without the provider block. All mistakes are reported at once.

use tfplugin::{Attr, Config, Diag, Diags};

use super::arguments;
use super::model::Input;
use crate::explain;

pub(super) fn validate(config: Config<'_, Input>) -> Diags {
    let mut diags = identity_diags(config);
    if let Attr::Known(labels) = config.get(Input::LABELS) {
        diags.extend(explain::user_labels(&labels, &Input::LABELS.path()).err().unwrap_or_default());
    }
    if let Attr::Known(annotations) = config.get(Input::ANNOTATIONS) {
        diags.extend(explain::user_annotations(&annotations, &Input::ANNOTATIONS.path()).err().unwrap_or_default());
    }
    if let Attr::Known(access) = config.get(Input::ACCESS) {
        diags.extend(arguments::grants(access).err().unwrap_or_default());
    }
    if let Attr::Known(mesh) = config.get(Input::MESH) {
        diags.extend(arguments::mesh(mesh).err());
    }
    diags
}

fn identity_diags(config: Config<'_, Input>) -> Diags {
    let mut diags = Diags::new();
    let (name, number, branch) = (config.get(Input::NAME), config.get(Input::PULL_REQUEST), config.get(Input::BRANCH));
    if name.is_null() && number.is_null() && branch.is_null() {
        diags.push(
            Diag::error("The environment has no identity")
                .detail("One of `pull_request`, `branch` and `name` is required, and none is set.")
                .hint("set `pull_request` to the pull request's number"),
        );
    }
    if let (Attr::Known(_), Attr::Known(_)) = (&number, &branch) {
        diags.push(
            Diag::error("Two identities")
                .detail("`pull_request` and `branch` are both set; an environment belongs to one of them.")
                .hint("remove one of the two")
                .at(Input::BRANCH),
        );
    }
    if number == Attr::Known(0) {
        diags.push(
            Diag::error("Invalid pull_request")
                .detail("Pull requests are numbered from 1, got 0.")
                .at(Input::PULL_REQUEST),
        );
    }
    if matches!(branch, Attr::Known(_)) && config.get(Input::REPOSITORY).is_null() && name.is_null() {
        diags.push(
            Diag::error("A branch requires its repository")
                .detail("The name of a branch's environment is made from `repository` and `branch`, and `repository` is not set.")
                .hint("set `repository`, or give the environment a `name`")
                .at(Input::BRANCH),
        );
    }
    diags
}
