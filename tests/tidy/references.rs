//! References to documents that are not in the repository.

use std::path::Path;

use crate::{
    assert_none,
    source::{Source, root, scripts, with_endings},
};

/// Documents of the project's planning, which the repository does not contain.
const UNPUBLISHED: &[&str] = &["DESIGN", "INTERFACE", "NOTES"];

#[test]
fn referenced_documents_exist() {
    let mut files = with_endings(&["rs", "go", "md", "toml", "sh", "yaml", "yml", "tf", "proto"]);
    files.extend(scripts());
    // This file spells what it looks for.
    let files: Vec<_> = files.into_iter().filter(|file| !file.path.ends_with("tidy/references.rs")).collect();
    assert_none(&missing(&files, root()));
}

#[test]
fn reference_to_missing_document_is_found() {
    let found = |path: &str, text: &str| missing(&[Source::example(path, text)], root()).len();
    assert_eq!(found("a.rs", "// See DESIGN 3, and INTERFACE 5.2."), 2);
    assert_eq!(found("a.rs", "// ABSENT.md says more than README.md."), 1);
    assert_eq!(found("a.rs", "// As DESIGN.md says."), 1);
    assert_eq!(found("docs/a.md", "[here](absent.md#part), [there](../README.md), [web](https://example.com/a.md)"), 1);
    assert_eq!(found("a.rs", "const DESIGN: u8 = 3; REDESIGN 3"), 0);
}

/// Tests that a table of ARCHITECTURE.md names as proofs: the last column, after the path of the file.
#[test]
fn tests_named_as_proofs_exist() {
    let text = crate::source::read(&root().join("ARCHITECTURE.md")).text;
    let sources = with_endings(&["rs"]);
    let proofs: Vec<_> = proofs(&text).collect();
    assert!(proofs.len() > 10, "{proofs:?}");
    let is_there = |(file, test): &(&str, &str)| {
        let found = sources.iter().find(|source| source.path == *file);
        found.is_some_and(|source| source.text.contains(&format!("fn {test}(")))
    };
    let missing: Vec<_> = proofs.into_iter().filter(|proof| !is_there(proof)).collect();
    assert_none(
        &missing.iter().map(|(file, test)| format!("ARCHITECTURE.md: {file} has no test `{test}`")).collect::<Vec<_>>(),
    );
}

#[test]
fn proofs_are_read_from_a_table() {
    let table = "| x | `a/b.rs` `one_test`, `other_test` |\ntext `c.rs` `no_test`\n";
    assert_eq!(proofs(table).collect::<Vec<_>>(), [("a/b.rs", "one_test"), ("a/b.rs", "other_test")]);
}

/// Pairs of a file and a test in the rows of tables.
fn proofs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter(|line| line.starts_with('|')).flat_map(|line| {
        let mut file = None;
        let codes = line.split('`').skip(1).step_by(2);
        codes.filter_map(move |code| {
            if code.ends_with(".rs") {
                file = Some(code);
                return None;
            }
            Some((file?, code))
        })
    })
}

fn missing(files: &[Source], root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in files {
        for (at, line) in text.lines().enumerate() {
            let mut complain = |reference: &str| {
                complaints.push(format!("{path}:{}: `{reference}` is not in the repository: {}", at + 1, line.trim()));
            };
            for word in line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'))) {
                let name = word.trim_end_matches('.').rsplit('/').next().unwrap_or_default();
                // Our own top-level documents have names in capital letters.
                let is_document = name
                    .strip_suffix(".md")
                    .is_some_and(|stem| stem.len() > 3 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
                let is_there = [root.join(name), root.join(path).with_file_name(name), root.join(word)];
                if is_document && !is_there.iter().any(|file| file.is_file()) {
                    complain(word);
                }
            }
            let words: Vec<_> = line.split_whitespace().map(|word| word.trim_start_matches(['(', '`', '"'])).collect();
            for pair in words.windows(2) {
                let is_number = pair[1].starts_with(|c: char| c.is_ascii_digit());
                if UNPUBLISHED.contains(&pair[0]) && is_number {
                    complain(&pair.join(" "));
                }
            }
            if path.ends_with(".md") {
                for target in links(line) {
                    let file = target.split('#').next().unwrap_or_default();
                    let is_web = target.contains("://") || target.starts_with("mailto:");
                    if !is_web && !file.is_empty() && !root.join(path).with_file_name(file).exists() {
                        complain(target);
                    }
                }
            }
        }
    }
    complaints
}

/// Targets of the Markdown links of a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, opening)| {
        let rest = &line[at + opening.len()..];
        rest.find(')').map(|end| &rest[..end])
    })
}
