//! JSON Schema of the policy file, generated from the types and settings that the parser uses.

use serde_json::{Value, json};
use strum::{IntoEnumIterator as _, VariantNames};

use super::settings::{FOLDS, JSON, PATHS, Setting, SettingValue, settings};
use super::{JsonStrings, LargeObjects, Unclassified};
use crate::function::MaskKind;

/// JSON Schema (draft 2020-12) of the policy file, for editors.
pub fn masking_policy_schema() -> Value {
    let word = |words: &[&str], meaning: &str, default: &str| json!({ "enum": words, "description": meaning, "default": default });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Masking policy of EoD",
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "tables"],
        "properties": {
            "version": { "const": 1 },
            "defaults": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "unclassified": word(
                        Unclassified::VARIANTS,
                        "Handling of a column that can have personal data and has no rule.",
                        "refuse",
                    ),
                    "json_strings": word(JsonStrings::VARIANTS, "Handling of strings in JSON without a rule.", "mask"),
                    "large_objects": word(LargeObjects::VARIANTS, "Handling of large objects.", "drop"),
                },
            },
            "roles": {
                "type": "array",
                "uniqueItems": true,
                "items": { "type": "string", "minLength": 1, "maxLength": 63 },
                "description": "Roles that grants and migrations expect. They are created without a login.",
            },
            "domains": {
                "type": "object",
                "additionalProperties": { "$ref": "#/$defs/value_function" },
                "description": "Functions with a key. Equal values have equal replacements in all columns of a domain.",
            },
            "tables": {
                "type": "object",
                "description": "Rules by table: `<schema>.<table>`, or `<schema>.*` for all other tables of a schema.",
                "additionalProperties": { "$ref": "#/$defs/table" },
            },
        },
        "$defs": {
            "table": {
                "anyOf": [
                    { "enum": ["keep", "empty"] },
                    {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": { "$ref": "#/$defs/column" },
                    },
                ],
            },
            "column": {
                "anyOf": [
                    { "const": "keep" },
                    { "$ref": "#/$defs/domain" },
                    { "$ref": "#/$defs/value_function" },
                    json_schema(),
                ],
            },
            "leaf": {
                "anyOf": [
                    { "const": "keep" },
                    { "$ref": "#/$defs/domain" },
                    { "$ref": "#/$defs/value_function" },
                ],
            },
            "domain": {
                "type": "object",
                "additionalProperties": false,
                "required": ["domain"],
                "properties": { "domain": { "type": "string" } },
            },
            "value_function": {
                "anyOf": MaskKind::iter().map(function_schema).collect::<Vec<_>>(),
            },
        },
    })
}

fn json_schema() -> Value {
    let meaning = "Rules of values inside of documents, by their paths, such as $.address.street. The most specific path is used.";
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["kind"],
        "properties": {
            "kind": { "const": JSON },
            PATHS: { "type": "object", "additionalProperties": { "$ref": "#/$defs/leaf" }, "description": meaning },
        },
    })
}

fn function_schema(kind: MaskKind) -> Value {
    let name: &'static str = kind.into();
    // YAML reads `null` without quotes as the value null.
    let kind_schema = if kind == MaskKind::Null { json!({ "enum": ["null", null] }) } else { json!({ "const": name }) };
    let mut properties = serde_json::Map::new();
    properties.insert("kind".to_owned(), kind_schema);
    let meaning = "Letters of different case are equal.";
    properties.insert("fold".to_owned(), json!({ "enum": FOLDS, "description": meaning }));
    let mut required = vec!["kind"];
    for setting in settings(kind) {
        properties.insert(setting.name.to_owned(), setting_schema(setting));
        if setting.required {
            required.push(setting.name);
        }
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn setting_schema(setting: &Setting) -> Value {
    let mut schema = match setting.value {
        SettingValue::Words(words) => json!({ "enum": words }),
        SettingValue::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        SettingValue::Scalar => json!({ "type": ["string", "number", "boolean"] }),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), setting.meaning.into());
    }
    schema
}
