//! The resource `test_thing`.

mod fault;
mod model;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tfplugin::{
    Applied, ApplyFailure, Attr, Config, Deferral, Diag, Diags, DraftOf, Field, ImportSource, Imported, MoveSource,
    Partial, RequestContext, Resource, State, Value, json,
};

use self::fault::Fault;
use self::model::{Identity, Input, Output, Place};
use crate::store::{KeptThing, Store};

/// Resource that is stored as a thing in the file.
pub(crate) struct Thing;

/// Private state of a thing.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// Name of the last operation that wrote the state.
    by: String,
}

impl Resource for Thing {
    const TYPE: &'static str = "test_thing";
    /// In version 0, the attribute `title` had the name `label`.
    const VERSION: i64 = 1;
    const DESCRIPTION: &'static str = "A thing in a file.";
    type Context = Store;
    type Input = Input;
    type Output = Output;
    type Private = Trace;
    type Identity = Identity;

    fn validate(&self, config: Config<'_, Input>) -> Diags {
        if misbehaves(config, Fault::PanicInValidate) {
            panic!("as asked, in validate");
        }
        match config.get(Input::NAME) {
            Attr::Known(name) if name.is_empty() => {
                Diag::error("Empty name").detail("Expected a name, got an empty text.").at(Input::NAME).into()
            }
            _ => Diags::new(),
        }
    }

    async fn plan(&self, _: &Store, draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        if misbehaves(draft.configuration(), Fault::PanicInPlan) {
            panic!("as asked, in plan");
        }
        if draft.config(Input::AFTER).is_unknown() {
            draft.defer(Deferral::ResourceConfigUnknown);
        }
        let name = draft.config(Input::NAME);
        draft.set(Output::ID, name.clone().map(|name| format!("thing-{name}")));
        let written = draft.configuration().nested(Input::PLACE);
        let host = written.map_or(Attr::Null, |place| place.get(Place::HOST));
        let port = written.map_or(Attr::Null, |place| place.get(Place::PORT));
        let place = host.or(name.map(|name| format!("{name}.example.com"))).zip(port.or(Attr::Known(80)));
        draft.set(Input::PLACE, place.map(|(host, port)| Place { host: Some(host), port: Some(port) }));
        Diags::new()
    }

    async fn create(
        &self,
        store: &Store,
        input: Input,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        let fault = input.misbehave.map(|fault| fault.0);
        if fault == Some(Fault::NothingMade) {
            return Err(ApplyFailure::nothing(
                Diag::error("Refused").detail("The server refused before anything was made."),
            ));
        }
        let (name, kept) = (input.name.clone(), kept(&input, 1, 1, length(&input))?);
        let (_, before) = store.change(|all| {
            all.events.push(format!("create {name}"));
            all.things.insert(name.clone(), kept.clone())
        })?;
        if before.is_some() {
            call.warn(Diag::warning("Thing taken over").detail(format!("A thing called `{name}` was there already.")));
        }
        let applied = Applied { output: output(&input, &kept), private: Trace { by: "create".to_owned() } };
        match fault {
            Some(Fault::PanicInCreate) => panic!("as asked, in create"),
            Some(Fault::HalfMade) => {
                Err(ApplyFailure::known(Diag::error("Half made").detail("It was made without its lid."), applied))
            }
            Some(Fault::Unsure) => Err(Diag::error("No answer").detail("The server did not answer.").into()),
            Some(Fault::Slow) => {
                tokio::time::sleep(Duration::from_millis(3500)).await;
                Ok(applied)
            }
            Some(Fault::Endless) => {
                call.cancel.cancelled().await;
                let diag = Diag::error("Interrupted").detail(format!("Thing `{name}` was not finished."));
                Err(ApplyFailure::known(diag, applied))
            }
            Some(Fault::Warns) => {
                call.warn(Diag::warning("Unusual thing").detail("This thing is unusual.").at(Input::MISBEHAVE));
                Ok(applied)
            }
            Some(Fault::UnknownAfterCreate) => {
                let output = Output { riddle: Attr::Unknown, ..applied.output };
                Ok(Applied { output, ..applied })
            }
            _ => Ok(applied),
        }
    }

    async fn read(&self, store: &Store, prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        if prior.input.misbehave.is_some_and(|fault| fault.0 == Fault::PanicInRead) {
            panic!("as asked, in read");
        }
        let Some(kept) = store.look()?.things.remove(&prior.input.name) else { return Ok(None) };
        let input = input_of(&kept)?;
        let mut output = output(&input, &kept);
        if input.misbehave.is_some_and(|fault| fault.0 == Fault::UnknownInRead) {
            output.riddle = Attr::Unknown;
        }
        Ok(Some(State { output: Some(output), input, private: prior.private }))
    }

