//! Ledger as stored in its ConfigMap. An unreadable part never hides the others.

use eod_domain::{
    EnvironmentName, Installation, labels,
    ledger::{Event, EventError, HeadError, LedgerHead, LooseEvent, LooseFill, ledger_name, verify_chain},
};
use serde_json::Value;

/// Key of the sealed events in the ConfigMap's data.
pub(super) const EVENTS: &str = "events";
/// Prefix of the keys of loose events.
const LOOSE: &str = "loose.";

/// Ledger of one environment as stored.
#[derive(Debug)]
pub struct LedgerSnapshot {
    /// Server's id of the ConfigMap.
    pub uid: String,
    /// Version of the ConfigMap, the precondition of the next write.
    pub resource_version: String,
    /// Head, or the reason that there is none.
    pub head: Result<LedgerHead, LedgerProblem>,
    /// Text of the sealed events, one line each.
    pub events: String,
    /// Events that are not sealed yet, by key.
    pub loose: Vec<LooseEvent>,
    /// Loose events that cannot be parsed.
    pub unreadable: Vec<UnreadableEvent>,
    /// Number and size of all loose events.
    pub fill: LooseFill,
}

/// Reasons for a ConfigMap without a usable head.
#[derive(Debug, thiserror::Error)]
pub enum LedgerProblem {
    /// The ownership labels are missing, or are those of another object.
    #[error("the ConfigMap has the name of a ledger, but not its ownership labels")]
    Foreign,
    /// The head cannot be parsed.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The annotation is missing.
    #[error("annotation `{key}` is missing", key = labels::HEAD)]
    NoHead,
}

/// Loose event that cannot be parsed.
#[derive(Debug)]
pub struct UnreadableEvent {
    /// Key in the ConfigMap.
    pub key: String,
    /// Error of the parser.
    pub error: EventError,
}

impl LedgerSnapshot {
    pub(super) fn read(object: &Value, installation: &Installation, environment: &EnvironmentName) -> Self {
        let field = |name: &str| metadata(object, name).unwrap_or_default().to_owned();
        let mut ledger = Self {
            uid: field("uid"),
            resource_version: field("resourceVersion"),
            head: head(object, installation, environment.as_ref()),
            events: String::new(),
            loose: Vec::new(),
            unreadable: Vec::new(),
            fill: LooseFill::default(),
        };
        for (key, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            if key == EVENTS {
                text.clone_into(&mut ledger.events);
            } else if key.starts_with(LOOSE) {
                ledger.fill = ledger.fill.with(text);
                match Event::from_json(text) {
                    Ok(event) => ledger.loose.push(LooseEvent { key: key.clone(), event }),
                    Err(error) => ledger.unreadable.push(UnreadableEvent { key: key.clone(), error }),
                }
            }
        }
        ledger
    }

    /// Readable events: the sealed ones if their chain is valid, and the loose ones.
    pub fn readable_events(&self) -> Vec<Event> {
        let chain = self.head.as_ref().ok().and_then(|head| verify_chain(head, &self.events).ok());
        let sealed = chain.into_iter().flat_map(|chain| chain.events).map(|(_, event)| event);
        sealed.chain(self.loose.iter().map(|loose| loose.event.clone())).collect()
    }
}

/// Head of a ConfigMap that must be the ledger of this environment.
pub(super) fn head(
    object: &Value,
    installation: &Installation,
    environment: &str,
) -> Result<LedgerHead, LedgerProblem> {
    let has = |key: &str, value: &str| label(object, key) == Some(value);
    let is_ours = has(labels::MANAGED_BY, labels::MANAGED_BY_VALUE)
        && has(labels::INSTALLATION, installation.as_ref())
        && has(labels::ENV, environment)
        && has(labels::LEDGER, labels::LEDGER_ENVIRONMENT);
    let has_name = environment.parse().is_ok_and(|environment: EnvironmentName| {
        metadata(object, "name") == Some(ledger_name(installation, &environment).as_str())
    });
    if !is_ours || !has_name {
        return Err(LedgerProblem::Foreign);
    }
    Ok(LedgerHead::from_json(head_text(object).ok_or(LedgerProblem::NoHead)?)?)
}

pub(super) fn head_text(object: &Value) -> Option<&str> {
    annotation(object, labels::HEAD)
}

pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

pub(super) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

pub(super) fn metadata<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get(name)?.as_str()
}
