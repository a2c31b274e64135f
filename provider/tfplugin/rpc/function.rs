//! Provider functions. They run in a process that is not configured.

use eod_proto::tfplugin6 as wire;

use super::wire::{dynamic, value};
use crate::caught::caught;
use crate::diag::Diags;
use crate::function::{Arguments, FunctionError};
use crate::provider::Provider;
use crate::service::Inner;

pub(crate) async fn call_function<P: Provider>(
    inner: &Inner<P>,
    request: wire::CallFunctionRequest,
) -> wire::CallFunctionResponse {
    let outcome = caught(async { run(inner, &request) }).await;
    match outcome.unwrap_or_else(|panic| Err(FunctionError::new(panic.body()))) {
        Ok(result) => wire::CallFunctionResponse { result: Some(result), error: None },
        Err(FunctionError { text, argument }) => wire::CallFunctionResponse {
            result: None,
            error: Some(wire::FunctionError {
                // Terraform adds a dot to the text.
                text: text.strip_suffix('.').map(str::to_owned).unwrap_or(text),
                function_argument: argument.and_then(|at| i64::try_from(at).ok()),
            }),
        },
    }
}

fn run<P: Provider>(
    inner: &Inner<P>,
    request: &wire::CallFunctionRequest,
) -> Result<wire::DynamicValue, FunctionError> {
    let function = inner
        .provider
        .functions()
        .iter()
        .find(|function| function.name() == request.name)
        .ok_or_else(|| FunctionError::new(format!("this provider has no function `{}`", request.name)))?;
    let signature = function.signature();
    let (given, fewest) = (request.arguments.len(), signature.parameters.len());
    if given < fewest || given > fewest && signature.variadic.is_none() {
        let more = if signature.variadic.is_some() { " or more" } else { "" };
        return Err(FunctionError::new(format!("`{}` takes {fewest}{more} arguments, got {given}", request.name)));
    }
    let parameters = signature.parameters.iter().chain(signature.variadic.iter().cycle());
    let arguments: Result<Vec<_>, Diags> = request
        .arguments
        .iter()
        .zip(parameters)
        .map(|(argument, parameter)| value(Some(argument), &parameter.ty))
        .collect();
    let arguments = arguments.map_err(|diags| unreadable(&diags))?;
    let result = function.call(&Arguments(arguments))?;
    dynamic(&result, &signature.returns).map_err(|diags| unreadable(&diags))
}

fn unreadable(diags: &Diags) -> FunctionError {
    FunctionError::new(diags.iter().map(|diag| diag.detail.clone()).collect::<Vec<_>>().join(" "))
}
