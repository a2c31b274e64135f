//! Texts of kustomizations with their locations.

use std::fmt::Display;

use crate::refusal::{Location, Refusal, RefusalRule};

/// A text of a kustomization with its location.
#[derive(Clone, Debug)]
pub(super) struct Named {
    file: String,
    line: u32,
    pub(super) text: String,
}

impl Named {
    pub(super) fn new(file: &str, line: u32, text: &str) -> Self {
        Self { file: file.to_owned(), line, text: text.to_owned() }
    }

    pub(super) fn location(&self) -> Location {
        Location::file(&self.file).line(self.line)
    }

    pub(super) fn refuse(&self, message: impl Display, remedy: &str) -> Refusal {
        Refusal::new(self.location(), RefusalRule::Kustomize, message, remedy)
    }
}
