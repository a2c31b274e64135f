//! Data of `eod_render` for the guide on the Argo CD plugin.

use eod_render::{ANNOUNCEMENTS, Collection};

use super::table::{code, table};

pub(super) fn values() -> [(&'static str, String); 1] {
    [("parameters", parameters())]
}

fn parameters() -> String {
    let rows = ANNOUNCEMENTS.iter().map(|parameter| {
        let kind = match parameter.collection {
            Collection::Text => "string",
            Collection::List => "array",
            Collection::Map => "map",
        };
        let default = if parameter.default.is_empty() { String::new() } else { code(parameter.default) };
        vec![code(parameter.name), kind.to_owned(), default, parameter.tooltip.to_owned()]
    });
    table(&["parameter", "type", "default", "meaning"], rows)
}
