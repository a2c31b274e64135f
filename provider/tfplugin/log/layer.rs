//! Tracing layer that writes the lines.

use std::io::Write;
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::line::{self, LogFields};

/// Writes each event with the fields of its spans. `W` opens the output and `C` reads the clock.
pub(crate) struct Hclog<W, C> {
    module: String,
    sink: W,
    clock: C,
}

impl<W, C> Hclog<W, C> {
    pub(crate) fn new(name: &str, sink: W, clock: C) -> Self {
        Self { module: format!("provider.{name}"), sink, clock }
    }
}

impl<S, W, O, C> Layer<S> for Hclog<W, C>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
    C: Fn() -> SystemTime + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = LogFields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<LogFields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = LogFields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<LogFields>() {
                fields.extend(outer);
            }
        }
        let mut own = LogFields::default();
        event.record(&mut own);
        fields.extend(&own);
        let line = line::line(*event.metadata().level(), &self.module, (self.clock)(), fields);
        // One write per line, so that lines of several threads do not mix. Errors are ignored: the host may have ended.
        let _ = (self.sink)().write_all(&line);
    }
}

#[cfg(test)]
mod tests;
