//! [`Function`]: a pure function that configurations can call, such as `provider::eod::host(..)`.

use crate::model::{Decoder, Field};
use crate::path::Path;
use crate::ty::Type;
use crate::value::Value;

/// A provider function. It runs in a process that was never configured: no context, no I/O.
pub trait Function: Send + Sync {
    /// Its name after `provider::<name>::`.
    fn name(&self) -> &'static str;
    /// Parameters, result and documentation.
    fn signature(&self) -> Signature;
    /// Computes the result.
    ///
    /// # Errors
    /// What is wrong, and with which argument.
    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError>;
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// A last parameter that may be given any number of times.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub returns: Type,
    /// One line.
    pub summary: &'static str,
    /// Markdown for the registry.
    pub description: &'static str,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in messages and documentation.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether null may be given.
    pub nullable: bool,
    /// Markdown for the registry.
    pub description: &'static str,
}

impl Parameter {
    /// A parameter of type `T`, which may be null where `T` is an `Option`.
    pub fn of<T: Field>(name: &'static str, description: &'static str) -> Self {
        Self { name, ty: T::shape().ty(), nullable: T::OPTIONAL, description }
    }
}

/// A function's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// A sentence that says what was expected and what was got.
    pub text: String,
    /// The argument to blame, counted from 0.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// A refusal that blames no single argument.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// A refusal of one argument.
    pub fn argument(at: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(at) }
    }
}

/// The arguments of one call.
#[derive(Clone, Debug)]
pub struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    /// The argument at `at`, counted from 0; variadic ones follow the others.
    ///
    /// # Errors
    /// It is not of this type or not a legal value of it.
    pub fn get<T: Field>(&self, at: usize) -> Result<T, FunctionError> {
        let mut decoder = Decoder::new();
        let value = self.0.get(at).unwrap_or(&Value::Null);
        decoder.within(Path::root(), value).ok_or_else(|| {
            let text = decoder.into_mistakes().iter().map(|diag| diag.detail.clone()).collect::<Vec<_>>().join(" ");
            FunctionError::argument(at, text)
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
