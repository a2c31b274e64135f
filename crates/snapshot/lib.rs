//! Databases of environments: clones of golden databases.
//!
//! # Life of a clone
//!
//! 1. [`CloneServer::begin`] takes the lock of the name, creates the owner role with the mark, then the closed database, and
//!    admits members of the owner role. A clone that is not finished is removed first and never continued.
//! 2. [`CloneServer::open`] creates the login role and admits it, in one transaction.
//!    [`CloneServer::repair`] gives a clone this access again after changes by hand.
//! 3. [`CloneServer::destroy`] removes the database, then its logins, then the owner role. [`CloneServer::keep`] closes it
//!    instead, reads all its rows once, and gives it another name and an end.
//! 4. [`CloneServer::restore`] creates the clone again from a kept one, and compares the rows.
//!
//! [`CloneServer::create_login`] makes a login for one run. What a killed run has left is removed by [`CloneServer::prune`],
//! [`CloneServer::prune_logins`] and the next create.
//!
//! [`SchemaServer`] is the smaller sibling: an empty schema and a role in a shared database. Both are an [`EnvironmentEngine`].
//!
//! # Guarantees
//!
//! - Before [`CloneServer::open`] only members of the owner role and superusers can connect.
//! - After a kill at any moment there is nothing, or a closed and marked clone, or an open one. A later call of
//!   [`CloneServer::begin`], [`CloneServer::keep`] or [`CloneServer::destroy`] continues. A database of `CREATE DATABASE` never appears later: the server
//!   holds the lock of the session until the statement has ended.
//! - A database or role without the mark, or of another environment or installation, is never changed.
//! - The login role owns nothing. It acts as the role of the objects in its own database and can connect to no other clone.
//! - The server gets the password of a login only as a SCRAM verifier, so no log of statements has it.

mod birth;
mod clone_error;
mod contents;
mod destroy;
mod engine;
mod inspection;
mod keep;
mod kept;
mod listing;
mod login;
mod login_role;
mod mark;
mod name;
mod observed;
mod opening;
mod password;
mod prune;
mod repair;
mod restore;
mod schema;
mod server;
mod sessions;
mod strategy;

pub use self::{
    birth::{BegunClone, CloneRequest},
    clone_error::CloneError,
    contents::CloneContents,
    engine::{EngineState, EnvironmentEngine},
    inspection::{CloneAccess, InspectedClone},
    kept::{KeepPlan, KeptClone, KeptFacts},
    listing::{CloneStage, ListedClone},
    login::{PrunedLogin, TemporaryLogin},
    mark::{CloneFacts, CloneMark, CloneOwner, CloneSize},
    name::{CloneName, CloneNameError},
    observed::{ObservedTables, TableUse, TouchedTable},
    password::ClonePassword,
    prune::{CloneRemoval, PrunedClone},
    restore::RestoredClone,
    schema::{SchemaMark, SchemaServer, SchemaState},
    server::{CloneServer, CloneState},
    strategy::CloneStrategy,
};

#[cfg(test)]
mod tests;
