//! [`Resource`]: what one managed resource has to say for itself.
//!
//! # Guarantees
//! - `create`, `update`, `delete` and `read` get arguments that are wholly known and have passed `validate`.
//! - A panic in any of them becomes a diagnostic; what was made so far stays in the state.
//! - `create` is asked only where nothing is in the state, `delete` only where something is.
//!
//! # Assumptions
//! - `delete` tolerates that the object is gone, that it was never finished, and that it runs twice.
//! - `plan` is a function of its arguments: Terraform asks again during apply, with more values known, and an answer
//!   that was known may not change.
//! - The object can be found again from its arguments, so that a run that was killed can be continued.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, Partial};
use crate::diag::{Diag, Diags};
use crate::draft::Draft;
use crate::model::Model;
use crate::request_context::RequestContext;

/// A managed resource.
pub trait Resource: Send + Sync + 'static {
    /// The type as it stands in a configuration, provider prefix included.
    const TYPE: &'static str;
    /// Raised when an older state needs [`Resource::upgrade`].
    const VERSION: i64 = 0;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// What the provider's configuration became.
    type Context: Send + Sync + 'static;
    /// What the user writes.
    type Input: Model + Send + Sync + 'static;
    /// What the provider computes.
    type Output: Model + Send + Sync + 'static;
    /// What is kept beside the state, invisible to users. Use `()` for nothing.
    type Private: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static;
    /// What identifies the object for hosts that import by identity. Use `()` for nothing.
    type Identity: Model + Send + 'static;

    /// Checks the configuration beyond its types, without the provider's configuration. All mistakes at once.
    fn validate(&self, config: Config<'_, Self::Input>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Fills in what can be said before anything is made. Most resources need nothing here.
    fn plan(
        &self,
        cx: &Self::Context,
        draft: &mut DraftOf<'_, Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Diags> + Send {
        let _ = (cx, draft, call);
        async { Diags::new() }
    }

    /// Refuses or comments on a destroy before anything is destroyed.
    fn plan_destroy(
        &self,
        cx: &Self::Context,
        prior: &State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Diags> + Send {
        let _ = (cx, prior, call);
        async { Diags::new() }
    }

    /// Makes the object.
    fn create(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Applied<Self>, ApplyFailure<Self>>> + Send;

    /// Looks at the object. `None` means that it is certainly gone; anything uncertain is an error.
    fn read(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Option<State<Self>>, Diags>> + Send;

    /// Changes the object in place.
    fn update(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Applied<Self>, ApplyFailure<Self>>> + Send;

    /// Takes the object away.
    fn delete(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Result<(), Diags>> + Send;

    /// Finds an object that Terraform does not know yet. [`Resource::read`] is asked next.
    fn import(
        &self,
        cx: &Self::Context,
        source: ImportSource<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Imported<Self>, Diags>> + Send {
        let _ = (cx, source, call);
        async {
            Err(Diag::error("Import is not supported").detail(format!("{} cannot be imported.", Self::TYPE)).into())
        }
    }

    /// Takes over the state of another resource type for a `moved` block. `None` if that type is not known here.
    fn moved(&self, source: MoveSource) -> Result<Option<Imported<Self>>, Diags> {
        let _ = source;
        Ok(None)
    }

    /// Brings a state that version `from` wrote into today's shape.
    fn upgrade(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        if from == Self::VERSION {
            return Ok(state);
        }
        Err(Diag::error("State of an unknown version")
            .detail(format!("{} writes version {}, the state has {from}.", Self::TYPE, Self::VERSION))
            .into())
    }

    /// The identity of an object, as far as it is known.
    fn identity(&self, cx: &Self::Context, state: &State<Self>) -> Option<Self::Identity> {
        let _ = (cx, state);
        None
    }
}

/// The [`Draft`] of a plan of resource `R`.
pub type DraftOf<'a, R> = Draft<'a, <R as Resource>::Input, <R as Resource>::Output, <R as Resource>::Private>;

/// A resource as Terraform remembers it.
pub struct State<R: Resource + ?Sized> {
    /// The arguments it was last applied with.
    pub input: R::Input,
    /// The computed attributes; `None` after a create that failed before they were known.
    pub output: Option<R::Output>,
    /// What is kept beside the state.
    pub private: R::Private,
}

/// What a create or an update made.
pub struct Applied<R: Resource + ?Sized> {
    /// Every computed attribute: nothing can stay unknown.
    pub output: R::Output,
    /// What is kept beside the state.
    pub private: R::Private,
}

/// A create or an update that went wrong, and what is true now.
pub struct ApplyFailure<R: Resource + ?Sized> {
    /// What to tell the user.
    pub diags: Diags,
    /// What is left behind.
    pub left: Left<R>,
}

/// What a failure leaves behind.
pub enum Left<R: Resource + ?Sized> {
    /// Certainly nothing was made or changed.
    Nothing,
    /// Something may exist. It stays in the state, so that it is not lost: an orphan is worse than a taint.
    Something,
    /// The same, with what is needed to find it again.
    Traced(R::Private),
    /// This exists.
    Known(Applied<R>),
}

impl<R: Resource + ?Sized> ApplyFailure<R> {
    /// Certainly nothing was made or changed.
    pub fn nothing(diags: impl Into<Diags>) -> Self {
        Self { diags: diags.into(), left: Left::Nothing }
    }

    /// Something may exist, and this helps to find it again.
    pub fn traced(diags: impl Into<Diags>, private: R::Private) -> Self {
        Self { diags: diags.into(), left: Left::Traced(private) }
    }

    /// This much exists.
    pub fn known(diags: impl Into<Diags>, applied: Applied<R>) -> Self {
        Self { diags: diags.into(), left: Left::Known(applied) }
    }
}

impl<R: Resource + ?Sized> From<Diag> for ApplyFailure<R> {
    fn from(diag: Diag) -> Self {
        Self { diags: diag.into(), left: Left::Something }
    }
}

impl<R: Resource + ?Sized> From<Diags> for ApplyFailure<R> {
    fn from(diags: Diags) -> Self {
        Self { diags, left: Left::Something }
    }
}

/// What an import or a move knows.
pub struct Imported<R: Resource + ?Sized> {
    /// The attributes that are known; the rest is null.
    pub attributes: Partial<R::Input, R::Output>,
    /// What is kept beside the state.
    pub private: R::Private,
}

/// What the user named in an import.
pub enum ImportSource<R: Resource + ?Sized> {
    /// The text after the address.
    Id(String),
    /// An `identity` block.
    Identity(R::Identity),
}

/// The state of another resource type, named by a `moved` block.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// Such as `registry.terraform.io/hashicorp/kubernetes`.
    pub provider: String,
    /// Such as `kubernetes_namespace`.
    pub type_name: String,
    /// The version of its schema.
    pub version: i64,
    /// The state's JSON.
    pub state: serde_json::Value,
}
