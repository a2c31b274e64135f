//! [`DataSource`]: a remote object that Terraform reads in every plan.

use std::future::Future;

use futures::future::BoxFuture;

use crate::caught::caught;
use crate::config::{Config, ObjectValue};
use crate::diag::{Diag, Diags};
use crate::managed::unknown_diags;
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::schema::{Attribute, Refreshed, Schema};
use crate::value::Value;
use crate::values;

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// The type in a configuration, with the prefix of the provider.
    const TYPE: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// The provider's configuration, made usable. See [`crate::Provider::Context`].
    type Context: Send + Sync + 'static;
    /// The arguments.
    type Input: Model + Send + Sync + 'static;
    /// The result. A result with the name of an argument is the same attribute, and used if the argument is not set.
    type Output: Model + Send + Sync + 'static;

    /// Checks the configuration beyond its types. Returns all mistakes at once.
    fn validate(&self, config: Config<'_, Self::Input>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Reads the object. An object that does not exist is an error, because the reader of a data source depends on it.
    fn read(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Self::Output, Diags>> + Send;
}

/// A data source in the registry of a provider.
pub trait AnyDataSource<C>: Send + Sync {
    /// See [`DataSource::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// Every mistake in a configuration.
    fn validate_config(&self, config: &ObjectValue) -> Diags;
    /// Reads the object.
    fn read_data<'a>(
        &'a self,
        cx: &'a C,
        config: &'a ObjectValue,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, DataAnswer>;
}

/// The answer to a read.
#[derive(Debug, Default)]
pub struct DataAnswer {
    /// Arguments and results. `None` if the read failed.
    pub object: Option<ObjectValue>,
    /// Errors and warnings for the user.
    pub diags: Diags,
}

impl DataAnswer {
    fn failed(diags: impl Into<Diags>) -> Self {
        Self { object: None, diags: diags.into() }
    }
}

impl<D: DataSource> AnyDataSource<D::Context> for D {
    fn type_name(&self) -> &'static str {
        D::TYPE
    }

    fn schema(&self) -> Schema {
        let mut attributes = attributes::<D::Input, D::Output>();
        for attribute in &mut attributes {
            // A data source is read as a whole. A rule here comes from a model that a resource uses, too.
            attribute.refreshed = Refreshed::Always;
        }
        Schema { attributes, description: D::DESCRIPTION.to_owned(), ..Schema::default() }
    }

    fn validate_config(&self, config: &ObjectValue) -> Diags {
        let config = Config::new(config);
        let mut diags = config.mistakes();
        diags.extend(self.validate(config));
        diags.sorted()
    }

    fn read_data<'a>(
        &'a self,
        cx: &'a D::Context,
        config: &'a ObjectValue,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, DataAnswer> {
        Box::pin(async move {
            let schema = AnyDataSource::<D::Context>::schema(self);
            let config = values::merge(&schema, config, None);
            let arguments = Config::<D::Input>::new(&config);
            let Some(input) = arguments.decode() else {
                let mut diags = arguments.mistakes();
                if !diags.has_errors() {
                    diags.push(Diag::bug("a data source was read with unknown arguments"));
                }
                return DataAnswer::failed(diags);
            };
            let read = caught(self.read(cx, input, call)).await.unwrap_or_else(|panic| Err(panic.into()));
            let mut answer = match read {
                Ok(output) => {
                    let object = with_output(config, &output);
                    let diags = unknown_diags(&object, "read");
                    DataAnswer { object: (!diags.has_errors()).then_some(object), diags }
                }
                Err(diags) => DataAnswer::failed(diags),
            };
            answer.diags.extend(call.take_warnings());
            answer
        })
    }
}

/// Arguments, then outputs. An output that is also an argument is one attribute.
pub(crate) fn attributes<I: Model, O: Model>() -> Vec<Attribute> {
    let mut attributes = I::attributes();
    for output in O::attributes() {
        if attributes.iter().all(|argument| argument.name != output.name) {
            attributes.push(output);
        }
    }
    attributes
}

/// The configuration with the output. Configured values stay as configured.
pub(crate) fn with_output<O: Model>(mut config: ObjectValue, output: &O) -> ObjectValue {
    for (name, value) in output.encode_object() {
        if config.get(&name).is_none_or(Value::is_null) {
            config.insert(name, value);
        }
    }
    config
}
