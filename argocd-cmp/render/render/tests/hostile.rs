//! Hostile input from repositories, and the rules that refuse it.

mod cases;

use std::collections::BTreeSet;

use self::cases::{Case, texts};
use super::kit::{data, files, render_text, render_under, strict_policy};
use crate::refusal::Refusals;
use crate::tools::NoTools;

fn cases(file: &str) -> Vec<Case> {
    cases::read(&data().join("hostile").join(file))
}

fn refused(text: &str) -> Refusals {
    match render_under(&strict_policy(), &files(&[("app/all.yaml", text)]), &[], &NoTools) {
        Ok(rendered) => panic!("nothing is refused:\n{text}\n---\n{}", rendered.yaml()),
        Err(refusals) => refusals,
    }
}

fn check(file: &str, least: usize) {
    let cases = cases(file);
    assert!(cases.len() >= least, "{file} has {} cases", cases.len());
    for case in cases {
        for text in texts(&case) {
            let refusals = refused(&text);
            let rules: BTreeSet<&str> = refusals.as_slice().iter().map(|refusal| refusal.rule.as_str()).collect();
            assert_eq!(rules, BTreeSet::from([case.rule.as_str()]), "{file}: {}\n{text}\n{refusals}", case.name);
            for refusal in refusals.as_slice() {
                assert_eq!(refusal.location.file.as_deref(), Some("app/all.yaml"), "{refusal}");
                assert!(refusal.location.line.is_some() && !refusal.remedy.is_empty(), "{refusal}");
                assert!(refusal.location.object.is_some() || case.rule == "yaml", "{refusal}");
            }
        }
    }
}

#[test]
fn refused_kinds_and_names() {
    check("kinds.txt", 55);
}

#[test]
fn refused_metadata_hooks_and_waves() {
    check("metadata.txt", 60);
}

#[test]
fn refused_fields_of_pods() {
    check("pods.txt", 85);
}

#[test]
fn refused_services_and_routes() {
    check("network.txt", 41);
}

#[test]
fn refused_storage_and_workloads() {
    check("storage.txt", 20);
}

#[test]
fn refused_yaml() {
    check("yaml.txt", 15);
}

#[test]
fn narrowed_cases_pass_the_strict_policy() {
    let (mut narrowed, mut all) = (0, 0);
    for file in ["kinds.txt", "metadata.txt", "pods.txt", "network.txt", "storage.txt", "yaml.txt"] {
        for text in cases(file).iter().flat_map(texts) {
            all += 1;
            let Ok(found) = render_text(&text, &[]) else { continue };
            assert!(!found.narrowed().is_empty(), "{text}");
            narrowed += 1;
            // Without the objects that EoD adds, the output is a source that the strict policy accepts unchanged.
            let sources = found.manifests().iter().filter(|manifest| manifest.origin.is_some());
            let again: String = sources.map(|manifest| format!("---\n{}", crate::to_yaml(&manifest.content))).collect();
            let tree = files(&[("app/all.yaml", again.as_str())]);
            let strict = render_under(&strict_policy(), &tree, &[], &NoTools);
            assert!(strict.is_ok(), "{text}\n{again}\n{}", strict.unwrap_err());
        }
    }
    assert!(narrowed >= 80 && narrowed < all / 2, "{narrowed} of {all}");
}

#[test]
fn all_refusals_are_reported_together() {
    let all: Vec<String> = ["kinds.txt", "metadata.txt"]
        .iter()
        .flat_map(|file| cases(file))
        .filter(|case| case.part == "object" && case.rule == "kind")
        .map(|case| case.text)
        .collect();
    let text = all.join("\n---\n");
    let refusals = refused(&text);
    assert!(refusals.as_slice().len() >= 35, "{refusals}");
    let lines: BTreeSet<_> = refusals.as_slice().iter().map(|refusal| refusal.location.line).collect();
    assert!(lines.len() >= 35, "each refusal has its own line");
}
