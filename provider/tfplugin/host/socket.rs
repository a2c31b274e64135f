//! The place where this process listens: a Unix socket in a private directory, or a loopback port on Windows.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use tempfile::TempDir;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::HostError;
use super::connection::Transport;
use super::handshake::Address;
use crate::process_environment::ProcessEnvironment;

#[cfg(unix)]
mod unix;

/// What carries the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketKind {
    /// A Unix socket.
    #[cfg(unix)]
    Unix,
    /// A port of the loopback interface.
    #[cfg(any(not(unix), test))]
    Tcp,
}

impl SocketKind {
    /// What go-plugin uses on this system.
    pub(crate) fn native() -> Self {
        #[cfg(unix)]
        return Self::Unix;
        #[cfg(not(unix))]
        return Self::Tcp;
    }
}

/// A bound listener.
pub(crate) struct Bound {
    pub(crate) listener: Listener,
    pub(crate) address: Address,
    /// Holds the socket; dropping it removes both.
    pub(crate) directory: Option<TempDir>,
}

/// Accepts connections of either kind.
pub(crate) enum Listener {
    #[cfg(unix)]
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    pub(crate) async fn accept(&self) -> io::Result<Box<dyn Transport>> {
        match self {
            #[cfg(unix)]
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// Binds as the environment asks. Must be called inside the runtime.
///
/// Where no directory can hold a socket, as in a container without a writable file, a port takes its place. That needs
/// TLS, because a port is open to every user of the machine, and a host that did not name the socket's directory.
pub(crate) fn bind(network: SocketKind, environment: &ProcessEnvironment, has_tls: bool) -> Result<Bound, HostError> {
    match network {
        #[cfg(unix)]
        SocketKind::Unix => {
            let may_move = has_tls && environment.socket_directory().is_none();
            unix::bind(environment).or_else(|error| if may_move { or_port(error, environment) } else { Err(error) })
        }
        #[cfg(any(not(unix), test))]
        SocketKind::Tcp => tcp(environment.ports()?),
    }
}

/// Takes a port, or gives back why there is no socket: that is the cause to mend.
#[cfg(unix)]
fn or_port(error: HostError, environment: &ProcessEnvironment) -> Result<Bound, HostError> {
    environment.ports().and_then(tcp).map_err(|_| error)
}

/// Takes the first free port of the range.
fn tcp(ports: RangeInclusive<u16>) -> Result<Bound, HostError> {
    let (low, high) = (*ports.start(), *ports.end());
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for port in ports {
        match listen(port) {
            Ok((listener, address)) => {
                return Ok(Bound {
                    listener: Listener::Tcp(listener),
                    address: Address::Tcp(address),
                    directory: None,
                });
            }
            Err(error) => last = error,
        }
    }
    Err(HostError::NoFreePort { low, high, source: last })
}

fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}

#[cfg(test)]
mod tests;
