//! Names of everything the provider offers. The registry's pages and the example folders have the same names.

use std::collections::BTreeSet;

use eod_resources::{DATA_SOURCES, EPHEMERALS, FUNCTIONS, RESOURCES};

/// Group, folder and names. A group without names has no folder.
pub(crate) fn pages() -> [(&'static str, &'static str, BTreeSet<String>); 4] {
    let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    [
        ("resource", "resources", names(RESOURCES.iter().map(|each| each.type_name()).collect())),
        ("data source", "data-sources", names(DATA_SOURCES.iter().map(|each| each.type_name()).collect())),
        ("ephemeral resource", "ephemeral-resources", names(EPHEMERALS.iter().map(|each| each.type_name()).collect())),
        ("function", "functions", names(FUNCTIONS.iter().map(|each| each.name()).collect())),
    ]
}

#[test]
fn every_schema_passes_terraforms_rules() {
    for resource in RESOURCES {
        assert_eq!(resource.schema().mistakes(), Vec::<String>::new(), "{}", resource.type_name());
    }
    for source in DATA_SOURCES {
        assert_eq!(source.schema().mistakes(), Vec::<String>::new(), "{}", source.type_name());
    }
    for ephemeral in EPHEMERALS {
        assert_eq!(ephemeral.schema().mistakes(), Vec::<String>::new(), "{}", ephemeral.type_name());
    }
}

#[test]
fn registry_examples_and_docs_agree() {
    let registry = pages();
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(eod_testkit::repository().join(folder)).into_iter().flatten();
        entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().trim_end_matches(".md").to_owned())
            .collect()
    };
    for (group, examples, names) in registry {
        let (folders, docs) = (listed(&format!("examples/{examples}")), listed(&format!("docs/{examples}")));
        assert_eq!(disagreements(group, &names, &folders, &docs), Vec::<String>::new());
    }
}

#[test]
fn disagreement_is_found() {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let registry = set(&["eod_a", "eod_b"]);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a", "eod_b"]), &set(&["a", "b"])).len(), 0);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a"]), &set(&["a", "b"])).len(), 1);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a", "eod_b", "eod_c"]), &set(&["a"])).len(), 2);
}

fn disagreements(
    group: &str,
    registry: &BTreeSet<String>,
    examples: &BTreeSet<String>,
    docs: &BTreeSet<String>,
) -> Vec<String> {
    let pages: BTreeSet<String> = registry.iter().map(|name| name.trim_start_matches("eod_").to_owned()).collect();
    let missing = |what: &str, have: &BTreeSet<String>, want: &BTreeSet<String>| {
        let lacking = want.difference(have).map(|name| format!("{group} {name} has no {what}")).collect::<Vec<_>>();
        let stale =
            have.difference(want).map(|name| format!("{what} {name} is not the name of a {group}")).collect::<Vec<_>>();
        [lacking, stale].concat()
    };
    [missing("example folder", examples, registry), missing("docs page (make docs)", docs, &pages)].concat()
}