    async fn update(
        &self,
        store: &Store,
        prior: State<Self>,
        input: Input,
        _: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        if input.misbehave.is_some_and(|fault| fault.0 == Fault::UpdateFails) {
            return Err(Diag::error("Cannot change it").detail("The server refuses every change.").into());
        }
        let was = prior.output.ok_or_else(|| Diag::bug("a thing that was never finished is replaced, not updated"))?;
        let revision = was.revision + 1;
        let since = if prior.input.lifetime == input.lifetime { was.lifetime_since } else { revision };
        let again = prior.input.secret_version != input.secret_version;
        let secret_length = if again { length(&input) } else { was.secret_length };
        let (name, kept) = (input.name.clone(), kept(&input, revision, since, secret_length)?);
        store.change(|all| {
            all.events.push(format!("update {name}"));
            all.things.insert(name, kept.clone());
        })?;
        Ok(Applied { output: output(&input, &kept), private: Trace { by: "update".to_owned() } })
    }

    async fn delete(&self, store: &Store, prior: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        if prior.input.misbehave.is_some_and(|fault| fault.0 == Fault::DeleteFails) {
            return Err(Diag::error("Cannot delete it").detail("The server refuses to delete it.").into());
        }
        store.change(|all| {
            all.events.push(format!("delete {}", prior.input.name));
            all.things.remove(&prior.input.name);
        })?;
        Ok(())
    }

    async fn import(
        &self,
        store: &Store,
        source: ImportSource<Self>,
        _: &RequestContext,
    ) -> Result<Imported<Self>, Diags> {
        let name = match source {
            ImportSource::Id(name) => name,
            ImportSource::Identity(identity) => identity.name,
        };
        if !store.look()?.things.contains_key(&name) {
            return Err(Diag::error("Nothing to import").detail(format!("There is no thing called `{name}`.")).into());
        }
        Ok(Imported { attributes: Partial::new().with(Input::NAME, &name), private: Trace { by: "import".to_owned() } })
    }

    fn moved(&self, source: MoveSource) -> Result<Option<Imported<Self>>, Diags> {
        if source.type_name != "test_old_thing" || !source.provider.ends_with("/example/test") {
            return Ok(None);
        }
        let text = |name: &str| source.state.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        let name = text("label").ok_or_else(|| Diag::error("State without a label"))?;
        let mut attributes = Partial::new().with(Input::NAME, &name);
        if let Some(title) = text("caption") {
            attributes = attributes.with(Input::TITLE, &title);
        }
        Ok(Some(Imported { attributes, private: Trace { by: "move".to_owned() } }))
    }

    fn upgrade(&self, from: i64, mut state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        if from == 0
            && let Some(object) = state.as_object_mut()
            && let Some(label) = object.remove("label")
        {
            object.insert("title".to_owned(), label);
        }
        Ok(state)
    }

    fn identity(&self, _: &Store, state: &State<Self>) -> Option<Identity> {
        if state.input.misbehave.is_some_and(|fault| fault.0 == Fault::PanicInIdentity) {
            panic!("as asked, in identity");
        }
        Some(Identity { name: state.input.name.clone() })
    }
}

/// Arguments of a thing in the file.
pub(crate) fn input_of(kept: &KeptThing) -> Result<Input, Diag> {
    let unreadable = || Diag::error("Broken file").detail("A thing in the file has not the shape of a thing.");
    let bytes = serde_json::to_vec(&kept.input).map_err(|_| unreadable())?;
    match json::decode_state(&bytes, &Input::shape().ty()) {
        Ok(Value::Map(object)) => Config::new(&object).decode().ok_or_else(unreadable),
        _ => Err(unreadable()),
    }
}

fn kept(input: &Input, revision: u64, lifetime_since: u64, secret_length: u64) -> Result<KeptThing, Diag> {
    let input = Input { secret: None, ..input.clone() };
    let input = json::encode_state(&input.encode(), &Input::shape().ty())
        .map_err(|error| Diag::bug("a thing cannot be written").cause(&error))?;
    Ok(KeptThing { input, revision, lifetime_since, secret_length })
}

fn output(input: &Input, kept: &KeptThing) -> Output {
    Output {
        id: format!("thing-{}", input.name),
        revision: kept.revision,
        lifetime_since: kept.lifetime_since,
        secret_length: kept.secret_length,
        key: format!("key-of-{}", input.name),
        endpoints: input.place.iter().cloned().collect(),
        riddle: Attr::Known("solved".to_owned()),
    }
}

fn length(input: &Input) -> u64 {
    input.secret.as_ref().map_or(0, |secret| u64::try_from(secret.len()).unwrap_or(u64::MAX))
}

fn misbehaves(config: Config<'_, Input>, how: Fault) -> bool {
    matches!(config.get(Input::MISBEHAVE), Attr::Known(fault) if fault.0 == how)
}
