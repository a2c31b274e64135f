//! Logs: one JSON object per line on stderr, or plain lines for a person.
//!
//! Contents of repositories, parameters and manifests are never logged; refusals go to whoever asked.

use std::io::{self, IsTerminal as _};
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum LogFormat {
    /// JSON, unless stderr is a terminal.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// For a person.
    Text,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(format!("expected auto, json or text, got `{text}`")),
        }
    }
}

/// Makes this the log of the process. The first call wins.
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
    // What HTTP/2 thinks of each frame is of no use here.
    let ours = tracing_subscriber::filter::Targets::new().with_default(LevelFilter::WARN).with_target("eod", level);
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(ours));
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(
                place,
                text = info.payload_as_str().unwrap_or_default(),
                "a bug in eod-cmp: a thread panicked"
            );
        }));
    }
}
