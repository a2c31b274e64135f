//! Errors of the Kubernetes API.

use eod_clients::Error;
use tfplugin::Diag;

use super::capitalised;

/// The diagnostic of a server-side apply that conflicts with other field managers. `None` for any other error.
pub(super) fn field_conflict(error: &Error) -> Option<Diag> {
    let conflicts = error.conflicts();
    if conflicts.is_empty() {
        return None;
    }
    let fields: Vec<_> =
        conflicts.iter().map(|conflict| format!("`{}` belongs to `{}`", conflict.field, conflict.manager)).collect();
    let diag = Diag::error("Another manager owns a field")
        .detail(format!("{} could not be applied: {}.", capitalised(&error.target), fields.join(", ")))
        .hint("remove the key from `labels` or `annotations`, or set `force_conflicts = true` to take it over");
    Some(diag)
}
