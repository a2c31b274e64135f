//! The data source `test_thing`.

use tfplugin::{DataSource, Diag, Diags, Model, RequestContext};

use crate::store::Store;
use crate::thing;

/// Data source that reads a thing by its name.
pub(crate) struct Lookup;

/// Arguments in the configuration.
#[derive(Model)]
pub(crate) struct Input {
    /// Name of the thing.
    name: String,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Title of the thing.
    title: Option<String>,
    /// Number of changes, starting at 1.
    revision: u64,
    /// Capabilities of the host.
    host: String,
}

impl DataSource for Lookup {
    const TYPE: &'static str = "test_thing";
    const DESCRIPTION: &'static str = "Looks a thing up by its name.";
    type Context = Store;
    type Input = Input;
    type Output = Output;

    async fn read(&self, store: &Store, input: Input, call: &RequestContext) -> Result<Output, Diags> {
        let kept = store.look()?.things.remove(&input.name).ok_or_else(|| {
            Diag::error("No such thing")
                .detail(format!("There is no thing called `{}`.", input.name))
                .hint("create it first, or correct the name")
                .at(Input::NAME)
        })?;
        let title = thing::input_of(&kept)?.title;
        Ok(Output { title, revision: kept.revision, host: format!("{:?}", call.capabilities) })
    }
}
