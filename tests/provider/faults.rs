//! Faults between the provider and the API server, and their messages for the user.
//!
//! After every lost, dropped, refused or late answer: the next apply completes the operation, nothing is created
//! twice, and the error has the attempted operation, the answer and a remedy.

mod answers;
mod deletes;
mod permissions;
pub(crate) mod story;
mod writes;
