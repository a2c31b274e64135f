use std::io;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use proptest::prelude::*;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use super::super::levels;
use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(level: LevelFilter, events: impl FnOnce()) -> Vec<Map<String, Value>> {
    let sink = Sink::default();
    let opened = sink.clone();
    let layer = Hclog::new("demo", move || opened.clone(), || UNIX_EPOCH);
    let subscriber = tracing_subscriber::registry().with(levels::filter(level, &[])).with(layer);
    tracing::subscriber::with_default(subscriber, events);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(text.lines().all(|line| line.len() <= line::LIMIT));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_is_one_flat_object() {
    let lines = logged(LevelFilter::TRACE, || {
        tracing::info!(tf_rpc = "ReadResource", count = 3_u8, ok = true, ratio = 0.5, "read {}", "it");
    });
    let [object] = lines.as_slice() else { panic!("{lines:?}") };
    let expected = serde_json::json!({
        "@level": "info", "@message": "read it", "@module": "provider.demo",
        "@timestamp": "1970-01-01T00:00:00.000000Z",
        "tf_rpc": "ReadResource", "count": 3, "ok": true, "ratio": 0.5,
    });
    assert_eq!(Value::Object(object.clone()), expected);
}

#[test]
fn fields_cannot_overwrite_names_of_the_format() {
    let lines = logged(LevelFilter::TRACE, || {
        tracing::warn!({ "@level" = 7, "@message" = 8, "@timestamp" = 9, "@module" = 10, message = 11 });
    });
    let object = &lines[0];
    assert_eq!((&object["@level"], &object["@message"]), (&Value::from("warn"), &Value::from("11")));
    assert_eq!(object["@timestamp"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(object["@module"], "provider.demo");
    assert_eq!(object["timestamp"], 9);
}

#[test]
fn fields_of_the_inner_span_replace_those_of_the_outer_one() {
    let lines = logged(LevelFilter::TRACE, || {
        let outer = tracing::info_span!("rpc", tf_req_id = "a", step = 1, late = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("late", "now");
        let _inner = tracing::info_span!("call", step = 2).entered();
        tracing::debug!("inside");
    });
    let object = &lines[0];
    assert_eq!((&object["tf_req_id"], &object["step"]), (&Value::from("a"), &Value::from(2)));
    assert_eq!(object["late"], "now");
    assert_eq!(object["@message"], "inside");
}

#[test]
fn error_lists_its_causes_and_special_numbers_are_strings() {
    let cause = io::Error::other("refused");
    let error = crate::host::HostError::Runtime(cause);
    let lines = logged(LevelFilter::TRACE, || {
        tracing::error!(error = &error as &dyn std::error::Error, nan = f64::NAN, wide = u128::MAX, "failed");
    });
    assert_eq!(lines[0]["error"], "cannot start the runtime: refused");
    assert_eq!(lines[0]["nan"], "NaN");
    assert_eq!(lines[0]["wide"], u128::MAX.to_string());
}

#[test]
fn disabled_events_are_not_built() {
    let mut built = false;
    let lines = logged(LevelFilter::DEBUG, || {
        tracing::trace!(
            value = {
                built = true;
                1
            },
            "too fine"
        );
        tracing::debug!(target: "h2::frame", "noise");
    });
    assert!(lines.is_empty(), "{lines:?}");
    assert!(!built);
}

proptest! {
    /// Terraform can read the line of every event and finds the required strings.
    #[test]
    fn terraform_can_read_every_line(
        message in any::<String>(), text in any::<String>(), size in 0_usize..5, float in any::<f64>(),
        whole in any::<i64>(), wide in any::<i128>(), bytes in any::<Vec<u8>>(), level in 0_u8..5,
    ) {
        // Up to about 300 KiB, far above the limit of a line.
        let long = text.repeat(10_usize.pow(u32::try_from(size).unwrap()).min(300_000 / text.len().max(1) + 1));
        let lines = logged(LevelFilter::TRACE, || {
            let _span = tracing::error_span!("s", "@level" = whole, outer = float, long = long.as_str()).entered();
            macro_rules! send { ($level:ident) => {
                tracing::$level!({ "@message" = whole, "@timestamp" = float, "@" = text.as_str(), wide, bytes = ?bytes,
                    long = long.as_str() }, "{message}")
            } }
            match level {
                0 => send!(trace), 1 => send!(debug), 2 => send!(info), 3 => send!(warn), _ => send!(error),
            }
        });
        prop_assert_eq!(lines.len(), 1);
        for name in ["@level", "@message", "@timestamp", "@module"] {
            prop_assert!(lines[0][name].is_string(), "{} in {:?}", name, lines[0]);
        }
        prop_assert!(["trace", "debug", "info", "warn", "error"].contains(&lines[0]["@level"].as_str().unwrap()));
        prop_assert!(lines[0].values().all(|value| !value.is_object() && !value.is_array()));
    }
}
