//! Provider of the wire tests. It has no state: every answer depends on its request only.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::{
    AnyDataSource, AnyEphemeral, AnyResource, Applied, ApplyFailure, Arguments, Attr, Config, DataSource, Deferral,
    Diag, Diags, DraftOf, Ephemeral, Field, Function, FunctionError, Host, ImportSource, Imported, Model, MoveSource,
    Number, Opened, Parameter, Partial, Provider, Renewed, RequestContext, Resource, Signature, State, Type, Value,
};

/// True while a create waits for its cancellation.
static WAITING: AtomicBool = AtomicBool::new(false);

pub(super) fn is_waiting() -> bool {
    WAITING.load(Ordering::SeqCst)
}

pub(super) struct Demo;

/// The provider block.
#[derive(Model)]
pub(super) struct Settings {
    /// Region of the storage.
    region: String,
}

impl Provider for Demo {
    const NAME: &'static str = "demo";
    const DESCRIPTION: &'static str = "Crates.";
    type Config = Settings;
    type Context = String;

    fn configure(&self, config: Config<'_, Settings>, _: &Host) -> Result<String, Diags> {
        Ok(config.get(Settings::REGION).known().unwrap_or_default())
    }

    fn resources(&self) -> &'static [&'static dyn AnyResource<String>] {
        &[&Crate]
    }

    fn data_sources(&self) -> &'static [&'static dyn AnyDataSource<String>] {
        &[&Label]
    }

    fn ephemerals(&self) -> &'static [&'static dyn AnyEphemeral<String>] {
        &[&Lease]
    }

    fn functions(&self) -> &'static [&'static dyn Function] {
        &[&Sum, &Same]
    }
}

pub(super) struct Crate;

/// Arguments of a crate.
#[derive(Model)]
pub(super) struct CrateInput {
    /// Name of the crate.
    #[tf(replace)]
    name: String,
    /// Size of the crate.
    #[tf(default = 3)]
    size: Option<u64>,
    /// Weight of the crate.
    weight: Option<Number>,
    /// Lid of the crate.
    lid: Option<Lid>,
    /// Secret that is not stored.
    #[tf(write_only)]
    secret: Option<String>,
}

/// A lid.
#[derive(Model)]
pub(super) struct Lid {
    /// Colour of the lid.
    colour: String,
    /// Number of hinges.
    #[tf(default = 2)]
    hinges: Option<u64>,
}

/// Computed attributes of a crate.
#[derive(Model)]
#[tf(output)]
pub(super) struct CrateOutput {
    /// Region and name.
    #[tf(keep)]
    id: String,
    /// Number of changes.
    revision: u64,
}

/// Identity of a crate.
#[derive(Model)]
pub(super) struct CrateIdentity {
    /// Name of the crate.
    name: String,
    /// Place of the crate.
    region: Option<String>,
}

fn output(region: &str, name: &str) -> CrateOutput {
    CrateOutput { id: format!("{region}/{name}"), revision: 1 }
}

impl Resource for Crate {
    const TYPE: &'static str = "demo_crate";
    const VERSION: i64 = 1;
    const DESCRIPTION: &'static str = "A crate.";
    type Context = String;
    type Input = CrateInput;
    type Output = CrateOutput;
    type Private = u8;
    type Identity = CrateIdentity;

    fn validate(&self, config: Config<'_, Self::Input>) -> Diags {
        match config.get(CrateInput::NAME) {
            Attr::Known(name) if name.is_empty() => {
                Diag::error("Empty name").detail("Expected a name.").hint("think of one").at(CrateInput::NAME).into()
            }
            _ => Diags::new(),
        }
    }

    async fn plan(&self, _: &String, draft: &mut DraftOf<'_, Self>, _: &RequestContext) -> Diags {
        if draft.config(CrateInput::WEIGHT).is_unknown() {
            draft.defer(Deferral::ResourceConfigUnknown);
        }
        Diags::new()
    }

    async fn create(
        &self,
        region: &String,
        input: CrateInput,
        call: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        let applied = Applied { output: output(region, &input.name), private: 7 };
        match input.name.as_str() {
            "panic" => panic!("as the name says"),
            "endless" => {
                WAITING.store(true, Ordering::SeqCst);
                call.cancel.cancelled().await;
                Err(ApplyFailure::known(Diag::error("Interrupted"), applied))
            }
            _ => Ok(applied),
        }
    }

    async fn read(&self, _: &String, prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        Ok(Some(prior))
    }

