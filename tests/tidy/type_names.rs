//! Type names that have two meanings in product code, or in the test kit. The kit may have a name of the product: tests name
//! the crate with it.

use std::collections::BTreeMap;

use crate::{
    assert_none,
    module_tree::modules,
    rust::tokens,
    source::{Library, Source, libraries},
};

/// Names that several files define, each with the reason.
const REPEATED: &[(&str, &str)] = &[
    ("Input", "arguments of one resource or data source; a resource's file is read alone"),
    ("Output", "attributes that one resource or data source computes"),
    ("Private", "private data of one resource"),
];

#[test]
fn type_name_has_one_meaning() {
    let product = libraries().into_iter().filter(Library::is_product);
    let files: Vec<_> = product.flat_map(|library| modules(&library.lib)).map(|module| module.source).collect();
    assert_none(&repeated(&files, REPEATED));
}

#[test]
fn type_name_of_the_kit_has_one_meaning() {
    let kit = libraries().into_iter().filter(|library| library.name == "eod-testkit");
    let files: Vec<_> = kit.flat_map(|library| modules(&library.lib)).map(|module| module.source).collect();
    assert!(!files.is_empty());
    assert_none(&repeated(&files, &[]));
}

#[test]
fn type_name_with_two_meanings_is_found() {
    let files = [
        Source::example("a.rs", "pub struct Call;\nimpl X for Call {\n    type Output = ();\n}\nstruct Other<T>(T);"),
        Source::example(
            "b.rs",
            "enum Call {}\n#[cfg(test)]\nstruct Other;\npub trait Twice {}\npub(crate) type Twice = u8;",
        ),
    ];
    assert_eq!(repeated(&files, &[]).len(), 2);
    assert_eq!(repeated(&files, &[("Call", "reason")]).len(), 1);
    assert_eq!(repeated(&files[..1], &[("Call", "reason")]).len(), 1, "an exception without need is found");
}

fn repeated(files: &[Source], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Source { path, text } in files {
        let tokens = tokens(text);
        let mut depth = 0_usize;
        for pair in tokens.windows(2) {
            match pair[0].text {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                // Associated types and types inside of functions are not at the top of a file.
                "struct" | "enum" | "trait" | "type" | "union" if depth == 0 && pair[1].is_identifier() => {
                    places.entry(pair[1].text).or_default().push(format!("{path}:{}", pair[1].line));
                }
                _ => {}
            }
        }
    }
    let is_allowed = |name: &str| allowed.iter().any(|(allowed, _)| *allowed == name);
    let mut complaints: Vec<_> = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && !is_allowed(name))
        .map(|(name, places)| format!("type `{name}` is defined {} times: {}", places.len(), places.join(", ")))
        .collect();
    let is_repeated = |name: &str| places.get(name).is_some_and(|places| places.len() > 1);
    complaints.extend(
        allowed
            .iter()
            .filter(|(name, _)| !is_repeated(name))
            .map(|(name, _)| format!("type `{name}` is defined once; remove it from REPEATED")),
    );
    complaints
}
