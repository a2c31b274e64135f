//! Data of `eod_render` for the guide on the Argo CD plugin.

use std::fmt::Write as _;

use eod_render::reference::{
    self, ForbiddenKind, KeyDefault, PolicyKey, PolicySection, TransformEffect, allowed_kinds, forbidden_kinds,
};

use super::table::{code, table};

pub(super) fn values() -> [(&'static str, String); 7] {
    [
        ("parameters", parameters()),
        ("narrow", narrow()),
        ("transform", transform()),
        ("policy_keys", policy_keys()),
        ("allowed_kinds", kinds()),
        ("forbidden_kinds", forbidden()),
        ("rules", rules()),
    ]
}

fn parameters() -> String {
    let rows = reference::parameters().iter().map(|parameter| {
        let kind = parameter.parameter_type.as_str();
        let default = if parameter.default.is_empty() { String::new() } else { code(parameter.default) };
        vec![code(parameter.name), kind.to_owned(), default, parameter.meaning.to_owned(), code(parameter.example)]
    });
    table(&["parameter", "type", "default", "meaning", "example"], rows)
}

fn narrow() -> String {
    let rows = reference::narrow_classes()
        .map(|class| vec![code(class.class.as_str()), class.removed.to_owned(), class.effect.to_owned()]);
    table(&["class", "removed", "effect on the application"], rows)
}

/// One list per effect.
fn transform() -> String {
    let mut text = String::new();
    for (effect, title) in [
        (TransformEffect::Rewritten, "Rewritten"),
        (TransformEffect::Dropped, "Dropped"),
        (TransformEffect::Added, "Added"),
    ] {
        let _ = write!(text, "### {title}\n\n");
        for step in reference::transform_steps().iter().filter(|step| step.effect == effect) {
            let _ = writeln!(text, "- **{}**: {}.", step.subject, step.meaning);
        }
        text.push('\n');
    }
    text
}

fn policy_keys() -> String {
    let mut text = String::new();
    for section in reference::policy_sections() {
        let PolicySection { path, meaning, keys } = section;
        let title = if path.is_empty() { "The file".to_owned() } else { code(path) };
        let _ = write!(text, "### {title}\n\n{meaning}.\n\n");
        let _ =
            writeln!(text, "{}", table(&["key", "type", "default", "meaning", "example"], keys.iter().map(policy_key)));
    }
    text
}

fn policy_key(key: &PolicyKey) -> Vec<String> {
    let default = match key.default {
        KeyDefault::Required => "required".to_owned(),
        KeyDefault::Value(value) => code(value),
        KeyDefault::Described(words) => words.to_owned(),
    };
    vec![code(key.name), key.value_type.to_owned(), default, key.meaning.to_owned(), code(key.example)]
}

fn kinds() -> String {
    let rows = allowed_kinds().map(|allowed| {
        let version = if allowed.group.is_empty() {
            allowed.version.to_owned()
        } else {
            format!("{}/{}", allowed.group, allowed.version)
        };
        vec![code(allowed.kind), code(version)]
    });
    table(&["kind", "apiVersion"], rows)
}

fn forbidden() -> String {
    let rows = forbidden_kinds().map(|ForbiddenKind { group, kind, reason }| {
        let subject = match (group, kind) {
            (Some(group), None) => format!("all kinds of `{group}` and of the groups below it"),
            (Some(group), Some(kind)) => format!("`{kind}` of `{group}`"),
            (None, Some(kind)) => format!("`{kind}` of any group"),
            (None, None) => panic!("a forbidden kind has a group or a kind"),
        };
        vec![subject, reason.to_owned()]
    });
    table(&["kinds", "reason"], rows)
}

fn rules() -> String {
    let rows = reference::rules().map(|rule| {
        vec![code(rule.rule.as_str()), rule.meaning.to_owned(), rule.example.to_owned(), rule.remedy.to_owned()]
    });
    table(&["rule", "meaning", "example", "remedy"], rows)
}
