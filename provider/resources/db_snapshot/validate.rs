//! Validation of a configuration without the provider block.

use tfplugin::{Config, Diag, Diags};

use super::model::Input;
use super::rules;

pub(super) fn validate(config: Config<'_, Input>) -> Diags {
    let mut diags = Diags::new();
    let required = [
        (
            Input::GOLDEN.name(),
            config.get(Input::GOLDEN).is_null(),
            "the name that `eod mask golden publish` has published",
        ),
        (
            Input::MASKING_POLICY.name(),
            config.get(Input::MASKING_POLICY).is_null(),
            "the text of the policy, such as `file(\"masking.yaml\")`",
        ),
    ];
    for (name, is_missing, value) in required {
        if is_missing {
            diags.push(
                Diag::error(format!("Missing {name}"))
                    .detail(format!("The engine `postgres` needs `{name}`: there is no database with unmasked rows."))
                    .hint(format!("set `{name}` to {value}"))
                    .at(name),
            );
        }
    }
    diags.extend(rules::mistakes(config));
    diags
}