    async fn update(
        &self,
        _: &String,
        prior: State<Self>,
        _: CrateInput,
        _: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        let output = prior.output.ok_or_else(|| Diag::bug("no output"))?;
        Ok(Applied { output, private: prior.private })
    }

    async fn delete(&self, _: &String, _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        Ok(())
    }

    async fn import(
        &self,
        _: &String,
        source: ImportSource<Self>,
        _: &RequestContext,
    ) -> Result<Imported<Self>, Diags> {
        let name = match source {
            ImportSource::Id(name) => name,
            ImportSource::Identity(identity) => identity.name,
        };
        Ok(Imported { attributes: Partial::new().with(CrateInput::NAME, &name), private: 7 })
    }

    fn moved(&self, source: MoveSource) -> Result<Option<Imported<Self>>, Diags> {
        let label = source.state.get("label").and_then(serde_json::Value::as_str).unwrap_or_default();
        let attributes = Partial::new().with(CrateInput::NAME, &label.to_owned());
        Ok((source.type_name == "other_box").then_some(Imported { attributes, private: 7 }))
    }

    fn upgrade(&self, _: i64, state: serde_json::Value) -> Result<serde_json::Value, Diags> {
        Ok(state)
    }

    fn identity(&self, region: &String, state: &State<Self>) -> Option<CrateIdentity> {
        Some(CrateIdentity { name: state.input.name.clone(), region: Some(region.clone()) })
    }
}

struct Label;

/// Arguments of a label.
#[derive(Model)]
pub(super) struct LabelInput {
    /// The name of a crate.
    name: String,
    /// Text at the end of the label.
    #[tf(default = "!")]
    suffix: Option<String>,
}

/// Result of a label.
#[derive(Model)]
#[tf(output)]
pub(super) struct LabelOutput {
    /// The label.
    label: String,
}

impl DataSource for Label {
    const TYPE: &'static str = "demo_label";
    const DESCRIPTION: &'static str = "The label of a crate.";
    type Context = String;
    type Input = LabelInput;
    type Output = LabelOutput;

    async fn read(&self, region: &String, input: LabelInput, _: &RequestContext) -> Result<LabelOutput, Diags> {
        Ok(LabelOutput { label: format!("{region}/{}{}", input.name, input.suffix.unwrap_or_default()) })
    }
}

struct Lease;

/// Arguments of a lease.
#[derive(Model)]
pub(super) struct LeaseInput {
    /// The name of a crate.
    name: String,
}

/// Result of a lease.
#[derive(Model)]
#[tf(output)]
pub(super) struct LeaseOutput {
    /// The token.
    #[tf(sensitive)]
    token: String,
}

impl Ephemeral for Lease {
    const TYPE: &'static str = "demo_lease";
    const DESCRIPTION: &'static str = "Borrows a crate.";
    type Context = String;
    type Input = LeaseInput;
    type Output = LeaseOutput;
    type Private = String;

    async fn open(&self, _: &String, input: LeaseInput, _: &RequestContext) -> Result<Opened<Self>, Diags> {
        let renew_at = Timestamp::new(1_800_000_000, 5).ok();
        Ok(Opened { output: LeaseOutput { token: "t".to_owned() }, renew_at, private: input.name })
    }

    async fn renew(&self, _: &String, private: String, _: &RequestContext) -> Result<Renewed<Self>, Diags> {
        Ok(Renewed { renew_at: Timestamp::new(1_800_000_060, 0).ok(), private: format!("{private} again") })
    }

    async fn close(&self, _: &String, private: String, call: &RequestContext) -> Result<(), Diags> {
        call.warn(Diag::warning("Closed").detail(private));
        Ok(())
    }
}

struct Sum;

impl Function for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![Parameter::of::<u64>("first", "The first.")],
            variadic: Some(Parameter::of::<Number>("more", "The others.")),
            returns: Type::String,
            summary: "Counts",
            description: "Counts its arguments.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        let first: u64 = arguments.get(0)?;
        assert!(first != 13, "bad luck");
        Ok(format!("{first} and {} more", arguments.len() - 1).encode())
    }
}

struct Same;

impl Function for Same {
    fn name(&self) -> &'static str {
        "same"
    }

    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![Parameter::of::<String>("text", "A text.")],
            variadic: None,
            returns: Type::String,
            summary: "The same",
            description: "Answers its argument.",
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Value, FunctionError> {
        Ok(Value::string(arguments.get::<String>(0)?))
    }
}
