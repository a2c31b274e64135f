//! The function `vault_reaper_policy`: the policy of the reaper, which deletes the copies of ended environments.

use eod_domain::vault::{Globs, MountPath, reaper_policy};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

use crate::explain;

/// `provider::eod::vault_reaper_policy(target_mount, targets)`.
pub(crate) struct VaultReaperPolicy;

impl Function for VaultReaperPolicy {
    fn name(&self) -> &'static str {
        "vault_reaper_policy"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Text<MountPath>>("target_mount", "KV version 2 mount of the copies."),
                Parameter::of::<Option<Vec<String>>>(
                    "targets",
                    "Patterns as in `vault.target_prefixes` of the provider block. Null means the default.",
                ),
            ],
            variadic: None,
            returns: Type::String,
            summary: "Vault policy of the reaper",
            description: "A policy that lists, reads and deletes the metadata of the copies below the targets, with all versions \
                of the copies. It has no right to a value. Patterns that a policy cannot express are listed in a comment.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let mount: Text<MountPath> = arguments.get(0)?;
        let targets = match arguments.get::<Option<Vec<String>>>(1)? {
            None => Globs::default_targets(),
            Some(patterns) => Globs::targets(&patterns)
                .map_err(|(_, error)| FunctionError::argument(1, explain::sentence(&error.to_string())))?,
        };
        Ok(Value::string(reaper_policy(&mount, &targets)))
    }
}
