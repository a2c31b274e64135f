use std::collections::BTreeSet;

use super::*;
use crate::policy::parse_policy;

/// The keys of a section with the values that `value` gives, as a YAML flow map.
fn written(section: &PolicySection, value: &dyn Fn(&PolicySection, &PolicyKey) -> Option<String>) -> String {
    let entries: Vec<_> = section
        .keys
        .iter()
        .filter_map(|key| {
            let below =
                if section.path.is_empty() { key.name.to_owned() } else { format!("{}.{}", section.path, key.name) };
            let nested = POLICY_SECTIONS.iter().find(|nested| {
                let parent = nested.path.rsplit_once(".<").map_or(nested.path, |(parent, _)| parent);
                [parent, nested.path].contains(&below.as_str())
            });
            let text = match nested {
                Some(nested) if nested.path.ends_with('>') => {
                    let name = if nested.path.ends_with("<tier>") { "full" } else { "previews" };
                    Some(format!("{{ {name}: {} }}", written(nested, value)))
                }
                Some(nested) => Some(written(nested, value)),
                None => value(section, key),
            };
            Some(format!("{}: {}", key.name, text?))
        })
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A file with the examples of the required keys, and what `value` gives for the others.
fn file(value: &dyn Fn(&PolicyKey) -> Option<String>) -> String {
    written(&FILE, &|_, key| match key.default {
        Required => Some(key.example.to_owned()),
        _ => value(key),
    })
}

/// The parsed policy, with the defaults of its network resolved: they are those of `eod_domain`.
fn parsed(text: &str) -> String {
    let policy = parse_policy("policy.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut project = policy.project("previews").unwrap().clone();
    project.network = eod_domain::Network::resolve(&project.network).into();
    format!("{project:#?}")
}

#[test]
fn a_policy_with_all_examples_is_valid() {
    // An example that the parser does not read is an unknown key.
    let text = file(&|key| Some(key.example.to_owned()));
    for section in POLICY_SECTIONS {
        assert!(section.keys.iter().all(|key| text.contains(&format!("{}: ", key.name))), "{}", section.path);
    }
    parsed(&text);
    for key in POLICY_SECTIONS.iter().flat_map(|section| section.keys) {
        assert!(!key.meaning.is_empty() && !key.meaning.ends_with('.') && !key.meaning.contains('|'), "{}", key.name);
    }
}

#[test]
fn documented_defaults_are_the_defaults() {
    let required = "{ version: 1, projects: { previews: { namespaces: [\"*-pr-*\"], \
        registries: [\"registry.acme.internal/\", \"docker.io/library/\"] } } }";
    let with_defaults = file(&|key| match key.default {
        Value(yaml) => Some(yaml.to_owned()),
        Required | Described(_) => None,
    })
    .replace("kind: external-secrets", "kind: none");
    // Without this section no commit needs an approval; with an empty one its keys have their defaults.
    let approval = "approval: { trusted_authors: [], label_prefix: approved/ }";
    assert!(with_defaults.contains(approval), "{with_defaults}");
    let without = with_defaults.replace(&format!("{approval}, "), "");
    assert_eq!(parsed(&with_defaults), parsed(&with_defaults.replace(approval, "approval: {}")));
    let with_defaults = without;
    assert_eq!(parsed(&with_defaults), parsed(required));
}

#[test]
fn names_and_paths_are_unique() {
    let paths: BTreeSet<_> = POLICY_SECTIONS.iter().map(|section| section.path).collect();
    assert_eq!(paths.len(), POLICY_SECTIONS.len());
    for section in POLICY_SECTIONS {
        let names: BTreeSet<_> = section.keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), section.keys.len(), "{}", section.path);
    }
}
