//! [`Narrowed`]: report of a removed request.

use std::fmt;

use crate::policy::NarrowClass;
use crate::refusal::{Location, visible};

/// A request that was removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Narrowed {
    /// Location of the object or the field.
    pub location: Location,
    /// Class of the request.
    pub class: NarrowClass,
    /// Change, such as `spec.type` and its new value.
    pub change: String,
}

impl Narrowed {
    /// The change with file names relative to the repository. `above` is the directory of the received tree in the
    /// repository.
    #[must_use]
    pub fn below(self, above: &str) -> Self {
        Self { location: self.location.below(above), ..self }
    }
}

impl fmt::Display for Narrowed {
    /// One line: location, change, reason and class.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, class, change } = self;
        write!(f, "{location}: {}: {} ({class})", visible(change), class.description().reason)
    }
}
