//! The ephemeral resource `test_token`: renewed every second and closed at the end of the run.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tfplugin::{Diags, Ephemeral, Model, Opened, Renewed, RequestContext};

use crate::store::Store;

/// Ephemeral resource with a sensitive value.
pub(crate) struct Token;

/// Arguments in the configuration.
#[derive(Model)]
pub(crate) struct Input {
    /// Recipient of the token.
    name: String,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Token: `hush-` and the reversed name, so that a story can compute it.
    #[tf(sensitive)]
    value: String,
}

/// Private data for renew and close.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Holder {
    name: String,
}

impl Ephemeral for Token {
    const TYPE: &'static str = "test_token";
    const DESCRIPTION: &'static str = "A token that is valid during the run.";
    type Context = Store;
    type Input = Input;
    type Output = Output;
    type Private = Holder;

    async fn open(&self, store: &Store, input: Input, _: &RequestContext) -> Result<Opened<Self>, Diags> {
        store.record(format!("open {}", input.name))?;
        let value = format!("hush-{}", input.name.chars().rev().collect::<String>());
        Ok(Opened { output: Output { value }, renew_at: in_a_second(), private: Holder { name: input.name } })
    }

    async fn renew(&self, store: &Store, private: Holder, _: &RequestContext) -> Result<Renewed<Self>, Diags> {
        store.record(format!("renew {}", private.name))?;
        Ok(Renewed { renew_at: in_a_second(), private })
    }

    async fn close(&self, store: &Store, private: Holder, _: &RequestContext) -> Result<(), Diags> {
        Ok(store.record(format!("close {}", private.name))?)
    }
}

#[expect(clippy::disallowed_methods, reason = "this provider has no other clock")]
fn in_a_second() -> Option<Timestamp> {
    Timestamp::now().checked_add(Duration::from_secs(1)).ok()
}
