//! The policy file of a command.

use std::fs;
use std::path::Path;

use eod_masking::{MaskingPolicy, RefusedRule, RulePlace, parse_masking_policy};

use crate::failure::Failure;
use crate::table::printable;

/// Content of a policy file.
pub(super) struct PolicyFile {
    /// Path for messages.
    pub(super) name: String,
    /// Content.
    pub(super) bytes: Vec<u8>,
}

impl PolicyFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = fs::read(path);
        let bytes = bytes.map_err(|error| Failure::usage(format!("cannot read policy {name}: {error}")))?;
        Ok(Self { name, bytes })
    }

    /// Policy of the file.
    pub(super) fn policy(&self) -> Result<MaskingPolicy, Failure> {
        parse_masking_policy(&self.bytes).map_err(|mistakes| {
            let texts = mistakes.as_slice().iter().map(|mistake| {
                let path = if mistake.path.is_empty() { String::new() } else { format!("{}: ", mistake.path) };
                self.located(Some(mistake.place), &format!("{path}{}; {}", mistake.message, mistake.remedy))
            });
            let failure = Failure::usage(format!("{} has mistakes:\n{}", self.name, listed(texts)));
            failure.remedy(format!("correct the file; `eod mask check --policy {}` prints all of this, too", self.name))
        })
    }

    /// Text of rules that do not fit a database, one per line.
    pub(super) fn refused(&self, rules: &[RefusedRule]) -> String {
        listed(rules.iter().map(|rule| self.located(rule.place, &format!("{}; {}", rule.message, rule.remedy))))
    }

    /// Text with the position in the file.
    pub(super) fn located(&self, place: Option<RulePlace>, text: &str) -> String {
        let place = place.map(|RulePlace { line, column }| format!(":{line}:{column}")).unwrap_or_default();
        printable(&format!("{}{place}: {text}", self.name))
    }
}

fn listed(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}
