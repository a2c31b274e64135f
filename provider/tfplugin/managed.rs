//! [`AnyResource`]: a [`Resource`] without its types, as the service calls it. Values in, values out.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::config::{Config, Object};
use crate::diag::{Diag, Diags};
use crate::draft::Deferral;
use crate::model::{Field, Model};
use crate::path::Path;
use crate::plan;
use crate::request_context::RequestContext;
use crate::resource::{Applied, ApplyFailure, ImportSource, Left, MoveSource, Resource, State};
use crate::schema::{Attribute, Presence, Schema};
use crate::value::Value;
use crate::values;

/// A resource as it stands in a provider's registry.
pub trait AnyResource<C>: Send + Sync {
    /// See [`Resource::TYPE`].
    fn type_name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> Schema;
    /// The attributes of the identity; empty if there is none.
    fn identity_attributes(&self) -> Vec<Attribute>;
    /// Every mistake in a configuration.
    fn validate(&self, config: &Object) -> Diags;
    /// What an apply would do.
    fn plan<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        change: Change<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, PlanAnswer>;
    /// Does it.
    fn apply<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        change: Change<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer>;
    /// Looks.
    fn read<'a>(
        &'a self,
        cx: &'a C,
        schema: &'a Schema,
        found: Found,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer>;
    /// Finds.
    fn import<'a>(
        &'a self,
        cx: &'a C,
        id: &'a str,
        identity: Option<Object>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer>;
    /// Takes over a state of another type. `None` if that type is not known.
    fn moved(&self, source: MoveSource) -> Result<Option<Found>, Diags>;
    /// Brings an old state into today's shape.
    fn upgrade(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags>;
}

/// A change to plan or to apply. `prior` and `planned` are `None` for what does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What was.
    pub prior: Option<&'a Object>,
    /// What shall be: in a plan only whether anything shall be, in an apply the plan.
    pub planned: Option<&'a Object>,
    /// What the user wrote.
    pub config: &'a Object,
    /// What is kept beside the state.
    pub private: &'a [u8],
    /// The identity, if it has one.
    pub identity: Option<&'a Object>,
}

impl Change<'_> {
    /// What was, as the answer to a change that did not happen.
    fn kept(&self) -> Option<Found> {
        let object = self.prior?.clone();
        Some(Found { object, private: self.private.to_vec(), identity: self.identity.cloned() })
    }
}

/// A resource as it was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The attributes.
    pub object: Object,
    /// What is kept beside the state.
    pub private: Vec<u8>,
    /// The identity, if it has one.
    pub identity: Option<Object>,
}

/// An answer: what is there now, and what to tell.
#[derive(Debug, Default)]
pub struct Answer {
    /// `None` if it does not exist.
    pub found: Option<Found>,
    /// What to tell the user.
    pub diags: Diags,
}

/// The answer to a plan.
#[derive(Debug, Default)]
pub struct PlanAnswer {
    /// What shall be; `None` for a destroy, or where the plan failed.
    pub planned: Option<Found>,
    /// What makes it a replacement.
    pub replace: Vec<Path>,
    /// Why it has to wait.
    pub deferral: Option<Deferral>,
    /// What to tell the user.
    pub diags: Diags,
}

