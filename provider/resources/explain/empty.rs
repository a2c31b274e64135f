//! Empty strings; their most frequent cause is a variable that is not set.

use tfplugin::{Diag, Diags, EMPTY_STRING_HINT, ObjectValue, Path, Value};

/// An error for every empty string in a nested object of a configuration. Maps of the user are not checked.
pub(crate) fn empty_strings(object: &ObjectValue, at: &Path, maps: &[&str]) -> Diags {
    let mut diags = Diags::new();
    for (name, value) in object {
        let path = at.clone().attribute(name);
        match value {
            Value::String(text) if text.is_empty() => diags.push(
                Diag::error(format!("Invalid {path}"))
                    .detail("Expected a value, got an empty string.")
                    .hint(EMPTY_STRING_HINT)
                    .at(path),
            ),
            Value::Map(nested) if !maps.contains(&name.as_str()) => diags.extend(empty_strings(nested, &path, maps)),
            _ => {}
        }
    }
    diags
}
