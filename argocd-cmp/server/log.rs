//! Log on stderr: one JSON object per line, or text lines.
//!
//! Contents of repositories, parameters and manifests are never logged; refusals are sent to the caller only.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// Format of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text if stderr is a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Text lines.
    Text,
}

/// Sets the log of the process and logs panics. Later calls have no effect.
pub(crate) fn install(level: LevelFilter, format: LogFormat) {
    let is_text = match format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Text => true,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let layer = if is_text {
        layer.with_target(false).boxed()
    } else {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    };
    // Messages of libraries below WARN, such as every frame of HTTP/2, are not useful.
    let targets = tracing_subscriber::filter::Targets::new().with_default(LevelFilter::WARN).with_target("eod", level);
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(targets));
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(
                place,
                text = info.payload_as_str().unwrap_or_default(),
                "bug in eod-cmp: a thread panicked"
            );
        }));
    }
}
