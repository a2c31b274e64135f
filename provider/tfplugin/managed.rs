//! [`AnyResource`]: a [`Resource`] without its types, for the service. Arguments and answers are values.

mod apply;
mod change;
mod plan;
mod refresh;
mod state;

use futures::future::BoxFuture;

pub use self::change::{EncodedState, PlanAnswer, ResourceChange, StateAnswer};
pub(crate) use self::state::unknown_diags;
use crate::caught::caught;
use crate::config::{Config, ObjectValue};
use crate::diag::Diags;
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::resource::{MoveSource, Resource};
use crate::schema::{Attribute, Schema};

/// A resource in the registry of a provider.
pub trait AnyResource<C>: Send + Sync {
    /// See [`Resource::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// The attributes of the identity; empty if there is none.
    fn identity_attributes(&self) -> Vec<Attribute>;
    /// Every mistake in a configuration.
    fn validate_config(&self, config: &ObjectValue) -> Diags;
    /// Plans a change.
    fn plan_change<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        change: ResourceChange<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, PlanAnswer>;
    /// Applies the planned change.
    fn apply_change<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        change: ResourceChange<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer>;
    /// Reads the object of a state.
    fn read_state<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        prior: EncodedState,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer>;
    /// Finds the object of an import.
    fn import_state<'a>(
        &'a self,
        cx: &'a C,
        id: &'a str,
        identity: Option<ObjectValue>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer>;
    /// Takes over a state of another resource type. `None` if that type is not supported.
    ///
    /// # Errors
    /// The state cannot be taken over.
    fn move_state(&self, source: MoveSource) -> Result<Option<EncodedState>, Diags>;
    /// Converts a state of schema version `from` to the current version.
    ///
    /// # Errors
    /// The version is not supported, or the state cannot be read.
    fn upgrade_state(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags>;
}

impl<R: Resource> AnyResource<R::Context> for R {
    fn type_name(&self) -> &'static str {
        R::TYPE
    }

    fn schema(&self) -> Schema {
        Schema {
            version: R::VERSION,
            attributes: R::Input::attributes().into_iter().chain(R::Output::attributes()).collect(),
            blocks: Vec::new(),
            description: R::DESCRIPTION.to_owned(),
            deprecation: None,
        }
    }

    fn identity_attributes(&self) -> Vec<Attribute> {
        R::Identity::attributes()
    }

    fn validate_config(&self, config: &ObjectValue) -> Diags {
        let config = Config::new(config);
        let mut diags = config.mistakes();
        diags.extend(self.validate(config));
        diags.sorted()
    }

    fn plan_change<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        change: ResourceChange<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, PlanAnswer> {
        Box::pin(async move {
            let planned = caught(plan::plan_or_fail(self, cx, schema, change, call)).await;
            let planned = planned.unwrap_or_else(|panic| Err(panic.into()));
            let mut answer = planned.unwrap_or_else(|diags| PlanAnswer { diags, ..PlanAnswer::default() });
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn apply_change<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        change: ResourceChange<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer> {
        Box::pin(async move {
            let mut answer = apply::apply(self, cx, schema, change, call).await;
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn read_state<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        prior: EncodedState,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer> {
        Box::pin(async move {
            let unchanged = prior.clone();
            let answer = caught(refresh::refresh(self, cx, schema, prior, call)).await;
            let mut answer = answer.unwrap_or_else(|panic| StateAnswer::failed(Some(unchanged), panic));
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn import_state<'a>(
        &'a self,
        cx: &'a R::Context,
        id: &'a str,
        identity: Option<ObjectValue>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, StateAnswer> {
        Box::pin(async move {
            let imported = caught(refresh::import(self, cx, id, identity, call)).await;
            let mut answer = match imported.unwrap_or_else(|panic| Err(panic.into())) {
                Ok(state) => StateAnswer { state: Some(state), diags: Diags::new() },
                Err(diags) => StateAnswer::failed(None, diags),
            };
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn move_state(&self, source: MoveSource) -> Result<Option<EncodedState>, Diags> {
        self.moved(source)?.map(state::encode_imported).transpose()
    }

    fn upgrade_state(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        self.upgrade(from, state)
    }
}
