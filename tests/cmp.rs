//! What the Argo CD plugin renders and refuses, told by whole repositories.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy only knows so inside of #[test]"
)]

mod golden;
mod hostile;
mod kustomize;
