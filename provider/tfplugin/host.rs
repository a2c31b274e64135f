//! The plugin process: how Terraform starts it, finds it, talks to it and ends it.
//!
//! [`run`] is the whole of a provider's `main`. It promises, after go-plugin's rules and what `terraform` 1.11 was seen
//! to do:
//!
//! - Without the magic cookie it explains itself on stderr and ends with 1; `--version`, `--help` and `--debug` work by hand.
//! - The first line on stdout is the handshake and the last one: file descriptor 1 is turned to the null device after it,
//!   because a host that still reads it logs an error when the process ends, and because a stray print could block.
//! - The socket stands in a private directory that is removed at the end. With AutoMTLS exactly one client certificate is
//!   let in.
//! - `Shutdown` is answered and the process is gone within a tenth of a second; SIGINT is ignored, since it goes to the whole
//!   process group and Terraform then asks for an orderly stop itself; SIGTERM ends the work first. A host that dies takes
//!   this process with it.
//!
//! The host knows nothing about schemas or resources: it serves whatever `Routes` it is given. Message size limits belong
//! to the service inside them: set `max_decoding_message_size` and `max_encoding_message_size` to [`MESSAGE_LIMIT`] there,
//! because tonic's own limit is 4 MiB.

mod arguments;
mod connection;
mod ending;
mod error;
mod handshake;
mod services;
mod socket;
mod stdout;
mod tls;
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

/// The largest message that either side sends, in bytes.
pub const MESSAGE_LIMIT: usize = 256 * 1024 * 1024;

/// How long after its last connection a process waits for the host to come back.
const LONELY: Duration = Duration::from_secs(5);

/// Who this provider is.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The type name without `terraform-provider-`, for example `eod`.
    pub name: &'static str,
    /// The full source address, for example `registry.terraform.io/environment-on-demand/eod`.
    pub registry_address: &'static str,
    /// The version of the release, without `v`.
    pub version: &'static str,
    /// Log targets of libraries that are left out at every level, because what they call an error is none here.
    pub silent: &'static [&'static str],
}

/// Runs a provider process from start to end and returns its exit code.
///
/// `arguments` are those after the program's name. `make_service` is called once, after the handshake, inside the runtime;
/// it builds the provider's service and may keep the [`Work`] to see when to stop. Nothing slow should happen before this
/// call: Terraform starts a provider two to seven times per command, one after another.
pub fn run(
    meta: &Meta,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &ProcessEnvironment,
    make_service: impl FnOnce(Work) -> Routes,
) -> ExitCode {
    let mode = match Command::parse(arguments) {
        Command::Serve if environment.has_cookie() => Mode::Managed,
        Command::Serve => return complain(&arguments::not_by_hand(meta), 1),
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

/// Who started the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A host that owns the process.
    Managed,
    /// A person, for several hosts one after another or at once.
    Debug,
}

/// One life of the server.
struct Session<'a> {
    meta: &'a Meta,
    environment: &'a ProcessEnvironment,
    mode: Mode,
    network: SocketKind,
    lonely: Duration,
}

impl Session<'_> {
    fn block_on(&self, make_service: impl FnOnce(Work) -> Routes) -> Result<Ending, HostError> {
        // One thread is enough: Terraform itself is 96 % of the work, and threads cost start time.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HostError::Runtime)?;
        let mode = self.mode;
        let ending = runtime.block_on(self.serve(make_service, |line| match mode {
            Mode::Managed => stdout::hand_over(line),
            Mode::Debug => stdout::print(line),
        }));
        // A blocking call that hangs must not keep the process alive.
        runtime.shutdown_background();
        ending
    }

    /// Listens, announces itself and serves until there is a reason to end.
    async fn serve(
        &self,
        make_service: impl FnOnce(Work) -> Routes,
        announce: impl FnOnce(&str) -> io::Result<()>,
    ) -> Result<Ending, HostError> {
        // Signals come first: Terraform may be interrupted while it starts us.
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
        // Only a host that sent its certificate is known to hold one connection for as long as it lives.
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
            // A connection that breaks now has no meaning any more.
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

/// Prints an answer for a person. A closed stdout is their choice.
fn answer(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Prints on stderr why nothing is served.
fn complain(text: &str, code: u8) -> ExitCode {
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}
