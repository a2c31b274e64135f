//! Test kit: a real Kubernetes control plane, Vault and Argo CD, real Terraform and OpenTofu, a proxy that injects faults at the
//! transport, and fakes of forges and of Route 53.
//!
//! All functions block, because the tests are ordinary functions that run in parallel in one binary. One cluster and one
//! Vault are shared by the whole process; each test uses its own installation id and its own namespaces. If a server is
//! missing, the test fails with a message that names the remedy. No test is skipped.
//!
//! The kit contains the name of the provider's binary, but none of its resources.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `EOD_TEST_KUBECONFIG` | kubeconfig of an existing cluster |
//! | `EOD_TEST_VAULT_ADDR`, `VAULT_TOKEN`, `VAULT_CACERT` | an existing Vault |
//! | `EOD_TEST_POSTGRES` | `bin` folders of PostgreSQL servers, `path[,path]`, used in place of the testbed's own |
//! | `KUBEBUILDER_ASSETS` | folder with kube-apiserver and etcd, used in place of the testbed's own |
//! | `EOD_TEST_TERRAFORM` | Terraform or OpenTofu binaries, `path[,path]` |
//! | `EOD_TEST_OPENTOFU` | tests to run on OpenTofu in addition: `all`, `some` or `none` (default) |
//! | `EOD_TEST_KEEP=1` | keeps the folders of the tests and prints their paths |
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "test code reports by panics; clippy permits them only inside of #[test]"
)]

pub mod access;
pub mod argocd;
pub mod cases;
pub mod charts;
pub mod cluster;
pub mod command;
pub mod corpus;
pub mod fault;
pub mod forge;
pub mod http;
mod http_server;
pub mod own_process;
mod paths;
pub mod postgres;
pub mod process;
pub mod route53;
pub mod tcp_proxy;
pub mod terraform;
pub mod testbed;
pub mod vault;
pub mod wait;
pub mod workspace;

pub use self::paths::{built, keep_folders, provider, repository};
