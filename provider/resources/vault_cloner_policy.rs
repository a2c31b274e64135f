//! The function `vault_cloner_policy`: the policy of the token that makes copies.

use eod_domain::vault::{CloneRights, GlobError, Globs, MountPath, SecretPath, cloner_policy};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

use crate::explain;

/// `provider::eod::vault_cloner_policy(mount, sources, target_mount, target_prefixes, sensitive_paths, rights...)`.
pub(crate) struct VaultClonerPolicy;

/// The one right that can be added.
const UPDATE: &str = "update";

impl Function for VaultClonerPolicy {
    fn name(&self) -> &'static str {
        "vault_cloner_policy"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Text<MountPath>>("mount", "The KV mount of the sources."),
                Parameter::of::<Vec<Text<SecretPath>>>(
                    "sources",
                    "The folders or secrets below it that may be copied.",
                ),
                Parameter::of::<Option<Text<MountPath>>>(
                    "target_mount",
                    "The KV version 2 mount of the copies. Null means `mount`.",
                ),
                Parameter::of::<Option<Vec<String>>>(
                    "target_prefixes",
                    "As `vault.target_prefixes` of the provider block. Null means its default.",
                ),
                Parameter::of::<Option<Vec<String>>>(
                    "sensitive_paths",
                    "As `vault.sensitive_paths` of the provider block. Null means its default.",
                ),
            ],
            variadic: Some(Parameter::of::<String>(
                "rights",
                "`update`, where raised `overrides_wo` shall be written into copies that nobody has edited.",
            )),
            returns: Type::String,
            summary: "The Vault policy of the token that makes copies",
            description: "A policy for the token that the provider uses: it reads the sources, creates copies below the targets, \
                cannot overwrite a value (the server refuses), and cannot read what is sensitive. What a policy cannot say of a \
                pattern is named in a comment; EoD refuses it in any case.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let mount: Text<MountPath> = arguments.get(0)?;
        let sources: Vec<Text<SecretPath>> = arguments.get(1)?;
        let target_mount: Option<Text<MountPath>> = arguments.get(2)?;
        if sources.is_empty() {
            return Err(FunctionError::argument(1, "At least one source is needed, such as `[\"stage\"]`."));
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

/// One of the ways to read a list of patterns: a mistake comes with its position.
type ParseGlobs = fn(&[String]) -> Result<Globs, (usize, GlobError)>;

fn globs(arguments: &Arguments, at: usize, default: Globs, parse: ParseGlobs) -> Result<Globs, FunctionError> {
    match arguments.get::<Option<Vec<String>>>(at)? {
        None => Ok(default),
        Some(patterns) => {
            parse(&patterns).map_err(|(_, error)| FunctionError::argument(at, explain::sentence(&error.to_string())))
        }
    }
}
