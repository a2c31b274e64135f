//! Errors of the driver as errors of this crate. The driver's texts contain values of rows, so they are not kept.

use std::io;

use super::{connect_error::PostgresConnectError, failure::PostgresFailure};
use crate::{
    chain::{find, root},
    error::{BoxError, ErrorKind},
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    tls::is_untrusted,
};

/// An error of the driver, classified.
pub(super) struct DriverError {
    pub(super) kind: ErrorKind,
    pub(super) source: BoxError,
    /// SQLSTATE of the server, if the server reported the error.
    pub(super) sqlstate: Option<String>,
    /// True if the connection ended, so that the result of a statement is not known.
    pub(super) is_broken: bool,
}

impl DriverError {
    /// The error of a statement in an open session.
    pub(super) fn of_statement(error: &tokio_postgres::Error, sql: &str, address: &ServerAddress) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::of_server(PostgresFailure::new(error, sql));
        }
        let broken = error.is_closed() || find::<io::Error>(error).is_some();
        if broken {
            let cause = io::Error::other(root(error));
            let failure = ConnectionFailure::new(address, ConnectionProblem::Broken, cause);
            return Self { is_broken: true, ..Self::new(ErrorKind::Unavailable, failure) };
        }
        Self::new(ErrorKind::Other, PostgresConnectError::Protocol(driver_text(error)))
    }

    /// The error of an attempt to connect.
    pub(super) fn of_connect(error: &tokio_postgres::Error, address: &ServerAddress) -> Self {
        if let Some(error) = error.as_db_error() {
            // PgBouncer refuses the startup parameter `options` with this message.
            if error.message().contains("unsupported startup parameter") {
                return Self::new(ErrorKind::Invalid, PostgresConnectError::Pooler);
            }
            return Self::of_server(PostgresFailure::new(error, ""));
        }
        let text = root(error);
        if is_untrusted(error) {
            let failure = ConnectionFailure::new(address, ConnectionProblem::Untrusted, io::Error::other(text));
            return Self::new(ErrorKind::Unavailable, failure);
        }
        match text.as_str() {
            "password missing" => return Self::new(ErrorKind::Unauthenticated, PostgresConnectError::NoPassword),
            "server does not support TLS" => return Self::new(ErrorKind::Invalid, PostgresConnectError::NoTls),
            "server did not use channel binding" => {
                return Self::new(ErrorKind::Invalid, PostgresConnectError::ChannelBinding);
            }
            _ => {}
        }
        if error.is_closed() || find::<io::Error>(error).is_some() {
            return Self::of_socket(io::Error::other(text), address);
        }
        let is_login = error.to_string().starts_with("authentication error");
        let kind = if is_login { ErrorKind::Unauthenticated } else { ErrorKind::Other };
        Self::new(kind, PostgresConnectError::Protocol(driver_text(error)))
    }

    /// The error of a socket that could not be opened.
    pub(super) fn of_socket(error: io::Error, address: &ServerAddress) -> Self {
        Self::new(ErrorKind::Unavailable, ConnectionFailure::new(address, ConnectionProblem::Unreachable, error))
    }

    /// The error of settings and files, or of a session that is not accepted.
    pub(super) fn of_settings(error: PostgresConnectError) -> Self {
        Self::new(ErrorKind::Invalid, error)
    }

    pub(super) fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into(), sqlstate: None, is_broken: false }
    }

    fn of_server(failure: PostgresFailure) -> Self {
        let (kind, sqlstate) = (failure.kind(), failure.sqlstate.clone());
        // The server ends the connection after a fatal error of this class.
        let is_broken = sqlstate.starts_with("57P");
        Self { kind, source: failure.into(), sqlstate: Some(sqlstate), is_broken }
    }
}

/// The first and the last text of the driver's chain.
fn driver_text(error: &tokio_postgres::Error) -> String {
    let (first, last) = (error.to_string(), root(error));
    if first.contains(&last) { first } else { format!("{first}: {last}") }
}
