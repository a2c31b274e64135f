//! Data of `eod_render` for the guide on the Argo CD plugin.

use eod_render::reference;

use super::table::{code, table};

pub(super) fn values() -> [(&'static str, String); 1] {
    [("parameters", parameters())]
}

fn parameters() -> String {
    let rows = reference::parameters().iter().map(|parameter| {
        let default = if parameter.default.is_empty() { String::new() } else { code(parameter.default) };
        vec![
            code(parameter.name),
            parameter.parameter_type.as_str().to_owned(),
            default,
            parameter.meaning.to_owned(),
        ]
    });
    table(&["parameter", "type", "default", "meaning"], rows)
}
