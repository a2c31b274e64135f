//! [`Function`]: a pure function that configurations can call, such as `provider::eod::host(..)`.

use crate::model::{Decoder, Field};
use crate::path::Path;
use crate::ty::Type;
use crate::value::Value;

/// A provider function. It runs in a process that is not configured: no context, no I/O.
pub trait Function: Send + Sync {
    /// Name after `provider::<name>::`.
    fn name(&self) -> &'static str;
    /// Parameters, result and documentation.
    fn signature(&self) -> Signature;
    /// Computes the result.
    ///
    /// # Errors
    /// Wrong arguments.
    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError>;
}

/// Signature of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Last parameter, which accepts any number of arguments.
    pub variadic: Option<Parameter>,
    /// Type of the result.
    pub returns: Type,
    /// Summary in one line.
    pub summary: &'static str,
    /// Markdown for the registry.
    pub description: &'static str,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name in messages and documentation.
    pub name: &'static str,
    /// Type of the argument.
    pub ty: Type,
    /// True if the argument can be null.
    pub nullable: bool,
    /// Markdown for the registry.
    pub description: &'static str,
}

impl Parameter {
    /// Parameter of type `T`. It can be null if `T` is an `Option`.
    pub fn of<T: Field>(name: &'static str, description: &'static str) -> Self {
        Self { name, ty: T::shape().ty(), nullable: T::OPTIONAL, description }
    }
}

/// Error of a function call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Sentence with the expected value and the actual one.
    pub text: String,
    /// Index of the wrong argument, from 0.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// Error that belongs to no single argument.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// Error in one argument.
    pub fn argument(at: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(at) }
    }
}

/// Arguments of one call.
#[derive(Clone, Debug)]
pub struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    /// Argument with index `at`, from 0. Variadic arguments follow the others.
    ///
    /// # Errors
    /// The argument is not of type `T`, or not a valid value of it.
    pub fn get<T: Field>(&self, at: usize) -> Result<T, FunctionError> {
        let mut decoder = Decoder::new();
        let value = self.0.get(at).unwrap_or(&Value::Null);
        decoder.within(Path::root(), value).ok_or_else(|| {
            let text = decoder.into_mistakes().iter().map(|diag| diag.detail.clone()).collect::<Vec<_>>().join(" ");
            FunctionError::argument(at, text)
        })
    }

    /// Number of arguments.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
