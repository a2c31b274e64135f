//! `policy check`: reads a policy file like `serve`, and prints the classes that each project's policy removes and
//! refuses, and the commits that it renders.

use std::path::Path;

use eod_render::{ApprovalRule, NarrowClass, ProjectPolicy};

use super::{CommandResult, print, print_refusals};
use crate::policy::load;

pub(super) fn run(file: &Path) -> CommandResult {
    match load(file) {
        Ok(loaded) => {
            let projects: String = loaded.policy.projects().map(|(name, project)| explanation(name, project)).collect();
            print(&format!("{projects}{}: ok\n", file.display()))
        }
        Err(refusals) => print_refusals(&refusals),
    }
}

/// Classes of a project's policy, each with its effect.
fn explanation(name: &str, policy: &ProjectPolicy) -> String {
    let mut text = format!("project {name}\n");
    for class in NarrowClass::ALL {
        let effect = if policy.narrow.contains(class) { "removes   " } else { "refuses   " };
        text.push_str(&format!("  {effect} {class}: {}\n", class.description().removed.replace('`', "")));
        if *class == NarrowClass::Kinds {
            let kinds: Vec<_> = policy.drop_kinds.iter().map(ToString::to_string).collect();
            text.push_str(&format!("             drop_kinds: {}\n", kinds.join(", ")));
        }
    }
    text.push_str(&approval(policy));
    text
}

/// Commits that the policy renders.
fn approval(policy: &ProjectPolicy) -> String {
    let Some(ApprovalRule { trusted_authors, label_prefix }) = &policy.approval else {
        return "  renders    every commit: the policy has no section approval\n".to_owned();
    };
    let authors = if trusted_authors.is_empty() {
        String::new()
    } else {
        format!(", and every commit of {}", trusted_authors.join(", "))
    };
    format!("  renders    commits with the label {label_prefix}<head-sha>{authors}\n")
}
