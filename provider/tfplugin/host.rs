//! The plugin process: start, handshake, connection to Terraform and exit.
//!
//! [`run`] contains the whole `main` of a provider. It follows the rules of go-plugin and the observed behavior of
//! `terraform` 1.11:
//!
//! - Without the magic cookie it prints a usage message on stderr and exits with code 1. The options `--version`,
//!   `--help` and `--debug` are for users.
//! - The first line on stdout is the handshake, and it is the only line. After the handshake, file descriptor 1 is
//!   redirected to the null device, because a host that still reads it logs an error when the process exits, and
//!   because an accidental print could block.
//! - The socket is in a private directory that is removed on exit. With AutoMTLS exactly one client certificate is
//!   accepted.
//! - After the answer to `Shutdown` the process exits within a tenth of a second. SIGINT is ignored, because it is sent
//!   to the whole process group and Terraform then requests an orderly stop itself. SIGTERM stops running work before
//!   exit. If the host process exits, this process exits too.
//!
//! The host does not depend on schemas or resources: it serves the `Routes` that it receives. The service inside them
//! must set the message size limits: set `max_decoding_message_size` and `max_encoding_message_size` to
//! [`MESSAGE_LIMIT`], because the default of tonic is 4 MiB.

mod arguments;
mod connection;
mod ending;
mod error;
mod handshake;
mod services;
mod socket;
mod stdout;
mod tls;
mod transport;
mod variables;
mod work;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use self::arguments::Command;
use self::connection::Live;
use self::ending::{Ending, HostProcess, Signals};
use self::socket::{Bound, SocketKind};
use self::tls::Tls;
use crate::log;

pub use self::error::HostError;
pub use self::variables::COOKIE_VALUE;
pub use self::work::Work;
pub use crate::process_environment::{COOKIE_NAME, ProcessEnvironment};

/// Maximum size of a message in either direction, in bytes.
pub const MESSAGE_LIMIT: usize = 256 * 1024 * 1024;

/// Maximum time without a connection, after the first one, before the host counts as gone.
const LONELY: Duration = Duration::from_secs(5);

/// Name, address and version of this provider.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Type name without `terraform-provider-`, for example `eod`.
    pub name: &'static str,
    /// Full source address, for example `registry.terraform.io/environment-on-demand/eod`.
    pub registry_address: &'static str,
    /// Version of the release, without `v`.
    pub version: &'static str,
    /// Log targets of libraries that are disabled at every level, because their errors are not errors of the provider.
    pub silent: &'static [&'static str],
}

/// Runs a provider process from start to end and returns its exit code.
///
/// `arguments` are the arguments after the program name. `make_service` is called once, after the handshake, inside the
/// runtime. It creates the service of the provider and can keep the [`Work`], which reports when to stop. Do not run
/// slow operations before this call: Terraform starts a provider two to seven times per command, one after another.
pub fn run(
    meta: &Meta,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &ProcessEnvironment,
    make_service: impl FnOnce(Work) -> Routes,
) -> ExitCode {
    let mode = match Command::parse(arguments) {
        Command::Serve if environment.has_cookie() => Mode::Managed,
        Command::Serve => return complain(&arguments::start_without_host(meta), 1),
        Command::Debug => Mode::Debug,
        Command::Version => return answer(&arguments::version(meta)),
        Command::Help => return answer(&arguments::help(meta)),
        Command::Unknown(argument) => return complain(&arguments::unknown(meta, &argument), 2),
    };
    log::install(meta.name, meta.silent, environment);
    let session = Session { meta, environment, mode, network: SocketKind::native(), lonely: LONELY };
    match session.block_on(make_service) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("terraform-provider-{} cannot start: {}\n", meta.name, error.chain()), 1),
    }
}

/// Kind of process start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Started by a host that controls the process.
    Managed,
    /// Started by a user, for several hosts, one after another or at the same time.
    Debug,
}

/// Settings of one run of the server.
struct Session<'a> {
    meta: &'a Meta,
    environment: &'a ProcessEnvironment,
    mode: Mode,
    network: SocketKind,
    lonely: Duration,
}

impl Session<'_> {
    fn block_on(&self, make_service: impl FnOnce(Work) -> Routes) -> Result<Ending, HostError> {
        // One thread is enough: Terraform itself uses 96 % of the time, and additional threads make the start slower.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HostError::Runtime)?;
        let mode = self.mode;
        let ending = runtime.block_on(self.serve(make_service, |line| match mode {
            Mode::Managed => stdout::hand_over(line),
            Mode::Debug => stdout::print(line),
        }));
        // A blocked call must not delay the exit of the process.
        runtime.shutdown_background();
        ending
    }

    /// Listens, prints the handshake and serves until there is a reason to exit.
    async fn serve(
        &self,
        make_service: impl FnOnce(Work) -> Routes,
        announce: impl FnOnce(&str) -> io::Result<()>,
    ) -> Result<Ending, HostError> {
        // Install the signal handlers first: Terraform can be interrupted while it starts this process.
        let mut signals = Signals::install().map_err(HostError::Signals)?;
        let tls = self.tls()?;
        let Bound { listener, address, directory } = socket::bind(self.network, self.environment, tls.is_some())?;
        let line = match self.mode {
            Mode::Managed => {
                let certificate = tls.as_ref().map(|tls| &tls.certificate);
                handshake::line(&address, certificate, self.environment.offers_multiplexing())
            }
            Mode::Debug => handshake::reattach(self.meta, &address, std::process::id()),
        };
        announce(&line).map_err(HostError::Announce)?;

        let (stop, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let (live, work) = (Live::default(), Work::default());
        let routes = services::beside(make_service(work.clone()), shutdown.clone(), &stop);
        // Only a host that sent its certificate is known to keep one connection open until it exits.
        let host = tls.as_ref().map(|_| HostProcess::of_this_process(live.watch(), self.lonely));
        let incoming = connection::accept(listener, tls.map(|tls| tls.config), live);
        let server = Server::builder()
            .add_routes(routes)
            .serve_with_incoming_shutdown(ReceiverStream::new(incoming), stop.clone().cancelled_owned());
        tokio::pin!(server);

        let ending = tokio::select! {
            served = &mut server => return served.map(|()| Ending::Shutdown).map_err(HostError::Serve),
            ending = ending::first(shutdown, &mut signals, self.mode == Mode::Debug, host) => ending,
        };
        tracing::debug!(reason = ending.reason(), "ending");
        work.stop();
        stop.cancel();
        let drained = async {
            // A connection error is irrelevant during shutdown.
            let _ = (&mut server).await;
            work.finished().await;
        };
        tokio::select! {
            _ = timeout(ending.patience(), drained) => {}
            () = signals.terminate() => {}
        }
        drop(directory);
        Ok(ending)
    }

    fn tls(&self) -> Result<Option<Tls>, HostError> {
        match self.mode {
            Mode::Managed => self.environment.client_certificate()?.map(Tls::pinned).transpose(),
            Mode::Debug => Ok(None),
        }
    }
}

/// Prints an answer for the user. A closed stdout is not an error.
fn answer(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Prints on stderr the reason for not serving.
fn complain(text: &str, code: u8) -> ExitCode {
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}
