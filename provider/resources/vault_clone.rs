//! `eod_vault_clone`: an environment's own copy of secrets, which people may edit and which is never overwritten.
//!
//! # Guarantees
//! - No sensitive secret is read: every read has a [`Route`](eod_domain::vault::Route).
//! - Existing secrets are never overwritten. A secret is deleted only if its ownership metadata has this state's claim.
//! - The state has paths, versions and times. No value is returned by the client.

mod absent;
mod copies;
mod create;
mod delete;
mod import;
mod model;
mod notices;
mod place;
mod plan;
mod read;
mod recall;
mod records;
mod update;
mod validate;

use tfplugin::{
    Applied, ApplyFailure, Config, Diags, DraftOf, ImportSource, Imported, RequestContext, Resource, State,
};

pub(crate) use self::copies::Copies;
pub(crate) use self::model::Output;
use self::model::{Input, Private};
use crate::provider::Context;

/// The resource.
pub(crate) struct VaultClone;

impl Resource for VaultClone {
    const TYPE: &'static str = "eod_vault_clone";
    const DESCRIPTION: &'static str = "An environment's own copy of a Vault secret, or of a subtree. It is created once and never overwritten: \
        people may edit the copy, and the source may change, without a diff. A destroy deletes all versions of the copy. Existing \
        secrets are never changed, and no value is stored in the state.";

    type Context = Context;
    type Input = Input;
    type Output = Output;
    type Private = Private;
    type Identity = ();

    fn validate(&self, config: Config<'_, Input>) -> Diags {
        validate::validate(config)
    }

    async fn plan(&self, cx: &Context, draft: &mut DraftOf<'_, Self>, call: &RequestContext) -> Diags {
        absent::plan_return(cx, draft, call).await;
        plan::plan_target(cx, draft)
    }

    async fn create(
        &self,
        cx: &Context,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        create::create(cx, &input, call).await
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
        delete::delete(cx, &prior, call).await
    }

    async fn import(
        &self,
        cx: &Context,
        source: ImportSource<Self>,
        call: &RequestContext,
    ) -> Result<Imported<Self>, Diags> {
        import::import(cx, source, call).await
    }
}
