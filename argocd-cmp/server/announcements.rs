//! Announcement of the parameters for Argo CD's user interface. The list itself is defined by the renderer.

use eod_proto::argocd as wire;
use eod_render::reference::{ParameterDescription, parameters};
use serde_json::{Value, json};

/// Type of the items of every parameter: single values, lists and maps have strings.
const ITEM_TYPE: &str = "string";

/// Announcement as a gRPC message.
pub(crate) fn to_wire() -> Vec<wire::ParameterAnnouncement> {
    let announcement = |parameter: &ParameterDescription| {
        let ParameterDescription { name, parameter_type, default, meaning, example: _ } = *parameter;
        wire::ParameterAnnouncement {
            name: name.to_owned(),
            title: title(name),
            tooltip: meaning.to_owned(),
            required: false,
            item_type: ITEM_TYPE.to_owned(),
            collection_type: parameter_type.as_str().to_owned(),
            string: default.to_owned(),
            ..wire::ParameterAnnouncement::default()
        }
    };
    parameters().iter().map(announcement).collect()
}

/// Announcement as JSON, which `argocd-cmp-server` reads from the command `parameters`.
pub(crate) fn to_json() -> String {
    let announcement = |announcement: wire::ParameterAnnouncement| {
        let wire::ParameterAnnouncement { name, title, tooltip, item_type, collection_type, string, .. } = announcement;
        let mut shown = json!({
            "name": name, "title": title, "tooltip": tooltip, "itemType": item_type, "collectionType": collection_type,
        });
        if let Value::Object(shown) = &mut shown
            && !string.is_empty()
        {
            shown.insert("string".to_owned(), string.into());
        }
        shown
    };
    Value::Array(to_wire().into_iter().map(announcement).collect()).to_string()
}

/// A name as words: `pull-request`, `image.tag` and `nameOverride` become `Pull request`, `Image tag`, `Name override`.
fn title(name: &str) -> String {
    let mut title = String::new();
    for character in name.chars() {
        match character {
            '-' | '.' => title.push(' '),
            first if title.is_empty() => title.push(first.to_ascii_uppercase()),
            upper if upper.is_ascii_uppercase() => title.extend([' ', upper.to_ascii_lowercase()]),
            other => title.push(other),
        }
    }
    title
}

#[cfg(test)]
mod tests;
