//! What the tests stand on: a real Kubernetes control plane, real Terraform, and a
//! proxy that spoils single calls between the two.
//!
//! Everything is synchronous, because the tests are ordinary functions that run in
//! parallel in one binary. One cluster is shared by the whole run; a test keeps to
//! itself by its own installation id and its own namespace names. A part that is
//! missing makes the test fail with a sentence that says how to get it: nothing is
//! skipped.
//!
//! The kit knows nothing of the provider's resources. The binary that includes it says
//! where things are, in a constant `KIT` at its root, because only there cargo's
//! variables are known.
//!
//! Variables: `EOD_TEST_KUBECONFIG` (a cluster that is already there),
//! `EOD_TEST_VAULT_ADDR` with `VAULT_TOKEN` and `VAULT_CACERT` (a Vault that is already there),
//! `KUBEBUILDER_ASSETS` (a folder with the servers to start instead of our own),
//! `EOD_TEST_TERRAFORM` (`path[,path]`), `EOD_TEST_KEEP=1` (keep the folders of the
//! tests and say where they are).
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "this is test code: a panic is how it reports, clippy only knows so inside of #[test]"
)]

pub(crate) mod access;
pub(crate) mod argocd;
pub(crate) mod cases;
pub(crate) mod cluster;
pub(crate) mod command;
pub(crate) mod fault;
pub(crate) mod http;
mod selftest;
pub(crate) mod terraform;
mod testbed;
pub(crate) mod vault;
pub(crate) mod wait;
pub(crate) mod workspace;

/// Where the parts of the project are; the including binary defines one as `KIT`.
pub(crate) struct Config {
    /// The root folder of the repository.
    pub(crate) repository: &'static str,
    /// The provider's binary, which must be called `terraform-provider-eod`.
    pub(crate) provider: &'static str,
}

/// Whether the folders of the tests are to be kept for a look at them.
pub(crate) fn keep_folders() -> bool {
    std::env::var_os("EOD_TEST_KEEP").is_some_and(|value| !value.is_empty() && value != "0")
}
