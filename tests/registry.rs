//! Names of the provider's resources, data sources, ephemeral resources and functions, by group.

use std::collections::BTreeSet;

use eod_resources::{DATA_SOURCES, EPHEMERALS, FUNCTIONS, RESOURCES};

/// Group, folder and names of each group. A group without members has no folder.
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
