//! The function `tier`: which tier a pull request needs.

use tfplugin::{Arguments, Field as _, Function, FunctionError, Model, Parameter, Signature, Type, Value};

/// `provider::eod::tier(labels, changed_paths)`.
pub(crate) struct TierOf;

/// What the function answers.
#[derive(Model)]
struct Choice {
    /// The tier.
    tier: String,
    /// Why.
    reason: String,
}

impl Function for TierOf {
    fn name(&self) -> &'static str {
        "tier"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Vec<String>>("labels", "The pull request's labels."),
                Parameter::of::<Vec<String>>("changed_paths", "The paths that it changes."),
            ],
            variadic: None,
            returns: Type::object([("tier", Type::String), ("reason", Type::String)]),
            summary: "The tier that a pull request needs, and why",
            description: "A label `tier/<name>` wins, then `quick-fix` means `lightweight`. Of the paths, `**/payments/**` and \
                `**/billing/**` ask for `compliance`; `**/migrations/**`, `**/migrate/**` and `**/*.sql` ask for `full`. Without any of \
                these it is `lightweight`. Answers an object with `tier` and `reason`.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let (labels, paths): (Vec<String>, Vec<String>) = (arguments.get(0)?, arguments.get(1)?);
        let choice = eod_domain::tier(&labels, &paths)
            .map_err(|error| FunctionError::argument(0, crate::explain::sentence(&error.to_string())))?;
        Ok(Choice { tier: choice.tier.to_string(), reason: choice.reason }.encode())
    }
}
