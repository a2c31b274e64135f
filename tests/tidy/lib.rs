//! Rules for the sources that no compiler checks. All of it is test code.
//!
//! Each rule is a function from sources to complaints. A second test of each rule proves that it catches a bad example.
#![cfg(test)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code reports by panics; clippy permits them only inside of #[test]"
)]

mod circles;
mod dependencies;
mod doc_comments;
mod files;
mod module_tree;
mod phrases;
mod references;
mod rust;
mod source;
mod type_names;
mod unused_dependencies;

/// Fails the test with all complaints.
#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
