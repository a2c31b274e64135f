//! Configured behaviour of a copy: if the target has a secret of another owner, and at the destroy of the copy.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;

/// Behaviour if the target has a secret of another owner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum OnExistingSecret {
    /// The secret stays and is reported as `kept_foreign`.
    #[default]
    Keep,
    /// The create fails.
    Fail,
}

/// Behaviour of a destroy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum OnDestroy {
    /// All versions of the copies are deleted, edited or not.
    #[default]
    Delete,
    /// The copies stay.
    Keep,
}

keyword!(OnExistingSecret, "value of `on_existing`");
keyword!(OnDestroy, "value of `on_destroy`");
