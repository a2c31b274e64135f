//! The Argo CD plugin around the renderer: archives, the plugin's socket, the commands, the sandbox of tools.
//!
//! The crate `eod-render` decides which manifests are rendered and which are refused, without I/O. This crate reads the
//! files for it and returns the result to Argo CD or to the command line.

mod announcements;
mod archive;
mod arguments;
mod cache;
mod charts;
mod command;
mod deadline;
mod fair_semaphore;
mod http;
mod intake;
mod log;
mod metrics;
mod pipe;
mod policy;
mod priority;
mod process;
mod progress;
mod render_request;
mod renderer;
mod sandbox;
mod scratch;
mod server;
mod service;
mod socket;
#[cfg(test)]
mod tests;
mod toolbox;
mod tree;

pub use crate::archive::{AppDirectory, ArchiveError, ArchiveLimits, ArchiveStats, DeclaredArchive, Unpacked, unpack};
pub use crate::command::run;
