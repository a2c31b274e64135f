//! Functions of the provider.

use tfplugin::{Arguments, Field, Function, FunctionError, Number, Parameter, Signature, Type, Value};

/// `shout(text)`: one parameter; an empty string is an error.
pub(crate) struct Shout;

impl Function for Shout {
    fn name(&self) -> &'static str {
        "shout"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![Parameter::of::<String>("text", "Text in any case.")],
            variadic: None,
            returns: Type::String,
            summary: "Shouts",
            description: "Returns the text in capital letters.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let text: String = arguments.get(0)?;
        if text.is_empty() {
            return Err(FunctionError::argument(0, "there is nothing to shout: the text is empty"));
        }
        Ok(Value::string(text.to_uppercase()))
    }
}

/// `or_else(text, fallback)`: the first parameter may be null.
pub(crate) struct OrElse;

impl Function for OrElse {
    fn name(&self) -> &'static str {
        "or_else"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::of::<Option<String>>("text", "Used unless it is null."),
                Parameter::of::<String>("fallback", "Used if the text is null."),
            ],
            variadic: None,
            returns: Type::String,
            summary: "Text or fallback",
            description: "The text, or the fallback if the text is null.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let text: Option<String> = arguments.get(0)?;
        Ok(Value::string(text.map_or_else(|| arguments.get(1), Ok)?))
    }
}

/// `sum(first, more...)`: a variadic function of whole numbers.
pub(crate) struct Sum;

impl Function for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![Parameter::of::<i64>("first", "The first number.")],
            variadic: Some(Parameter::of::<i64>("more", "The other numbers.")),
            returns: Number::shape().ty(),
            summary: "Sum",
            description: "The sum of whole numbers.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let mut sum = 0_i64;
        for at in 0..arguments.len() {
            let number: i64 = arguments.get(at)?;
            sum = sum.checked_add(number).ok_or_else(|| FunctionError::argument(at, "the sum is too large"))?;
        }
        Ok(Value::Number(Number::from_i64(sum)))
    }
}

/// `boom()`: panics.
pub(crate) struct Boom;

impl Function for Boom {
    fn name(&self) -> &'static str {
        "boom"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![Parameter::of::<String>("text", "The last words.")],
            variadic: None,
            returns: Type::String,
            summary: "Panics",
            description: "Panics with the text.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let text: String = arguments.get(0)?;
        panic!("the function said {text}");
    }
}
