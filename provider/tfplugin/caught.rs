//! Panics of a provider as diagnostics. The process keeps running and sends the answer with the partial state.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt as _;

use crate::diag::{Diag, Diags};

/// Runs `work`; a panic in it becomes a diagnostic.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Diag> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| panicked(&*panic))
}

/// [`caught`] for work that does not wait.
pub(crate) fn caught_now<T>(work: impl FnOnce() -> Result<T, Diags>) -> Result<T, Diags> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic).into()))
}

fn panicked(panic: &(dyn Any + Send)) -> Diag {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Diag::bug(format!("the provider panicked: {}", text.unwrap_or("no message")))
}
