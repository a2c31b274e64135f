//! `policy check`: reads a policy file like `serve`, and prints the classes that each project's policy removes and
//! refuses.

use std::path::Path;

use eod_render::{NarrowClass, ProjectPolicy};

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
    text
}
