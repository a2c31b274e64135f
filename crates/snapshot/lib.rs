//! Databases of environments: clones of golden databases.
//!
//! # Life of a clone
//!
//! 1. [`CloneServer::begin`] takes the lock of the name, creates the owner role with the mark, then the closed database, and
//!    admits members of the owner role. A clone that is not finished is removed first and never continued.
//! 2. [`CloneServer::open`] creates the login role and admits it, in one transaction.
//! 3. [`CloneServer::destroy`] removes the database, then its logins, then the owner role.
//!
//! # Guarantees
//!
//! - Before [`CloneServer::open`] only members of the owner role and superusers can connect.
//! - After a kill at any moment there is nothing, or a closed and marked clone, or an open one. A later call of
//!   [`CloneServer::begin`] or [`CloneServer::destroy`] continues. A database of `CREATE DATABASE` never appears later: the server
//!   holds the lock of the session until the statement has ended.
//! - A database or role without the mark, or of another environment or installation, is never changed.
//! - The login role owns nothing. It acts as the role of the objects in its own database and can connect to no other clone.
//! - The server gets the password of a login only as a SCRAM verifier, so no log of statements has it.

mod birth;
mod clone_error;
mod destroy;
mod listing;
mod mark;
mod name;
mod observed;
mod opening;
mod password;
mod server;
mod strategy;

pub use self::{
    birth::{BegunClone, CloneRequest},
    clone_error::CloneError,
    listing::{ListedClone, PrunedClone},
    mark::{CloneFacts, CloneMark, CloneOwner},
    name::{CloneName, CloneNameError},
    observed::{ObservedTables, TableUse, TouchedTable},
    password::ClonePassword,
    server::{CloneServer, CloneState},
    strategy::CloneStrategy,
};

#[cfg(test)]
mod tests;
