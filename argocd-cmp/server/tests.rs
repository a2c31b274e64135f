//! Tests of the whole crate.

mod fuzzing;
