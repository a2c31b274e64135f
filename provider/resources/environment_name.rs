//! The function `environment_name`: the name of the environment of a pull request.

use std::num::NonZeroU64;

use eod_domain::{Identity, NameTemplate, Repository, Subject, environment_name};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

/// `provider::eod::environment_name(repository, pull_request, template...)`.
pub(crate) struct EnvironmentNameOf;

impl Function for EnvironmentNameOf {
    fn name(&self) -> &'static str {
        "environment_name"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Option<Text<Repository>>>(
                    "repository",
                    "Repository. Null for a name with the number only.",
                ),
                Parameter::of::<u64>("pull_request", "Number of the pull request."),
            ],
            variadic: Some(Parameter::of::<Text<NameTemplate>>(
                "template",
                "The provider's `name_template`; at most one.",
            )),
            returns: Type::String,
            summary: "Name of the environment of a pull request",
            description: "Name of the environment that `eod_environment` creates for a pull request, for pipelines that need the name \
                before Terraform runs.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let repository: Option<Text<Repository>> = arguments.get(0)?;
        let number: u64 = arguments.get(1)?;
        if arguments.len() > 3 {
            return Err(FunctionError::argument(3, "Expected at most one template."));
        }
        let template: Option<Text<NameTemplate>> = if arguments.len() > 2 { Some(arguments.get(2)?) } else { None };
        let number = NonZeroU64::new(number)
            .ok_or_else(|| FunctionError::argument(1, "Pull requests are numbered from 1, got 0."))?;
        let identity =
            Identity { repository: repository.map(|repository| repository.0), subject: Subject::PullRequest(number) };
        let name = environment_name(&identity, template.as_ref().map(|template| &template.0))
            .map_err(|error| FunctionError::new(crate::explain::sentence(&error.to_string())))?;
        Ok(Value::string(name.to_string()))
    }
}
