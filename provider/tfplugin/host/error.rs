//! Why a plugin process could not start.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

/// Why a plugin process could not start. The texts stand alone on stderr, where Terraform shows them to the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The host's certificate cannot be read.
    #[error("PLUGIN_CLIENT_CERT does not hold a certificate in PEM form; the host that starts the plugin sets it")]
    ClientCertificate(#[source] rustls_pki_types::pem::Error),
    /// A port is not a number from 0 to 65535.
    #[error("{name} is {value:?}; expected a port number from 0 to 65535")]
    Port {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The range of ports is empty.
    #[error("PLUGIN_MIN_PORT {low} is above PLUGIN_MAX_PORT {high}; expected a range of ports")]
    PortOrder {
        /// The lower end.
        low: u16,
        /// The upper end.
        high: u16,
    },
    /// No port of the range is free.
    #[error("no free port on the loopback interface from {low} to {high}")]
    NoFreePort {
        /// The lower end.
        low: u16,
        /// The upper end.
        high: u16,
        /// What the last try said.
        #[source]
        source: io::Error,
    },
    /// The private directory of the socket cannot be made.
    #[error("cannot make a private directory for the socket in {}; point TMPDIR at a writable directory", base.display())]
    SocketDirectory {
        /// The directory that was to hold it.
        base: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The path of the socket does not fit.
    #[error(
        "the socket path {} cannot be used: expected UTF-8 of at most {limit} bytes; \
         point TMPDIR, or PLUGIN_UNIX_SOCKET_DIR where the host sets it, at a shorter path",
        path.display()
    )]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// The longest path that works everywhere, in bytes.
        limit: usize,
    },
    /// The socket cannot be bound.
    #[error("cannot listen on {}", path.display())]
    Bind {
        /// The path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The group that the host named cannot be given the socket.
    #[error("cannot give the socket to the group {group:?} that PLUGIN_UNIX_SOCKET_GROUP names")]
    SocketGroup {
        /// The name or number.
        group: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Our own certificate cannot be made.
    #[error("cannot make the plugin's own certificate")]
    ServerCertificate(#[source] rcgen::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The runtime cannot be built.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// The signal handlers cannot be installed.
    #[error("cannot install the signal handlers")]
    Signals(#[source] io::Error),
    /// The handshake cannot be printed.
    #[error("cannot print the handshake on stdout")]
    Announce(#[source] io::Error),
    /// The server ended by itself.
    #[error("the server failed")]
    Serve(#[source] tonic::transport::Error),
}

impl HostError {
    /// This error and all its causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests;
