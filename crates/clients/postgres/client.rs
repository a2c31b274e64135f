//! Opens sessions.

use std::{fmt, io};

use futures::{StreamExt, stream};
use rustls_pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::{net::lookup_host, task::JoinHandle};
use tokio_postgres::{NoTls, SimpleQueryMessage, config::SslMode as DriverSslMode, tls::TlsConnect};
use tokio_rustls::TlsConnector;

use super::{
    access::{HostPlace, PostgresAccess, PostgresHost},
    cancel::Canceller,
    connect_error::PostgresConnectError,
    driver_error::DriverError,
    modes::{SessionAttributes, SslMode},
    password_file,
    session::PostgresSession,
    socket::{Socket, SocketPlace},
    statement::SYSTEM,
    tls,
    tls_stream::PostgresTls,
};
use crate::{
    deadline::{Deadline, Interruption},
    error::{Error, ErrorKind},
    server::ServerAddress,
};

/// Interval in milliseconds of the server's check that the client of a running statement is still connected. Without it a
/// statement of a killed client runs to its end, and a database that it creates appears later.
const CHECK_INTERVAL: &str = "SET client_connection_check_interval = 500";
/// Facts of the session, in the order of [`SessionFacts`]. The custom setting arrives only if nothing removed it.
const LOOK: &str = "SELECT current_setting('eod.session', true), current_setting('server_version_num'), \
                    pg_is_in_recovery(), current_setting('transaction_read_only')";

/// A server with the login to it. Cheap to clone; it has no connection of its own.
#[derive(Clone)]
pub struct Postgres {
    access: PostgresAccess,
}

/// A variant of TLS to try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TlsAttempt {
    None,
    /// TLS if the server offers it.
    Offered,
    Required,
}

/// An open connection that is not accepted yet.
struct OpenConnection {
    client: tokio_postgres::Client,
    task: JoinHandle<()>,
    tls: Option<PostgresTls>,
}

struct SessionFacts {
    nonce: Option<String>,
    version: u32,
    in_recovery: bool,
    read_only: bool,
}

impl Postgres {
    /// A client for checked settings.
    pub fn new(access: PostgresAccess) -> Self {
        Self { access }
    }

    /// The settings.
    pub fn access(&self) -> &PostgresAccess {
        &self.access
    }

    /// Opens a session. Hosts are tried in their order; the next one only if a host cannot be reached, cannot accept
    /// connections now, or offers another kind of session than `target_session_attrs`.
    ///
    /// # Errors
    ///
    /// No host can be reached, the login is refused, a file of the settings is not valid, or a connection pooler is in
    /// between.
    pub async fn connect(&self, deadline: &Deadline) -> Result<PostgresSession, Error> {
        let error = |kind| Error::new(SYSTEM, "connect to", format!("database `{}`", self.access.database), kind);
        let connector =
            if self.access.tls.mode == SslMode::Disable || self.access.hosts.iter().all(PostgresHost::is_local) {
                None
            } else {
                Some(tls::connector(&self.access.tls).map_err(|source| error(ErrorKind::Invalid).because(source))?)
            };
        let mut passes = vec![self.access.attributes];
        if self.access.attributes == SessionAttributes::PreferStandby {
            passes = vec![SessionAttributes::Standby, SessionAttributes::Any];
        }
        let mut last = None;
        for attributes in passes {
            for host in &self.access.hosts {
                match self.connect_to(host, attributes, connector.as_ref(), deadline).await {
                    Ok(session) => return Ok(session),
                    Err(failure) => {
                        let other_host = failure.kind == ErrorKind::Unavailable || failure.kind == ErrorKind::Conflict;
                        if !other_host {
                            return Err(error(failure.kind).because(failure.source));
                        }
                        last = Some(failure);
                    }
                }
            }
        }
        Err(match last {
            Some(failure) => error(failure.kind).because(failure.source),
            None => error(ErrorKind::Invalid),
        })
    }

