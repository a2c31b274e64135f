//! The Argo CD plugin around the renderer: archives, the plugin's socket, the classic commands, the tools' sandbox.
//!
//! What is rendered and what is refused is decided in `eod-render`, which does no I/O. This crate brings it files and
//! carries its answer away.

mod announcements;
mod archive;
mod arguments;
mod cache;
mod call;
mod command;
mod deadline;
#[cfg(test)]
mod fuzzing;
mod http;
mod intake;
mod log;
mod metrics;
mod pipe;
mod policy;
mod priority;
mod process;
mod renderer;
mod sandbox;
mod scratch;
mod server;
mod service;
mod socket;
mod toolbox;
mod tree;
mod turns;
mod watch;

pub use crate::archive::{ArchiveError, Count, Limits, Stated, Unpacked, Wanted, unpack};
pub use crate::command::run;