impl<R: Resource> AnyResource<R::Context> for R {
    fn type_name(&self) -> &'static str {
        R::TYPE
    }

    fn schema(&self) -> Schema {
        Schema {
            version: R::VERSION,
            attributes: R::Input::attributes().into_iter().chain(R::Output::attributes()).collect(),
            blocks: Vec::new(),
            description: R::DESCRIPTION.to_owned(),
            deprecation: None,
        }
    }

    fn identity_attributes(&self) -> Vec<Attribute> {
        R::Identity::attributes()
    }

    fn validate(&self, config: &Object) -> Diags {
        let mut diags = Config::new(config).mistakes::<R::Input>();
        diags.extend(Resource::validate(self, Config::new(config)));
        diags.sorted()
    }

    fn plan<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        change: Change<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, PlanAnswer> {
        Box::pin(async move {
            let mut answer = match caught(plan_change(self, cx, schema, change, call)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(diags)) => PlanAnswer { diags, ..PlanAnswer::default() },
                Err(panic) => PlanAnswer { diags: panic.into(), ..PlanAnswer::default() },
            };
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn apply<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        change: Change<'a>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let mut answer = match change.planned {
                None => caught(delete(self, cx, change, call))
                    .await
                    .unwrap_or_else(|panic| Answer { found: change.kept(), diags: panic.into() }),
                Some(planned) => {
                    caught(create_or_update(self, cx, schema, change, planned, call)).await.unwrap_or_else(|panic| {
                        let left =
                            change.kept().unwrap_or_else(|| partial(change, schema, planned, change.private.to_vec()));
                        Answer { found: Some(left), diags: panic.into() }
                    })
                }
            };
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn read<'a>(
        &'a self,
        cx: &'a R::Context,
        schema: &'a Schema,
        found: Found,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let before = found.clone();
            let mut answer = caught(refresh(self, cx, schema, found, call))
                .await
                .unwrap_or_else(|panic| Answer { found: Some(before), diags: panic.into() });
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn import<'a>(
        &'a self,
        cx: &'a R::Context,
        id: &'a str,
        identity: Option<Object>,
        call: &'a RequestContext,
    ) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let source = match identity {
                None => ImportSource::Id(id.to_owned()),
                Some(object) => match Config::new(&object).decode::<R::Identity>() {
                    Some(identity) => ImportSource::Identity(identity),
                    None => {
                        let diags = Config::new(&object).mistakes::<R::Identity>();
                        return Answer { found: None, diags };
                    }
                },
            };
            let mut answer = match caught(Resource::import(self, cx, source, call)).await {
                Ok(Ok(imported)) => {
                    imported_answer::<R>(imported).unwrap_or_else(|diags| Answer { found: None, diags })
                }
                Ok(Err(diags)) => Answer { found: None, diags },
                Err(panic) => Answer { found: None, diags: panic.into() },
            };
            if let Some(found) = &mut answer.found {
                let state = state::<R>(&found.object, &found.private);
                found.identity = state.ok().and_then(|state| identity_of(self, cx, &state));
            }
            answer.diags.extend(call.take_warnings());
            answer
        })
    }

    fn moved(&self, source: MoveSource) -> Result<Option<Found>, Diags> {
        match Resource::moved(self, source)? {
            Some(imported) => Ok(imported_answer::<R>(imported)?.found),
            None => Ok(None),
        }
    }

    fn upgrade(&self, from: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        Resource::upgrade(self, from, state)
    }
}

async fn plan_change<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: Change<'_>,
    call: &RequestContext,
) -> Result<PlanAnswer, Diags> {
    let private = decode_private::<R>(change.private)?;
    if change.planned.is_none() {
        let Some(prior) = change.prior else { return Ok(PlanAnswer::default()) };
        let prior = state::<R>(prior, change.private)?;
        return Ok(PlanAnswer { diags: resource.plan_destroy(cx, &prior, call).await, ..PlanAnswer::default() });
    }
    Config::new(change.config).mistakes::<R::Input>().sorted().into_result(())?;
    let mut draft = plan::start(schema, change.config, change.prior, private);
    let mut diags = Resource::plan(resource, cx, &mut draft, call).await.sorted();
    if diags.has_errors() {
        return Err(diags);
    }
    let planned = match plan::finish(draft) {
        Ok(planned) => planned,
        Err(bugs) => {
            diags.extend(bugs);
            return Err(diags);
        }
    };
    let private = encode_private::<R>(&planned.private)?;
    let found = Found { object: planned.object, private, identity: change.identity.cloned() };
    let deferral = planned.deferral.filter(|_| call.capabilities.deferral_allowed);
    Ok(PlanAnswer { planned: Some(found), replace: planned.replace, deferral, diags })
}

