//! The function `vault_cloner_policy`: the policy of the token that creates copies.

use eod_domain::vault::{CloneRights, Globs, MountPath, SecretPath, cloner_policy};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

use crate::explain;
use crate::provider::ParseGlobs;

/// `provider::eod::vault_cloner_policy(mount, sources, target_mount, target_prefixes, sensitive_paths, rights...)`.
pub(crate) struct VaultClonerPolicy;

/// The only right that can be added.
const UPDATE: &str = "update";

impl Function for VaultClonerPolicy {
    fn name(&self) -> &'static str {
        "vault_cloner_policy"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Text<MountPath>>("mount", "KV mount of the sources."),
                Parameter::of::<Vec<Text<SecretPath>>>(
                    "sources",
                    "Folders or secrets below `mount` that may be copied.",
                ),
                Parameter::of::<Option<Text<MountPath>>>(
                    "target_mount",
                    "KV version 2 mount of the copies. Null means `mount`.",
                ),
                Parameter::of::<Option<Vec<String>>>(
                    "target_prefixes",
                    "Patterns as in `vault.target_prefixes` of the provider block. Null means the default.",
                ),
                Parameter::of::<Option<Vec<String>>>(
                    "sensitive_paths",
                    "Patterns as in `vault.sensitive_paths` of the provider block. Null means the default.",
                ),
            ],
            variadic: Some(Parameter::of::<String>(
                "rights",
                "`update` allows to write `overrides_wo` again into copies without edits.",
            )),
            returns: Type::String,
            summary: "Vault policy of the token that creates copies",
            description: "A policy for the token that the provider uses: it reads the sources, creates copies below the targets, \
                cannot overwrite a value (the server refuses it), and cannot read sensitive secrets. Patterns that a policy \
                cannot express are listed in a comment; EoD itself always refuses them.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let mount: Text<MountPath> = arguments.get(0)?;
        let sources: Vec<Text<SecretPath>> = arguments.get(1)?;
        let target_mount: Option<Text<MountPath>> = arguments.get(2)?;
        if sources.is_empty() {
            return Err(FunctionError::argument(1, "At least one source is required, such as `[\"stage\"]`."));
        }
        let mut update = false;
        for at in 5..arguments.len() {
            match arguments.get::<String>(at)?.as_str() {
                UPDATE => update = true,
                other => {
                    return Err(FunctionError::argument(at, format!("The only right is `{UPDATE}`, got `{other}`.")));
                }
            }
        }
        Ok(Value::string(cloner_policy(&CloneRights {
            target_mount: target_mount.map_or_else(|| mount.0.clone(), |mount| mount.0),
            mount: mount.0,
            sources: sources.into_iter().map(|source| source.0).collect(),
            targets: globs(arguments, 3, Globs::default_targets(), Globs::targets)?,
            sensitive: globs(arguments, 4, Globs::default_sensitive(), Globs::sensitive)?,
            update,
        })))
    }
}

fn globs(arguments: &Arguments, at: usize, default: Globs, parse: ParseGlobs) -> Result<Globs, FunctionError> {
    match arguments.get::<Option<Vec<String>>>(at)? {
        None => Ok(default),
        Some(patterns) => {
            parse(&patterns).map_err(|(_, error)| FunctionError::argument(at, explain::sentence(&error.to_string())))
        }
    }
}
