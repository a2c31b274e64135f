//! Log on stderr.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::arguments::LogStyle;

/// Sets the log of the process. Later calls have no effect.
pub(crate) fn install(format: LogStyle) {
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    let layer = match format {
        LogStyle::Text => layer.without_time().boxed(),
        LogStyle::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    // Every failed attempt is logged by the library at ERROR, although it is retried.
    let targets = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("eod", LevelFilter::INFO)
        .with_target("eod_clients", LevelFilter::WARN);
    // A second subscriber is refused; the first one stays.
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
}
