//! `eod_environment`: the namespace of one pull request with its quota, limits, network policies and access.
//!
//! # Guarantees
//! - Ownership is verified before anything is changed or deleted: ownership labels, identity, uid and claim.
//! - A run that was killed at any call is continued by the next one.
//! - A plan of a new environment calls no API.

mod absent;
mod access;
mod apply;
mod arguments;
mod attributes;
mod claim;
mod clock;
mod cost;
mod create;
mod delete;
mod description;
mod hosts;
mod import;
mod ledger;
mod limit;
mod live;
mod model;
mod ownership;
mod plan;
mod provisioning;
mod query;
mod read;
mod refusal;
mod sizes;
mod takeover;
mod update;
mod validate;

use tfplugin::{
    Applied, ApplyFailure, Config, Diags, DraftOf, ImportSource, Imported, Model, MoveSource, RequestContext, Resource,
    State, Text,
};

pub(crate) use self::description::Description;
pub(crate) use self::model::{Input, Output, Private};
pub(crate) use self::query::{namespaces, reader, selector};
use crate::provider::Context;

/// The resource.
pub(crate) struct EnvironmentResource;

/// Resource identity of an environment, for imports by identity.
#[derive(Model)]
pub(crate) struct EnvironmentIdentity {
    /// Installation. Default: that of the provider.
    pub installation: Option<Text<eod_domain::Installation>>,
    /// Name of the environment.
    pub name: Text<eod_domain::EnvironmentName>,
}

impl Resource for EnvironmentResource {
    const TYPE: &'static str = "eod_environment";
    const DESCRIPTION: &'static str = "An isolated environment for one pull request or branch: a namespace with quota, limits, network \
        policies and access, created in one step, kept while it is used, and removed completely.";

    type Context = Context;
    type Input = Input;
    type Output = Output;
    type Private = Private;
    type Identity = EnvironmentIdentity;

    fn validate(&self, config: Config<'_, Input>) -> Diags {
        validate::validate(config)
    }

    async fn plan(&self, cx: &Context, draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        plan::plan_attributes(cx, draft)
    }

    fn upgrade(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        absent::upgraded(from, state)
    }

    async fn plan_destroy(&self, _: &Context, prior: &State<Self>, _: &RequestContext) -> Diags {
        delete::refused_error(prior).map(Diags::from).unwrap_or_default()
    }

    async fn create(
        &self,
        cx: &Context,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        create::create(cx, input, call).await
    }

    async fn read(
        &self,
        cx: &Context,
        prior: State<Self>,
        call: &RequestContext,
    ) -> Result<Option<State<Self>>, Diags> {
        read::read(cx, prior, call).await
    }

    async fn update(
        &self,
        cx: &Context,
        prior: State<Self>,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        update::update(cx, prior, input, call).await
    }

    async fn delete(&self, cx: &Context, prior: State<Self>, call: &RequestContext) -> Result<(), Diags> {
        delete::delete(cx, prior, call).await
    }

    async fn import(
        &self,
        cx: &Context,
        source: ImportSource<Self>,
        call: &RequestContext,
    ) -> Result<Imported<Self>, Diags> {
        import::import(cx, source, call).await
    }

    fn moved(&self, source: MoveSource) -> Result<Option<Imported<Self>>, Diags> {
        import::moved(&source)
    }

    fn identity(&self, cx: &Context, state: &State<Self>) -> Option<EnvironmentIdentity> {
        let installation = cx.installation.clone().known().map(Text);
        Some(EnvironmentIdentity { installation, name: state.input.name.clone()? })
    }
}
