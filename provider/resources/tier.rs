//! The function `tier`: tier of a pull request from its labels and changed paths.

use tfplugin::{Arguments, Field as _, Function, FunctionError, Model, Parameter, Signature, Type, Value};

/// `provider::eod::tier(labels, changed_paths)`.
pub(crate) struct TierOf;

/// Result of the function.
#[derive(Model)]
struct Choice {
    /// Name of the tier.
    tier: String,
    /// Reason for the tier.
    reason: String,
}

impl Function for TierOf {
    fn name(&self) -> &'static str {
        "tier"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Vec<String>>("labels", "Labels of the pull request."),
                Parameter::of::<Vec<String>>("changed_paths", "Paths that the pull request changes."),
            ],
            variadic: None,
            returns: Type::object([("tier", Type::String), ("reason", Type::String)]),
            summary: "Tier of a pull request, with the reason",
            description: "A label `tier/<name>` has precedence, then `quick-fix` selects `lightweight`. Of the paths, `**/payments/**` and \
                `**/billing/**` select `compliance`; `**/migrations/**`, `**/migrate/**` and `**/*.sql` select `full`. Without any of \
                these it is `lightweight`. Returns an object with `tier` and `reason`.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let (labels, paths): (Vec<String>, Vec<String>) = (arguments.get(0)?, arguments.get(1)?);
        let choice = eod_domain::tier(&labels, &paths)
            .map_err(|error| FunctionError::argument(0, crate::explain::sentence(&error.to_string())))?;
        Ok(Choice { tier: choice.tier.to_string(), reason: choice.reason }.encode())
    }
}