async fn refresh<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    found: Found,
    call: &RequestContext,
) -> Answer {
    let prior = match state::<R>(&found.object, &found.private) {
        Ok(prior) => prior,
        Err(diags) => return Answer { found: Some(found), diags },
    };
    let now = match Resource::read(resource, cx, prior, call).await {
        Ok(Some(now)) => now,
        Ok(None) => return Answer::default(),
        Err(diags) => return Answer { found: Some(found), diags },
    };
    let object = encode_state(schema, &now, &found.object);
    let diags = still_unknown(&object, "read");
    match encode_private::<R>(&now.private) {
        Ok(_) if diags.has_errors() => Answer { found: Some(found), diags },
        Ok(private) => {
            let identity = found.identity.or_else(|| identity_of(resource, cx, &now));
            Answer { found: Some(Found { object, private, identity }), diags }
        }
        Err(diags) => Answer { found: Some(found), diags },
    }
}

async fn delete<R: Resource>(resource: &R, cx: &R::Context, change: Change<'_>, call: &RequestContext) -> Answer {
    let Some(prior) = change.prior else { return Answer::default() };
    let outcome = match state::<R>(prior, change.private) {
        Ok(state) => {
            caught(Resource::delete(resource, cx, state, call)).await.unwrap_or_else(|panic| Err(panic.into()))
        }
        Err(diags) => Err(diags),
    };
    match outcome {
        Ok(()) => Answer::default(),
        Err(diags) => {
            let found =
                Found { object: prior.clone(), private: change.private.to_vec(), identity: change.identity.cloned() };
            Answer { found: Some(found), diags }
        }
    }
}

async fn create_or_update<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: Change<'_>,
    planned: &Object,
    call: &RequestContext,
) -> Answer {
    let kept = change.kept();
    let mut wanted = planned.clone();
    values::with_write_only(&schema.attributes, change.config, &mut wanted);
    let Some(input) = Config::new(&wanted).decode::<R::Input>() else {
        let mut diags = Config::new(&wanted).mistakes::<R::Input>();
        if !diags.has_errors() {
            diags.push(Diag::bug("an argument is still unknown at apply; the plan has to settle every argument"));
        }
        return Answer { found: kept, diags };
    };
    let outcome = match change.prior {
        None => resource.create(cx, input, call).await,
        Some(prior) => match state::<R>(prior, change.private) {
            Ok(prior) => resource.update(cx, prior, input, call).await,
            Err(diags) => return Answer { found: kept, diags },
        },
    };
    match outcome {
        Ok(applied) => settled(resource, cx, schema, change, planned, &applied),
        Err(ApplyFailure { diags, left }) => {
            let found = match left {
                Left::Nothing => kept,
                Left::Something | Left::Traced(_) if kept.is_some() => kept,
                Left::Something => Some(partial(change, schema, planned, change.private.to_vec())),
                Left::Traced(private) => {
                    let private = encode_private::<R>(&private).unwrap_or_else(|_| change.private.to_vec());
                    Some(partial(change, schema, planned, private))
                }
                Left::Known(applied) => settled(resource, cx, schema, change, planned, &applied).found,
            };
            Answer { found, diags }
        }
    }
}

/// The state after a create that failed: the arguments as planned, and null where nothing is known.
fn partial(change: Change<'_>, schema: &Schema, planned: &Object, private: Vec<u8>) -> Found {
    Found {
        object: values::without_write_only(schema, nulled(schema, planned.clone())),
        private,
        identity: change.identity.cloned(),
    }
}

/// The state after a create or an update: the arguments as planned, the outputs as they are.
fn settled<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: Change<'_>,
    planned: &Object,
    applied: &Applied<R>,
) -> Answer {
    let mut diags = Diags::new();
    let mut object = planned.clone();
    let mut outputs = applied.output.encode_object();
    for attribute in &schema.attributes {
        let Some(new) = outputs.remove(attribute.name) else { continue };
        let Some(was) = planned.get(attribute.name).filter(|was| !was.is_wholly_known()) else {
            // The user has seen this value in the plan, and other resources use it; a newer one waits for the next refresh.
            continue;
        };
        if !was.can_become(&new, &attribute.shape.ty()) {
            let text = format!("`{}` after apply contradicts the known parts of its planned value", attribute.name);
            diags.push(Diag::bug(text).at(attribute.name));
        }
        object.insert(attribute.name.to_owned(), new);
    }
    diags.extend(still_unknown(&object, "apply"));
    let object = values::without_write_only(schema, nulled(schema, object));
    let private = encode_private::<R>(&applied.private).unwrap_or_else(|bugs| {
        diags.extend(bugs);
        change.private.to_vec()
    });
    let identity = change.identity.cloned().or_else(|| {
        let state = state::<R>(&object, &private).ok()?;
        identity_of(resource, cx, &state)
    });
    Answer { found: Some(Found { object, private, identity }), diags }
}

