//! Errors at the start of a plugin process.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

/// Reason for a failed start. The texts are the only output on stderr, and Terraform shows them to the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The host's certificate cannot be read.
    #[error("PLUGIN_CLIENT_CERT does not contain a certificate in PEM format; the host that starts the plugin sets it")]
    ClientCertificate(#[source] rustls_pki_types::pem::Error),
    /// The port is not a number from 0 to 65535.
    #[error("{name} is {value:?}; expected a port number from 0 to 65535")]
    Port {
        /// Name of the variable.
        name: &'static str,
        /// Value of the variable.
        value: String,
    },
    /// The range of ports is empty.
    #[error("PLUGIN_MIN_PORT {low} is above PLUGIN_MAX_PORT {high}; expected a range of ports")]
    PortOrder {
        /// First port.
        low: u16,
        /// Last port.
        high: u16,
    },
    /// No port of the range is free.
    #[error("no free port on the loopback interface from {low} to {high}")]
    NoFreePort {
        /// First port.
        low: u16,
        /// Last port.
        high: u16,
        /// Error of the last attempt.
        #[source]
        source: io::Error,
    },
    /// The private directory of the socket cannot be created.
    #[error("cannot create a private directory for the socket in {}; set TMPDIR to a writable directory", base.display())]
    SocketDirectory {
        /// Parent directory of the private directory.
        base: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The path of the socket is too long.
    #[error(
        "the socket path {} cannot be used: expected UTF-8 of at most {limit} bytes; \
         point TMPDIR, or PLUGIN_UNIX_SOCKET_DIR if the host sets it, at a shorter path",
        path.display()
    )]
    SocketPath {
        /// Path of the socket.
        path: PathBuf,
        /// Maximum length of a path that is valid on all systems, in bytes.
        limit: usize,
    },
    /// The socket cannot be bound.
    #[error("cannot listen on {}", path.display())]
    Bind {
        /// Path of the socket.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The ownership of the socket cannot be given to the group that the host set.
    #[error("cannot give the socket to the group {group:?} that PLUGIN_UNIX_SOCKET_GROUP names")]
    SocketGroup {
        /// Name or number of the group.
        group: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The certificate of this process cannot be created.
    #[error("cannot create the plugin's own certificate")]
    ServerCertificate(#[source] rcgen::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The async runtime cannot be created.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// The signal handlers cannot be installed.
    #[error("cannot install the signal handlers")]
    Signals(#[source] io::Error),
    /// The handshake cannot be printed.
    #[error("cannot print the handshake on stdout")]
    Announce(#[source] io::Error),
    /// The server failed before shutdown.
    #[error("the server failed")]
    Serve(#[source] tonic::transport::Error),
}

impl HostError {
    /// Returns this error and all its causes in one line.
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
