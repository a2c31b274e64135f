//! Tests that hold for every schema of the provider.

mod descriptions;
mod samples;
mod unknown;
