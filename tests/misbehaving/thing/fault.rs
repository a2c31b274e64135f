//! [`Fault`]: values of the argument `misbehave`.

use std::fmt;
use std::str::FromStr;

/// Fault of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Panics in the named operation, like the next four variants.
    PanicInValidate,
    PanicInPlan,
    PanicInCreate,
    PanicInRead,
    PanicInIdentity,
    /// Creates the thing and returns an error with its output.
    HalfMade,
    /// Returns an error without an output: the thing may exist.
    Unsure,
    /// Returns an error that states that nothing was created.
    NothingMade,
    /// Returns an unknown value for a computed attribute after create.
    UnknownAfterCreate,
    /// Returns an unknown value for a computed attribute after read.
    UnknownInRead,
    /// Creates the thing and returns some seconds later.
    Slow,
    /// Returns from create only if the operation is cancelled.
    Endless,
    UpdateFails,
    DeleteFails,
    Warns,
}

const NAMES: [(&str, Fault); 15] = [
    ("panic_in_validate", Fault::PanicInValidate),
    ("panic_in_plan", Fault::PanicInPlan),
    ("panic_in_create", Fault::PanicInCreate),
    ("panic_in_read", Fault::PanicInRead),
    ("panic_in_identity", Fault::PanicInIdentity),
    ("partial_create", Fault::HalfMade),
    ("unsure", Fault::Unsure),
    ("nothing_made", Fault::NothingMade),
    ("unknown_after_create", Fault::UnknownAfterCreate),
    ("unknown_in_read", Fault::UnknownInRead),
    ("slow", Fault::Slow),
    ("endless", Fault::Endless),
    ("update_fails", Fault::UpdateFails),
    ("delete_fails", Fault::DeleteFails),
    ("warns", Fault::Warns),
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, fault)| *fault).ok_or_else(|| {
            let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("expected one of {}, got `{text}`", names.join(", "))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, fault)| fault == self).map_or("", |(name, _)| *name))
    }
}
