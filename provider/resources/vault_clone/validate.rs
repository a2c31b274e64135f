//! What is wrong with a configuration, whatever the provider block says.

use tfplugin::{Attr, Config, Diag, Diags};

use super::model::Input;

pub(super) fn validate(config: Config<'_>) -> Diags {
    let mut diags = Diags::new();
    let overrides = config.get(Input::OVERRIDES_WO);
    if config.get(Input::RECURSIVE) == Attr::Known(true) && matches!(overrides, Attr::Known(_)) {
        diags.push(
            Diag::error("Overrides of a subtree")
                .detail("`overrides_wo` says what stands in one secret, and `recursive` copies many.")
                .hint("copy the secret that needs overrides with a resource of its own, and leave its entries out with `exclude_keys`")
                .at(Input::OVERRIDES_WO),
        );
    }
    diags
}
