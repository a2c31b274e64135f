//! [`DataSource`]: something that is looked up anew in every plan.

use std::future::Future;

use futures::future::BoxFuture;

use crate::config::{Config, Object};
use crate::diag::{Diag, Diags};
use crate::managed::{Answer, Found, caught, still_unknown};
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::schema::{Attribute, Schema};
use crate::value::Value;
use crate::values;

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// The type as it stands in a configuration, provider prefix included.
    const TYPE: &'static str;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// What the provider's configuration became.
    type Context: Send + Sync + 'static;
    /// What the user writes.
    type Input: Model + Send + Sync + 'static;
    /// What is found. An attribute that is an argument too is taken from here.
    type Output: Model + Send + Sync + 'static;

    /// Checks the configuration beyond its types. All mistakes at once.
    fn validate(&self, config: Config<'_>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Looks it up. Not found is an error: a data source that answers nothing is no use to its reader.
    fn read(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Self::Output, Diags>> + Send;
}

/// A data source as it stands in a provider's registry.
pub trait AnyDataSource<C>: Send + Sync {
    /// See [`DataSource::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// Every mistake in a configuration.
    fn validate(&self, config: &Object) -> Diags;
    /// Looks it up.
    fn read<'a>(&'a self, cx: &'a C, config: &'a Object, call: &'a RequestContext) -> BoxFuture<'a, Answer>;
}

impl<D: DataSource> AnyDataSource<D::Context> for D {
    fn type_name(&self) -> &'static str {
        D::TYPE
    }

    fn schema(&self) -> Schema {
        Schema {
            attributes: attributes::<D::Input, D::Output>(),
            description: D::DESCRIPTION.to_owned(),
            ..Schema::default()
        }
    }

    fn validate(&self, config: &Object) -> Diags {
        let mut diags = Config::new(config).mistakes::<D::Input>();
        diags.extend(DataSource::validate(self, Config::new(config)));
        diags.sorted()
    }

    fn read<'a>(&'a self, cx: &'a D::Context, config: &'a Object, call: &'a RequestContext) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let schema = AnyDataSource::<D::Context>::schema(self);
            let config = values::merge(&schema, config, None);
            let Some(input) = Config::new(&config).decode::<D::Input>() else {
                let mut diags = Config::new(&config).mistakes::<D::Input>();
                if !diags.has_errors() {
                    diags.push(Diag::bug("a data source was read with unknown arguments"));
                }
                return Answer { found: None, diags };
            };
            let mut answer = match caught(DataSource::read(self, cx, input, call)).await {
                Ok(Ok(output)) => {
                    let object = answered(config, &output);
                    let diags = still_unknown(&object, "read");
                    let found = (!diags.has_errors()).then(|| Found { object, ..Found::default() });
                    Answer { found, diags }
                }
                Ok(Err(diags)) => Answer { found: None, diags },
                Err(panic) => Answer { found: None, diags: panic.into() },
            };
            answer.diags.extend(call.take_warnings());
            answer
        })
    }
}

/// Arguments, then outputs. An output that is an argument too is one attribute.
pub(crate) fn attributes<I: Model, O: Model>() -> Vec<Attribute> {
    let mut attributes = I::attributes();
    for output in O::attributes() {
        if attributes.iter().all(|argument| argument.name != output.name) {
            attributes.push(output);
        }
    }
    attributes
}

/// The configuration with what was found. What the user wrote stays as it was written.
pub(crate) fn answered<O: Model>(mut config: Object, output: &O) -> Object {
    for (name, value) in output.encode_object() {
        if config.get(&name).is_none_or(Value::is_null) {
            config.insert(name, value);
        }
    }
    config
}
