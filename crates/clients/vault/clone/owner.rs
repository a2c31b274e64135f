//! Owners of copies.

use eod_domain::{Installation, Nonce, vault::EnvironmentLabel};

/// The environment that owns copies, and the run that creates them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyOwner {
    /// Name of the environment.
    pub environment: EnvironmentLabel,
    /// The installation.
    pub installation: Installation,
    /// The nonce: a new one to create copies, the one in the state for every later operation.
    pub nonce: Nonce,
}
