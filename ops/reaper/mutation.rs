//! Deliberate bugs, for the tests of the tests. They exist in test builds only.

/// True if a named bug is switched on. Always false outside of tests.
macro_rules! mutated {
    ($name:ident) => {{
        #[cfg(test)]
        let active = crate::mutation::is_active(crate::mutation::Mutation::$name);
        #[cfg(not(test))]
        let active = false;
        active
    }};
}
pub(crate) use mutated;

#[cfg(test)]
pub(crate) use self::switch::{Mutation, is_active, switched_on, with_mutation};

#[cfg(test)]
mod switch;