fn imported_answer<R: Resource>(imported: crate::resource::Imported<R>) -> Result<Answer, Diags> {
    let attributes = R::Input::attributes().into_iter().chain(R::Output::attributes());
    let mut known = imported.attributes.into_object();
    let object: Object =
        attributes.map(|part| (part.name.to_owned(), known.remove(part.name).unwrap_or(Value::Null))).collect();
    let private = encode_private::<R>(&imported.private)?;
    Ok(Answer { found: Some(Found { object, private, identity: None }), diags: Diags::new() })
}

fn identity_of<R: Resource>(resource: &R, cx: &R::Context, state: &State<R>) -> Option<Object> {
    if R::Identity::attributes().is_empty() {
        return None;
    }
    Resource::identity(resource, cx, state).map(|identity| identity.encode_object())
}

fn state<R: Resource>(object: &Object, private: &[u8]) -> Result<State<R>, Diags> {
    let private = decode_private::<R>(private)?;
    let output = Config::new(object).decode::<R::Output>();
    match Config::new(object).decode::<R::Input>() {
        Some(input) => Ok(State { input, output, private }),
        None => Err(Config::new(object).mistakes::<R::Input>()),
    }
}

fn encode_state<R: Resource>(schema: &Schema, state: &State<R>, prior: &Object) -> Object {
    let mut object = prior.clone();
    object.extend(state.input.encode_object());
    if let Some(output) = &state.output {
        object.extend(output.encode_object());
    }
    values::without_write_only(schema, values::prefer_all(&schema.attributes, prior, object))
}

fn decode_private<R: Resource>(bytes: &[u8]) -> Result<R::Private, Diags> {
    if bytes.is_empty() {
        return Ok(R::Private::default());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        Diag::error("Unreadable private data")
            .detail(format!("The state of this {} holds data that this version cannot read.", R::TYPE))
            .cause(&error)
            .hint("use the version of the provider that wrote the state, or import the object anew")
            .into()
    })
}

fn encode_private<R: Resource>(private: &R::Private) -> Result<Vec<u8>, Diags> {
    serde_json::to_vec(private)
        .map_err(|error| Diag::bug(format!("the private data cannot be written: {error}")).into())
}

/// The object without unknowns, which no state may hold.
fn nulled(schema: &Schema, mut object: Object) -> Object {
    for attribute in &schema.attributes {
        if let Some(value) = object.get_mut(attribute.name).filter(|value| !value.is_wholly_known()) {
            *value = std::mem::take(value).null_unknowns(&attribute.shape.ty());
        }
    }
    object
}

/// Runs `work`; a panic in it becomes a diagnostic, so that the answer with the partial state still goes out.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Diag> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| told(&*panic))
}

/// The same for what answers at once.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Diags>) -> Result<T, Diags> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(told(&*panic).into()))
}

fn told(panic: &(dyn std::any::Any + Send)) -> Diag {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Diag::bug(format!("the provider panicked: {}", text.unwrap_or("no message")))
}

/// Terraform accepts no unknown once something exists.
pub(crate) fn still_unknown(object: &Object, after: &str) -> Diags {
    let unknown = object.iter().filter(|(_, value)| !value.is_wholly_known());
    unknown.map(|(name, _)| Diag::bug(format!("`{name}` is still unknown after {after}")).at(name.as_str())).collect()
}

/// Whether anything of an identity can be left out.
pub(crate) fn is_required(attribute: &Attribute) -> bool {
    attribute.presence == Presence::Required
}

/// The object type of a model.
pub(crate) fn type_of<M: Model>() -> crate::ty::Type {
    <M as Field>::shape().ty()
}
