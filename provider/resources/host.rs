//! The function `host`: host of a service in an environment.

use eod_domain::{Domain, EnvironmentName, ServiceName, host};
use tfplugin::{Arguments, Function, FunctionError, Parameter, Signature, Text, Type, Value};

/// `provider::eod::host(service, environment, domain)`.
pub(crate) struct HostOf;

impl Function for HostOf {
    fn name(&self) -> &'static str {
        "host"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Text<ServiceName>>("service", "Name of the service."),
                Parameter::of::<Text<EnvironmentName>>("environment", "Name of the environment."),
                Parameter::of::<Text<Domain>>("domain", "Domain of the hosts, as the provider's `domain`."),
            ],
            variadic: None,
            returns: Type::String,
            summary: "Host of a service in an environment",
            description: "`<environment>-<service>.<domain>`: one label below the domain, so that one wildcard record and one wildcard \
                certificate cover every host. A label of more than 63 characters is shortened and gets a hash.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let service: Text<ServiceName> = arguments.get(0)?;
        let environment: Text<EnvironmentName> = arguments.get(1)?;
        let domain: Text<Domain> = arguments.get(2)?;
        Ok(Value::string(host(&service, &environment, &domain)))
    }
}
