//! Tests of the plan pipeline and of the checks in apply, with one small resource.

mod guard;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Mutex;

use crate::managed::ResourceChange;
use crate::schema::Schema;
use crate::{
    AnyResource, Applied, ApplyFailure, Attr, Diag, Diags, DraftOf, Left, Model, Number, ObjectValue, RequestContext,
    Resource, State, Text, Value,
};

/// Minutes, written as `90m` or `5400s`: two strings with the same meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Minutes(u32);

impl FromStr for Minutes {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_suffix('s') {
            Some(seconds) => Ok(Self(seconds.parse::<u32>()? / 60)),
            None => Ok(Self(text.trim_end_matches('m').parse()?)),
        }
    }
}

impl std::fmt::Display for Minutes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}m", self.0)
    }
}

/// Size with computed parts.
#[derive(Model)]
struct Size {
    /// Width.
    #[tf(computed)]
    width: Option<u64>,
    /// Height.
    #[tf(computed)]
    height: Option<u64>,
}

/// Arguments.
#[derive(Model)]
struct Input {
    /// The name.
    ///
    /// A second paragraph
    /// on two lines.
    #[tf(replace)]
    name: String,
    /// Lifetime.
    ttl: Option<Text<Minutes>>,
    /// Count.
    #[tf(default = 3)]
    count_of: Option<u64>,
    /// Size.
    #[tf(computed)]
    size: Option<Size>,
    /// Tags.
    tags: Option<BTreeSet<String>>,
    /// Never stored.
    #[tf(write_only)]
    secret: Option<String>,
}

/// Computed attributes.
#[derive(Model)]
#[tf(output)]
struct Output {
    /// Fixed at creation.
    #[tf(keep)]
    id: String,
    /// Follows the lifetime.
    #[tf(with = "Input::ttl, Input::count_of")]
    expires: String,
    /// Always new.
    revision: u64,
}

#[derive(Default)]
struct Thing {
    outcome: Mutex<Outcome>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Outcome {
    #[default]
    Fine,
    Panics,
    FailsUnsure,
    FailsBefore,
    FailsWithPart,
}

impl Resource for Thing {
    const TYPE: &'static str = "test_thing";
    const DESCRIPTION: &'static str = "A thing.";
    type Context = ();
    type Input = Input;
    type Output = Output;
    type Private = BTreeMap<String, String>;
    type Identity = ();

    async fn plan(&self, (): &(), draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        if let Attr::Known(name) = draft.config(Input::NAME) {
            draft.set(Output::ID, Attr::Known(format!("id-{name}")));
        }
        let size = match draft.configuration().nested(Input::SIZE) {
            Some(size) => size.get(Size::WIDTH).map(|width| Size { width: Some(width), height: Some(width * 2) }),
            None => Attr::Known(Size { width: Some(1), height: Some(2) }),
        };
        draft.set(Input::SIZE, size);
        Diags::new()
    }

    async fn create(&self, (): &(), input: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
        let made = Applied {
            output: Output { id: format!("id-{}", input.name), expires: "soon".to_owned(), revision: 1 },
            private: BTreeMap::from([("seen".to_owned(), input.secret.map_or(0, |secret| secret.len()).to_string())]),
        };
        let outcome = *self.outcome.lock().unwrap();
        match outcome {
            Outcome::Fine => Ok(made),
            Outcome::Panics => panic!("unexpected panic"),
            Outcome::FailsUnsure => Err(Diag::error("The server did not answer").into()),
            Outcome::FailsBefore => Err(ApplyFailure::nothing(Diag::error("Refused"))),
            Outcome::FailsWithPart => Err(ApplyFailure { diags: Diag::error("Half").into(), left: Left::Known(made) }),
        }
    }

    async fn read(&self, (): &(), prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        Ok(Some(prior))
    }

    async fn update(
        &self,
        (): &(),
        prior: State<Self>,
        _: Input,
        _: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        if *self.outcome.lock().unwrap() == Outcome::FailsUnsure {
            return Err(Diag::error("The server did not answer").into());
        }
        let output = prior.output.expect("the test always has outputs");
        Ok(Applied { output: Output { revision: output.revision + 1, ..output }, private: prior.private })
    }

