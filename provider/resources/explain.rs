//! Error messages for Terraform users: remote errors and the domain's mistakes as diagnostics.
//!
//! The clients and the domain report facts. Advice about blocks and attributes of the configuration is added here.

mod connection;
mod empty;
pub(crate) mod kubernetes;
mod mistake;
mod pasted_path;
pub(crate) mod postgres;
pub(crate) mod vault;

use eod_clients::{Error, ErrorKind};
use tfplugin::Diag;

pub(crate) use self::empty::empty_strings;
pub(crate) use self::mistake::{hinted, invalid, mistakes, user_annotations, user_labels, with_remedy};
pub(crate) use self::pasted_path::{pasted_hint, pasted_warning, unreadable_secret};

/// The diagnostic of a remote call that failed. The chain of causes has the attempted operation and the server's
/// answer; the hint is an action of the user.
pub(crate) fn remote(error: &Error) -> Diag {
    if let Some(diag) = kubernetes::field_conflict(error) {
        return diag;
    }
    let diag = Diag::error(summary(error)).cause(error);
    match hint(error) {
        Some(hint) => diag.hint(hint),
        None => diag,
    }
}

/// Advice about a failed request: about its cause if that is known, else about its kind. A cancelled or timed out
/// operation gets advice about the interruption, not about the last failure before it.
fn hint(error: &Error) -> Option<String> {
    if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) {
        return general_hint(error.kind).map(str::to_owned);
    }
    let cause = connection::hint(error)
        .or_else(|| kubernetes::hint(error))
        .or_else(|| postgres::hint(error))
        .or_else(|| vault::hint(error));
    cause.or_else(|| general_hint(error.kind).map(str::to_owned))
}

fn general_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthenticated => Some(
            "renew the credentials (for example log in again, or let the exec plugin or token file supply a new token), \
             and check that they belong to this server",
        ),
        ErrorKind::Denied => Some("give the credentials the permission named above, or use others"),
        ErrorKind::Unavailable => Some("check that the server is up and reachable from here, then run again"),
        ErrorKind::Timeout => Some("run again to continue; a resource has a longer limit with its argument `timeouts`"),
        ErrorKind::Cancelled => Some("run again to continue; all completed steps are kept"),
        ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Other => None,
    }
}

fn summary(error: &Error) -> String {
    let system = error.system;
    match error.kind {
        ErrorKind::Cancelled => "Stopped".to_owned(),
        ErrorKind::Denied => format!("{system}: permission denied"),
        ErrorKind::Invalid => format!("{system}: invalid settings or request"),
        ErrorKind::NotFound => format!("{system}: not found"),
        ErrorKind::Timeout => format!("{system}: timed out"),
        ErrorKind::Unauthenticated => format!("{system} does not accept the credentials"),
        ErrorKind::Unavailable => format!("{system} is not available"),
        ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Other => format!("{system} refused"),
    }
}

/// The text as a sentence: errors of the domain begin in lower case and have no final dot.
pub(crate) fn sentence(text: &str) -> String {
    let text = capitalised(text);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
