//! Error messages for Terraform users: remote errors and the domain's mistakes as diagnostics.
//!
//! The clients and the domain say what happened. Advice about blocks and attributes of the configuration is added here.

mod empty;
mod kubernetes;
mod mistake;
pub(crate) mod vault;

use eod_clients::{Error, ErrorKind};
use tfplugin::Diag;

pub(crate) use self::empty::empty_strings;
pub(crate) use self::mistake::{invalid, mistakes, user_annotations, user_labels, with_remedy};

/// The diagnostic of a remote call that failed. The chain of causes says what was tried and what the server answered, the
/// hint what to do.
pub(crate) fn remote(error: &Error) -> Diag {
    if let Some(diag) = kubernetes::field_conflict(error) {
        return diag;
    }
    let diag = Diag::error(summary(error)).cause(error);
    match error.advice() {
        Some(advice) => diag.hint(advice),
        None => diag,
    }
}

fn summary(error: &Error) -> String {
    let system = error.system;
    match error.kind {
        ErrorKind::Cancelled => "Stopped".to_owned(),
        ErrorKind::Denied => format!("{system} denies this"),
        ErrorKind::Invalid => format!("{system} cannot be used like this"),
        ErrorKind::NotFound => format!("{system} does not know this"),
        ErrorKind::Timeout => format!("{system} took too long"),
        ErrorKind::Unauthenticated => format!("{system} does not accept the credentials"),
        ErrorKind::Unavailable => format!("{system} is not available"),
        ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Other => format!("{system} refused"),
    }
}

/// The text as a sentence: errors of the domain are in lower case without a final dot.
pub(crate) fn sentence(text: &str) -> String {
    let text = capitalised(text);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