    async fn delete(&self, (): &(), _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        match *self.outcome.lock().unwrap() {
            Outcome::FailsUnsure => Err(Diag::error("Still there").into()),
            _ => Ok(()),
        }
    }
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn number(number: i64) -> Value {
    Value::Number(Number::from_i64(number))
}

fn config(set: &[(&str, Value)]) -> ObjectValue {
    let mut object = AnyResource::<()>::schema(&Thing::default()).empty();
    for (name, value) in set {
        object.insert((*name).to_owned(), value.clone());
    }
    object
}

fn schema() -> Schema {
    AnyResource::<()>::schema(&Thing::default())
}

async fn planned(config: &ObjectValue, prior: Option<&ObjectValue>) -> (ObjectValue, Vec<String>) {
    let thing = Thing::default();
    let change = ResourceChange { prior, planned: Some(config), config, private: &[], identity: None };
    let answer = AnyResource::plan_change(&thing, &(), &schema(), change, &RequestContext::default()).await;
    assert!(answer.diags.is_empty(), "{:?}", answer.diags);
    (answer.planned.expect("there is a plan").object, answer.replace.iter().map(ToString::to_string).collect())
}

async fn applied(thing: &Thing, config: &ObjectValue, prior: Option<&ObjectValue>) -> crate::StateAnswer {
    let (plan, _) = planned(config, prior).await;
    let change = ResourceChange { prior, planned: Some(&plan), config, private: &[], identity: None };
    AnyResource::apply_change(thing, &(), &schema(), change, &RequestContext::default()).await
}

async fn made(config: &ObjectValue) -> ObjectValue {
    let answer = applied(&Thing::default(), config, None).await;
    assert!(answer.diags.is_empty(), "{:?}", answer.diags);
    answer.state.unwrap().object
}

#[tokio::test]
async fn create_plans_known_values_and_marks_the_others_unknown() {
    let (plan, replace) = planned(&config(&[("name", text("a")), ("secret", text("hidden"))]), None).await;
    assert_eq!(plan["id"].as_str(), Some("id-a"));
    assert_eq!(plan["count_of"], number(3), "the default");
    assert!(plan["expires"].is_unknown() && plan["revision"].is_unknown());
    assert!(plan["secret"].is_null(), "a plan contains no write-only value");
    assert!(plan["ttl"].is_null() && plan["tags"].is_null());
    assert_eq!(plan["size"], Value::map([("width", number(1)), ("height", number(2))]));
    assert!(replace.is_empty());
}

#[tokio::test]
async fn configured_parts_of_an_object_stay_and_the_others_are_planned() {
    let half = Value::map([("width", number(5)), ("height", Value::Null)]);
    let (plan, _) = planned(&config(&[("name", text("a")), ("size", half)]), None).await;
    assert_eq!(plan["size"], Value::map([("width", number(5)), ("height", number(10))]));

    let unknown = Value::map([("width", Value::unknown()), ("height", Value::Null)]);
    let (plan, _) = planned(&config(&[("name", text("a")), ("size", unknown)]), None).await;
    let size = plan["size"].as_map().expect("a configured object is never wholly unknown");
    assert!(size["width"].is_unknown() && size["height"].is_unknown());
}

#[tokio::test]
async fn unchanged_configuration_plans_no_change() {
    let config = config(&[("name", text("a")), ("ttl", text("90m"))]);
    let state = made(&config).await;
    assert_eq!(planned(&config, Some(&state)).await, (state.clone(), Vec::new()));
}

#[tokio::test]
async fn value_with_the_same_meaning_plans_no_change() {
    let state = made(&config(&[("name", text("a")), ("ttl", text("90m"))])).await;
    let (plan, _) = planned(&config(&[("name", text("a")), ("ttl", text("5400s"))]), Some(&state)).await;
    assert_eq!(plan, state);
}

#[tokio::test]
async fn update_marks_only_dependent_attributes_unknown() {
    let state = made(&config(&[("name", text("a")), ("ttl", text("90m"))])).await;
    let tags = Value::List(vec![text("x")]);
    let (plan, _) = planned(&config(&[("name", text("a")), ("ttl", text("90m")), ("tags", tags)]), Some(&state)).await;
    assert_eq!(plan["id"], state["id"]);
    assert_eq!(plan["expires"], state["expires"], "no argument that it depends on has changed");
    assert!(plan["revision"].is_unknown());
    let (plan, _) = planned(&config(&[("name", text("a")), ("ttl", text("2m"))]), Some(&state)).await;
    assert!(plan["expires"].is_unknown());
}

#[tokio::test]
async fn changed_name_replaces_the_object() {
    let state = made(&config(&[("name", text("a"))])).await;
    let (plan, replace) = planned(&config(&[("name", text("b"))]), Some(&state)).await;
    assert_eq!(replace, ["name"]);
    assert_eq!(plan["name"].as_str(), Some("b"));
}

#[tokio::test]
async fn invalid_value_is_reported_with_its_path_before_the_plan() {
    let thing = Thing::default();
    let config = config(&[("name", text("a")), ("ttl", text("soon"))]);
    let change = ResourceChange { prior: None, planned: Some(&config), config: &config, private: &[], identity: None };
    let answer = AnyResource::plan_change(&thing, &(), &schema(), change, &RequestContext::default()).await;
    let found: Vec<_> =
        answer.diags.iter().map(|diag| (diag.path.as_ref().unwrap().to_string(), diag.summary.clone())).collect();
    assert_eq!(found, [("ttl".to_owned(), "Invalid ttl".to_owned())]);
    assert!(answer.planned.is_none());
}

#[tokio::test]
async fn apply_passes_the_write_only_value_and_does_not_store_it() {
    let answer = applied(&Thing::default(), &config(&[("name", text("a")), ("secret", text("hidden"))]), None).await;
    let found = answer.state.unwrap();
    assert!(found.object["secret"].is_null());
    assert_eq!(found.private, br#"{"seen":"6"}"#);
}

#[tokio::test]
async fn failed_create_keeps_an_object_that_may_exist() {
    for (outcome, kept, id) in [
        (Outcome::FailsUnsure, true, Some("id-a")),
        (Outcome::Panics, true, Some("id-a")),
        (Outcome::FailsWithPart, true, Some("id-a")),
        (Outcome::FailsBefore, false, None),
    ] {
        let thing = Thing { outcome: Mutex::new(outcome) };
        let answer = applied(&thing, &config(&[("name", text("a")), ("secret", text("hidden"))]), None).await;
        assert!(answer.diags.has_errors());
        assert_eq!(answer.state.is_some(), kept);
        if let Some(found) = answer.state {
            assert_eq!(found.object["id"].as_str(), id);
            assert!(found.object.values().all(Value::is_wholly_known), "core refuses unknowns in a state");
            assert!(found.object["secret"].is_null());
        }
    }
}

#[tokio::test]
async fn panic_is_reported_as_a_bug() {
    let thing = Thing { outcome: Mutex::new(Outcome::Panics) };
    let answer = applied(&thing, &config(&[("name", text("a"))]), None).await;
    let diag = answer.diags.iter().next().unwrap();
    assert_eq!(diag.summary, "Bug in the provider");
    assert!(diag.detail.contains("unexpected panic"));
}

#[tokio::test]
async fn failed_update_or_delete_keeps_the_prior_state() {
    let thing = Thing { outcome: Mutex::new(Outcome::FailsUnsure) };
    let before = config(&[("name", text("a"))]);
    let state = made(&before).await;
    let after = config(&[("name", text("a")), ("ttl", text("1m"))]);
    let answer = applied(&thing, &after, Some(&state)).await;
    assert_eq!(answer.state.unwrap().object, state);
    let change = ResourceChange { prior: Some(&state), planned: None, config: &after, private: b"{}", identity: None };
    let answer = AnyResource::apply_change(&thing, &(), &schema(), change, &RequestContext::default()).await;
    assert!(answer.diags.has_errors());
    assert_eq!(answer.state.unwrap().object, state);
}

#[test]
fn struct_defines_the_schema() {
    let schema = AnyResource::<()>::schema(&Thing::default());
    assert!(schema.mistakes().is_empty(), "{:?}", schema.mistakes());
    let name = &schema.attributes[0];
    assert_eq!((name.name, name.description), ("name", "The name.\n\nA second paragraph on two lines."));
    assert!(name.replace);
    let found: Vec<_> = schema.attributes.iter().map(|attribute| (attribute.name, attribute.presence)).collect();
    use crate::schema::Presence::*;
    assert_eq!(
        found,
        [
            ("name", Required),
            ("ttl", Optional),
            ("count_of", OptionalComputed),
            ("size", OptionalComputed),
            ("tags", Optional),
            ("secret", Optional),
            ("id", Computed),
            ("expires", Computed),
            ("revision", Computed),
        ]
    );
}
