//! The listener of this process: a Unix socket in a private directory, or a loopback port on Windows.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use tempfile::TempDir;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::HostError;
use super::handshake::Address;
use super::transport::Transport;
use crate::process_environment::ProcessEnvironment;

#[cfg(unix)]
mod unix;

/// Kind of listener.
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
    /// Kind of listener that go-plugin uses on this system.
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
    /// Contains the socket; dropping it removes both.
    pub(crate) directory: Option<TempDir>,
}

/// Accepts connections from a Unix socket or a TCP port.
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

/// Binds the listener that the environment selects. Call it inside the runtime.
///
/// If no directory can contain a socket, for example in a container with a read-only file system, a TCP port is used
/// instead. A port requires TLS, because every user of the machine can connect to it. A port is not used if the host
/// set the directory of the socket.
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

/// Binds a port. If no port is free, returns the error of the socket, because the user can correct that one.
#[cfg(unix)]
fn or_port(error: HostError, environment: &ProcessEnvironment) -> Result<Bound, HostError> {
    environment.ports().and_then(tcp).map_err(|_| error)
}

/// Binds the first free port of the range.
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
