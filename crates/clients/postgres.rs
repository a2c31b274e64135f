//! PostgreSQL: sessions with TLS, deadlines and real cancels, COPY as streams of bytes, and advisory locks.
//!
//! [`PostgresSettings`] reads a URI, a list of `keyword=value` and the variables `PG*` with libpq's meaning; settings that
//! are not supported are refused by name. [`PostgresAccess`] checks them. [`Postgres::connect`] opens a
//! [`PostgresSession`]. It refuses connection poolers, because a session behind one may change its server process between
//! two statements, which loses locks and settings.
//!
//! Differences from libpq: a host and a user are required; a file that `sslrootcert` names must exist in every mode; names
//! are verified against the alternative names of a certificate only, not against its common name.
//!
//! The driver logs texts of statements and their parameters with the crate `log` at level debug. Programs with this
//! client must not enable that level for `tokio_postgres`.

mod access;
mod access_error;
mod cancel;
mod client;
mod connect_error;
mod copy;
mod driver_error;
mod failure;
mod keywords;
mod libpq;
mod lock;
mod modes;
mod password_file;
mod privilege;
mod session;
mod socket;
mod statement;
mod tls;
mod tls_stream;

pub use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};

pub use self::{
    access::{PostgresAccess, PostgresSettings},
    access_error::PostgresAccessError,
    client::Postgres,
    connect_error::PostgresConnectError,
    copy::{CopyIn, CopyOut},
    failure::{PostgresFailure, RowText},
    libpq::LibpqEnvironment,
    lock::lock_key,
    modes::SslMode,
    privilege::{MissingPrivilege, PostgresPrivilege},
    session::PostgresSession,
    statement::SqlStatement,
};

#[cfg(test)]
mod tests;