    async fn connect_to(
        &self,
        host: &PostgresHost,
        attributes: SessionAttributes,
        connector: Option<&TlsConnector>,
        deadline: &Deadline,
    ) -> Result<PostgresSession, DriverError> {
        let address = self.access.address_of(host);
        let limit = self.access.connect_timeout.map_or_else(|| deadline.clone(), |limit| deadline.at_most(limit));
        let interrupted = |interruption: Interruption| match deadline.is_cancelled() || deadline.remaining().is_zero() {
            true => DriverError::new(ErrorKind::from(interruption), interruption),
            false => {
                let cause = io::Error::new(io::ErrorKind::TimedOut, interruption);
                DriverError::of_socket(cause, &address)
            }
        };
        let places = limit.run(resolve(host)).await.map_err(interrupted)?;
        let places = places.map_err(|error| DriverError::of_socket(error, &address))?;
        let mut last = None;
        for place in places {
            let limit = self.access.connect_timeout.map_or_else(|| deadline.clone(), |limit| deadline.at_most(limit));
            let opened = limit.run(self.connect_at(host, &place, attributes, connector, &address)).await;
            match opened.map_err(interrupted).flatten() {
                Err(failure) if failure.kind == ErrorKind::Unavailable && !deadline.remaining().is_zero() => {
                    last = Some(failure);
                }
                result => return result,
            }
        }
        let nothing = || DriverError::of_socket(io::Error::other("the name has no address"), &address);
        Err(last.unwrap_or_else(nothing))
    }

    /// Tries the variants of TLS that the mode allows at one address.
    async fn connect_at(
        &self,
        host: &PostgresHost,
        place: &SocketPlace,
        attributes: SessionAttributes,
        connector: Option<&TlsConnector>,
        address: &ServerAddress,
    ) -> Result<PostgresSession, DriverError> {
        let (first, second) = match (self.access.tls.mode, connector.filter(|_| !host.is_local())) {
            (_, None) | (SslMode::Disable, _) => (TlsAttempt::None, None),
            (SslMode::Allow, _) => (TlsAttempt::None, Some(TlsAttempt::Required)),
            (SslMode::Prefer, _) => (TlsAttempt::Offered, Some(TlsAttempt::None)),
            _ => (TlsAttempt::Required, None),
        };
        let nonce = nonce();
        let mut opened = self.open(host, place, first, connector, &nonce, address).await;
        // Only what TLS can change is tried again: `pg_hba.conf` has no line for this login, or the handshake failed. A
        // wrong password is not sent a second time.
        if let (Err((failure, handshake_failed)), Some(second)) = (&opened, second)
            && (failure.sqlstate.as_deref() == Some("28000") || (*handshake_failed && first == TlsAttempt::Offered))
        {
            opened = self.open(host, place, second, connector, &nonce, address).await;
        }
        let opened = opened.map_err(|(failure, _)| failure)?;
        self.accept(opened, place, attributes, &nonce, address).await
    }

    /// Opens one connection. The flag of an error is true if the TLS handshake failed.
    async fn open(
        &self,
        host: &PostgresHost,
        place: &SocketPlace,
        attempt: TlsAttempt,
        connector: Option<&TlsConnector>,
        nonce: &str,
        address: &ServerAddress,
    ) -> Result<OpenConnection, (DriverError, bool)> {
        let plain = |failure| (failure, false);
        let config =
            self.driver_config(host, attempt, nonce).map_err(|error| plain(DriverError::of_settings(error)))?;
        let socket = place.open().await.map_err(|error| plain(DriverError::of_socket(error, address)))?;
        let failed = |error: tokio_postgres::Error| {
            let handshake = error.to_string().starts_with("error performing TLS handshake");
            (DriverError::of_connect(&error, address), handshake)
        };
        match connector.filter(|_| attempt != TlsAttempt::None) {
            None => {
                let (client, task) = start(&config, socket, NoTls).await.map_err(failed)?;
                Ok(OpenConnection { client, task, tls: None })
            }
            Some(connector) => {
                let name = ServerName::try_from(host.name.clone()).map_err(|_| {
                    plain(DriverError::of_settings(PostgresConnectError::Protocol(
                        "`host` is not a name that a certificate can have".to_owned(),
                    )))
                })?;
                let tls = PostgresTls::new(connector.clone(), name);
                let (client, task) = start(&config, socket, tls.clone()).await.map_err(failed)?;
                Ok(OpenConnection { client, task, tls: tls.is_used().then_some(tls) })
            }
        }
    }

    fn driver_config(
        &self,
        host: &PostgresHost,
        attempt: TlsAttempt,
        nonce: &str,
    ) -> Result<tokio_postgres::Config, PostgresConnectError> {
        let access = &self.access;
        let mut config = tokio_postgres::Config::new();
        config.user(&access.user).dbname(&access.database).application_name(&access.program);
        config.options(format!("{} -c eod.session={nonce}", access.options).trim_start());
        config.channel_binding(access.channel_binding.into());
        config.ssl_mode(match attempt {
            TlsAttempt::None => DriverSslMode::Disable,
            TlsAttempt::Offered => DriverSslMode::Prefer,
            TlsAttempt::Required => DriverSslMode::Require,
        });
        let stored = match (&access.password, &access.password_file) {
            (Some(password), _) => Some(password.clone()),
            (None, Some(file)) => {
                // libpq calls a host with a Unix socket `localhost` in this file.
                let name = if host.is_local() { "localhost" } else { &host.name };
                password_file::read(file, name, host.port, &access.database, &access.user)?
            }
            (None, None) => None,
        };
        if let Some(password) = stored {
            config.password(password.expose_secret());
        }
        Ok(config)
    }

