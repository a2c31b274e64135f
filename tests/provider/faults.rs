//! Faults between the provider and the API server, and their messages for the user.
//!
//! Whatever is lost, dropped, refused or late: the next apply completes it, nothing is made
//! twice, and the error says what was tried, what was answered and what to do.

mod answers;
mod deletes;
mod permissions;
pub(crate) mod story;
mod writes;
