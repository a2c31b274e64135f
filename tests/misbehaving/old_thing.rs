//! The resource `test_old_thing`: the former type of `test_thing`, for `moved` blocks.

use tfplugin::{Applied, ApplyFailure, Diags, Model, RequestContext, Resource, State};

use crate::store::Store;

/// Resource that exists only in the state.
pub(crate) struct OldThing;

/// Arguments in the configuration.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Name of the thing.
    #[tf(replace)]
    label: String,
    /// Title of the thing.
    caption: Option<String>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Key of the thing.
    #[tf(keep)]
    key: String,
}

impl Resource for OldThing {
    const TYPE: &'static str = "test_old_thing";
    const DESCRIPTION: &'static str = "Former type of `test_thing`. It is stored in the state only.";
    type Context = Store;
    type Input = Input;
    type Output = Output;
    type Private = ();
    type Identity = ();

    async fn create(&self, _: &Store, input: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
        Ok(Applied { output: Output { key: format!("old-{}", input.label) }, private: () })
    }

    async fn read(&self, _: &Store, prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        Ok(Some(prior))
    }

    async fn update(
        &self,
        store: &Store,
        _: State<Self>,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        self.create(store, input, call).await
    }

    async fn delete(&self, _: &Store, _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        Ok(())
    }
}
