//! Stories of the Argo CD plugin `eod-cmp`, told with the real Argo CD.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy only knows so inside of #[test]"
)]

mod examples;
