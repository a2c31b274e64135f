//! The function `vault_reader_policy`: the policy of the applications that read copies.

use eod_domain::vault::{EnvironmentLabel, MountPath, Reader, reader_policy};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

/// `provider::eod::vault_reader_policy(mount, environment, accessor)`.
pub(crate) struct VaultReaderPolicy;

impl Function for VaultReaderPolicy {
    fn name(&self) -> &'static str {
        "vault_reader_policy"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Text<MountPath>>("mount", "KV version 2 mount of the copies."),
                Parameter::of::<Option<Text<EnvironmentLabel>>>(
                    "environment",
                    "Name of the environment. Null if `accessor` is set.",
                ),
                Parameter::of::<Option<String>>(
                    "accessor",
                    "Accessor of the kubernetes auth mount (`vault auth list`), for one policy for all environments. Null if \
                     `environment` is set.",
                ),
            ],
            variadic: None,
            returns: Type::String,
            summary: "Vault policy of applications that read copies",
            description: "A policy that reads the copies below `preview/<environment>` and nothing else. With an accessor instead \
                of an environment it is one policy for all environments: each pod reads the copies of the environment of its namespace.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let mount: Text<MountPath> = arguments.get(0)?;
        let environment: Option<Text<EnvironmentLabel>> = arguments.get(1)?;
        let accessor: Option<String> = arguments.get(2)?;
        let reader = match (environment, accessor) {
            (Some(environment), None) => Reader::Environment(environment.0),
            (None, Some(accessor)) if is_accessor(&accessor) => Reader::Namespace { accessor },
            (None, Some(accessor)) => {
                let text = format!(
                    "An accessor has only letters, digits, `_` and `-`, such as `auth_kubernetes_1a2b3c4d`; got `{accessor}`."
                );
                return Err(FunctionError::argument(2, text));
            }
            _ => return Err(FunctionError::new("Exactly one of `environment` and `accessor` is required.")),
        };
        Ok(Value::string(reader_policy(&mount, &reader)))
    }
}

/// True for a valid accessor. No other text may be inserted into the braces of the policy's template.
fn is_accessor(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-'))
}
