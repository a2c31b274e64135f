//! Tests that hold for every schema of the provider.

mod samples;
mod unknown;
