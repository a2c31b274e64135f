//! Validation of a configuration without the provider block.

use tfplugin::{Attr, Config, Diag, Diags};

use super::model::Input;

pub(super) fn validate(config: Config<'_, Input>) -> Diags {
    let mut diags = Diags::new();
    let overrides = config.get(Input::OVERRIDES_WO);
    if config.get(Input::RECURSIVE) == Attr::Known(true) && matches!(overrides, Attr::Known(_)) {
        diags.push(
            Diag::error("Overrides of a subtree")
                .detail("`overrides_wo` sets entries of one secret, and `recursive` copies many secrets.")
                .hint("copy the secret that needs overrides with a separate resource, and leave out its entries with `exclude_keys`")
                .at(Input::OVERRIDES_WO),
        );
    }
    diags
}
