//! [`Resource`]: the trait of a managed resource.
//!
//! # Guarantees
//! - `create`, `update`, `delete` and `read` get arguments that are wholly known and have passed `validate`.
//! - A panic in any of these functions becomes a diagnostic; the state keeps all that was created before it.
//! - `create` runs only if the state has no object, `delete` only if it has one.
//!
//! # Assumptions
//! - `delete` succeeds if the object does not exist or is incomplete, and if it is called twice.
//! - `plan` is a function of its arguments: Terraform calls it again during apply, with more values known, and a
//!   known value of the first plan must not change.
//! - The object can be found from its arguments, so that the next run can continue after a killed run.

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
    /// Resource type in a configuration, with the prefix of the provider.
    const TYPE: &'static str;
    /// Version of the schema. Increased when an older state needs [`Resource::upgrade`].
    const VERSION: i64 = 0;
    /// Markdown for the registry.
    const DESCRIPTION: &'static str;

    /// Result of [`crate::Provider::configure`]. See [`crate::Provider::Context`].
    type Context: Send + Sync + 'static;
    /// The arguments.
    type Input: Model + Send + Sync + 'static;
    /// The computed attributes.
    type Output: Model + Send + Sync + 'static;
    /// Private data, which Terraform stores with the state and does not show. `()` if there is none.
    type Private: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static;
    /// Resource identity, for hosts that import by identity. `()` if there is none.
    type Identity: Model + Send + 'static;

    /// Checks the configuration beyond its types, without the context of the provider. Returns all mistakes at once.
    fn validate(&self, config: Config<'_, Self::Input>) -> Diags {
        let _ = config;
        Diags::new()
    }

    /// Plans computed values that are known before the apply. Most resources do not need it.
    fn plan(
        &self,
        cx: &Self::Context,
        draft: &mut DraftOf<'_, Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Diags> + Send {
        let _ = (cx, draft, call);
        async { Diags::new() }
    }

    /// Returns errors or warnings for a planned destroy.
    fn plan_destroy(
        &self,
        cx: &Self::Context,
        prior: &State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Diags> + Send {
        let _ = (cx, prior, call);
        async { Diags::new() }
    }

    /// Creates the object.
    fn create(
        &self,
        cx: &Self::Context,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Applied<Self>, ApplyFailure<Self>>> + Send;

    /// Reads the object. `None` only if the object certainly does not exist; if that is not certain, an error.
    fn read(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Option<State<Self>>, Diags>> + Send;

    /// Updates the object in place.
    fn update(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        input: Self::Input,
        call: &RequestContext,
    ) -> impl Future<Output = Result<Applied<Self>, ApplyFailure<Self>>> + Send;

    /// Deletes the object.
    fn delete(
        &self,
        cx: &Self::Context,
        prior: State<Self>,
        call: &RequestContext,
    ) -> impl Future<Output = Result<(), Diags>> + Send;

    /// Finds the object of an import. Terraform calls [`Resource::read`] next.
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

    /// Takes over the state of another resource type for a `moved` block. `None` if that type is not supported.
    ///
    /// # Errors
    ///
    /// The type is supported, but its state cannot be taken over. The default never fails.
    fn moved(&self, source: MoveSource) -> Result<Option<Imported<Self>>, Diags> {
        let _ = source;
        Ok(None)
    }

    /// Converts a state of schema version `from` to the current version.
    ///
    /// # Errors
    ///
    /// The version is not supported, or the state cannot be converted. The default supports the current version only.
    fn upgrade(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        if from == Self::VERSION {
            return Ok(state);
        }
        Err(Diag::error("State of an unknown version")
            .detail(format!("{} writes version {}, the state has {from}.", Self::TYPE, Self::VERSION))
            .into())
    }

    /// Identity of an object; `None` if it is not known.
    fn identity(&self, cx: &Self::Context, state: &State<Self>) -> Option<Self::Identity> {
        let _ = (cx, state);
        None
    }
}

/// The [`Draft`] of a plan of resource `R`.
pub type DraftOf<'a, R> = Draft<'a, <R as Resource>::Input, <R as Resource>::Output, <R as Resource>::Private>;

/// State of a resource.
pub struct State<R: Resource + ?Sized> {
    /// Arguments of the last apply.
    pub input: R::Input,
    /// Computed attributes; `None` after a create that failed before they were known.
    pub output: Option<R::Output>,
    /// Private data stored with the state.
    pub private: R::Private,
}

/// Result of a create or an update.
pub struct Applied<R: Resource + ?Sized> {
    /// Computed attributes; all are known.
    pub output: R::Output,
    /// Private data stored with the state.
    pub private: R::Private,
}

/// Failure of a create or an update.
pub struct ApplyFailure<R: Resource + ?Sized> {
    /// Errors for the user.
    pub diags: Diags,
    /// Remote object after the failure.
    pub left: Left<R>,
}

/// Remote object after a failure.
pub enum Left<R: Resource + ?Sized> {
    /// The remote system is certainly unchanged.
    Nothing,
    /// The object may exist. The state keeps it, because an orphaned object is worse than a tainted one.
    Something,
    /// The object may exist. The private data helps to find it.
    Traced(R::Private),
    /// The object exists with these values.
    Known(Applied<R>),
}

impl<R: Resource + ?Sized> ApplyFailure<R> {
    /// Failure that certainly did not change the remote system.
    pub fn nothing(diags: impl Into<Diags>) -> Self {
        Self { diags: diags.into(), left: Left::Nothing }
    }

    /// Failure after which the object may exist. `private` helps to find it.
    pub fn traced(diags: impl Into<Diags>, private: R::Private) -> Self {
        Self { diags: diags.into(), left: Left::Traced(private) }
    }

    /// Failure after which the object exists with the values in `applied`.
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

/// Result of an import or a move.
pub struct Imported<R: Resource + ?Sized> {
    /// The known attributes; the others are null.
    pub attributes: Partial<R::Input, R::Output>,
    /// Private data stored with the state.
    pub private: R::Private,
}

/// Argument of an import.
pub enum ImportSource<R: Resource + ?Sized> {
    /// Import id, from an `import` block or the command line.
    Id(String),
    /// Identity from an `import` block.
    Identity(R::Identity),
}

/// State of another resource type, from a `moved` block.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// Provider address, such as `registry.terraform.io/hashicorp/kubernetes`.
    pub provider: String,
    /// Resource type, such as `kubernetes_namespace`.
    pub type_name: String,
    /// Version of its schema.
    pub version: i64,
    /// The state as JSON.
    pub state: serde_json::Value,
}
