//! `eod_db_snapshot`: an environment's own database, cloned from a masked golden database.
//!
//! # Guarantees
//! - Nobody but the provider can connect before the database is checked. A create that fails or is killed leaves nothing, or a closed
//!   database that the next apply replaces.
//! - An open database belongs to the pull request: no update changes a row.
//! - Databases, roles and Secrets of others are never changed.
//! - Passwords are in the Secret only: state, plan and log have none, and the server gets a SCRAM verifier.

mod absent;
mod check;
mod create;
pub(crate) mod credentials;
mod delete;
mod drift;
mod engine;
mod extension;
mod import;
mod model;
mod opened;
mod place;
mod plan;
mod read;
mod refusal;
mod report;
mod rules;
pub(crate) mod secret;
mod update;
mod validate;
mod wanted;

use tfplugin::{
    Applied, ApplyFailure, Config, Diags, DraftOf, ImportSource, Imported, RequestContext, Resource, State,
};

use self::model::{Input, Output, Private};
use crate::provider::Context;

/// The resource.
pub(crate) struct DbSnapshot;

impl Resource for DbSnapshot {
    const TYPE: &'static str = "eod_db_snapshot";
    const DESCRIPTION: &'static str = "An environment's own PostgreSQL database: a copy-on-write clone of a masked golden database, closed until it is \
        checked, with a login of its own. The credentials are stored in a Kubernetes Secret and never in the state. Once it is open, it \
        belongs to the pull request: a new golden database, policy or migration changes no row, and `terraform apply -replace` makes a \
        new one. A destroy removes the database with its sessions, roles and Secret.";

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
        plan::plan(cx, draft, call)
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
        update::update(cx, prior, &input, call).await
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