    /// Checks that the session has no pooler and matches `target_session_attrs`.
    async fn accept(
        &self,
        opened: OpenConnection,
        place: &SocketPlace,
        attributes: SessionAttributes,
        nonce: &str,
        address: &ServerAddress,
    ) -> Result<PostgresSession, DriverError> {
        let OpenConnection { client, task, tls } = opened;
        let failed = |error: tokio_postgres::Error| DriverError::of_statement(&error, LOOK, address);
        let facts = facts(&client.simple_query(LOOK).await.map_err(failed)?);
        if facts.nonce.as_deref() != Some(nonce) {
            return Err(DriverError::of_settings(PostgresConnectError::Pooler));
        }
        let major = facts.version / 10_000;
        if major < 14 {
            return Err(DriverError::of_settings(PostgresConnectError::OldServer { major }));
        }
        if let Some(expected) = mismatch(attributes, &facts) {
            let error = PostgresConnectError::Attributes { expected };
            return Err(DriverError::new(ErrorKind::Conflict, error));
        }
        match client.batch_execute(CHECK_INTERVAL).await {
            Ok(()) => {}
            // 22023: the system of the server cannot look.
            Err(error) if error.code().is_some_and(|code| code.code() == "22023") => {}
            Err(error) => return Err(DriverError::of_statement(&error, CHECK_INTERVAL, address)),
        }
        let canceller = Canceller { token: client.cancel_token(), place: place.clone(), tls };
        let access = &self.access;
        Ok(PostgresSession::new(client, task, canceller, address.clone(), access.program.clone(), facts.version))
    }
}

async fn resolve(host: &PostgresHost) -> io::Result<Vec<SocketPlace>> {
    match &host.place {
        HostPlace::Unix(folder) => Ok(vec![SocketPlace::Unix(host.socket(folder))]),
        HostPlace::Tcp(name) => {
            let found = lookup_host((name.as_str(), host.port)).await?;
            Ok(found.map(SocketPlace::Tcp).collect())
        }
    }
}

/// Sends the startup message, logs in, and runs the connection in a task of its own.
async fn start<T>(
    config: &tokio_postgres::Config,
    socket: Socket,
    tls: T,
) -> Result<(tokio_postgres::Client, JoinHandle<()>), tokio_postgres::Error>
where
    T: TlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, mut connection) = config.connect_raw(socket, tls).await?;
    let task = tokio::spawn(async move {
        // Notices are dropped here. The driver would log them, and they may contain values of rows. Errors of the
        // connection reach the statement that runs.
        let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
        while let Some(Ok(_)) = messages.next().await {}
    });
    Ok((client, task))
}

fn facts(messages: &[SimpleQueryMessage]) -> SessionFacts {
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let value = |at: usize| row.and_then(|row| row.get(at));
    SessionFacts {
        nonce: value(0).map(str::to_owned),
        version: value(1).and_then(|version| version.parse().ok()).unwrap_or_default(),
        in_recovery: value(2) == Some("t"),
        read_only: value(3) == Some("on"),
    }
}

/// Required kind of session, if this session has another kind.
fn mismatch(attributes: SessionAttributes, facts: &SessionFacts) -> Option<&'static str> {
    let (fits, name) = match attributes {
        SessionAttributes::Any | SessionAttributes::PreferStandby => (true, "any"),
        SessionAttributes::Primary => (!facts.in_recovery, "primary"),
        SessionAttributes::ReadOnly => (facts.read_only, "read-only"),
        SessionAttributes::ReadWrite => (!facts.read_only, "read-write"),
        SessionAttributes::Standby => (facts.in_recovery, "standby"),
    };
    (!fits).then_some(name)
}

/// A random value that no pooler can know.
fn nonce() -> String {
    let mut bytes = [0; 16];
    // The generator of the crypto library fails only if the system has no entropy; a fixed value still finds a pooler
    // that drops it.
    let _filled = aws_lc_rs::rand::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Postgres").field(&self.access).finish()
    }
}
