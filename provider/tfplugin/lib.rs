//! The Terraform plugin protocol, version 6, as Rust types: everything a provider needs and nothing of any provider.
//!
//! A resource is a struct for what the user writes, a struct for what is computed, and five functions. The structs are
//! the schema; the framework plans, compares, keeps partial states and talks to Terraform.
//!
//! # A provider in 60 lines
//!
//! It keeps notes as files in a folder. This is all of it; `cargo build` makes a binary, which Terraform finds where it
//! is called `terraform-provider-notes`.
//!
//! ```no_run
//! use std::{fs, io, path::PathBuf, process::ExitCode};
//! use tfplugin::{
//!     AnyResource, Applied, Attr, RequestContext, Config, Diag, Diags, ApplyFailure, Host, Model, Provider, Resource, State, host::Meta,
//! };
//!
//! struct Notes;
//! struct Note;
//!
//! #[derive(Model)]
//! struct Settings {
//!     /// Where the notes are.
//!     folder: String,
//! }
//!
//! #[derive(Model)]
//! struct Input {
//!     /// The file's name. Another name is another note.
//!     #[tf(replace)]
//!     name: String,
//!     /// What it says.
//!     text: Option<String>,
//! }
//!
//! #[derive(Model)]
//! #[tf(output)]
//! struct Output {
//!     /// How long the text is, in bytes.
//!     #[tf(with = "Input::text")]
//!     length: u64,
//! }
//!
//! fn write(folder: &PathBuf, input: &Input) -> Result<Applied<Note>, Diag> {
//!     let text = input.text.as_deref().unwrap_or_default();
//!     fs::write(folder.join(&input.name), text).map_err(|error| Diag::error("Cannot write the note").cause(&error))?;
//!     Ok(Applied { output: Output { length: text.len() as u64 }, private: () })
//! }
//!
//! impl Resource for Note {
//!     const TYPE: &'static str = "notes_note";
//!     const DESCRIPTION: &'static str = "A note in a file.";
//!     type Context = PathBuf; type Input = Input; type Output = Output; type Private = (); type Identity = ();
//!
//!     async fn create(&self, folder: &PathBuf, input: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
//!         Ok(write(folder, &input)?)
//!     }
//!     async fn read(&self, folder: &PathBuf, prior: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
//!         match fs::read_to_string(folder.join(&prior.input.name)) {
//!             Ok(text) => {
//!                 let output = Some(Output { length: text.len() as u64 });
//!                 let text = if text.is_empty() { None } else { Some(text) };
//!                 Ok(Some(State { input: Input { text, ..prior.input }, output, private: () }))
//!             }
//!             Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
//!             Err(error) => Err(Diag::error("Cannot read the note").cause(&error).into()),
//!         }
//!     }
//!     async fn update(&self, folder: &PathBuf, _: State<Self>, input: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
//!         Ok(write(folder, &input)?)
//!     }
//!     async fn delete(&self, folder: &PathBuf, prior: State<Self>, _: &RequestContext) -> Result<(), Diags> {
//!         match fs::remove_file(folder.join(&prior.input.name)) {
//!             Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Diag::error("Cannot delete it").cause(&error).into()),
//!             _ => Ok(()),
//!         }
//!     }
//! }
//!
//! impl Provider for Notes {
//!     const NAME: &'static str = "notes";
//!     const DESCRIPTION: &'static str = "Notes in files.";
//!     type Config = Settings; type Context = PathBuf;
//!
//!     fn configure(&self, config: Config<'_, Settings>, _: &Host) -> Result<PathBuf, Diags> {
//!         match config.get(Settings::FOLDER) {
//!             Attr::Known(folder) => Ok(folder.into()),
//!             // Plans are made all the same; nothing is read or written before the folder is known.
//!             Attr::Unknown | Attr::Null => Ok(PathBuf::new()),
//!         }
//!     }
//!     fn resources(&self) -> &'static [&'static dyn AnyResource<PathBuf>] { &[&Note] }
//! }
//!
//! fn main() -> ExitCode {
//!     let meta = Meta { name: "notes", registry_address: "registry.terraform.io/example/notes", version: "1.0.0", silent: &[] };
//!     tfplugin::serve(&meta, Notes)
//! }
//! ```
//!
//! # The parts
//!
//! - `#[derive(Model)]` turns a struct into a schema: `T` must be set, `Option<T>` may be, nested structs and `Vec`,
//!   `BTreeSet` and `BTreeMap` of them become nested attributes, doc comments become descriptions. The markers are listed
//!   at [`tfplugin_derive`]. A type of your own that is a text in Terraform is a [`Text`].
//! - [`Resource`] has more functions with a default: `validate`, `plan`, `plan_destroy`, `import`, `moved`, `upgrade`,
//!   `identity`. [`DataSource`], [`Ephemeral`] and [`Function`] stand beside it, each registered in [`Provider`].
//! - While a plan is made a value may be unknown; [`Attr`] and [`Draft`] say so in their types. `create` and the others get
//!   values that are known.
//! - A create that fails says with [`ApplyFailure`] what is left. Where it says nothing, the object stays in the state, marked as
//!   to be replaced, because an orphan is worse than a taint. A panic is treated alike.
//! - [`Diag`] is what the user reads: summary, detail, hint and the attribute to blame.
//! - A `write_only` argument reaches `create` and `update` and no answer. Give it a version argument beside it, because
//!   nobody can see that it changed.
//! - What a resource computes stands in its output. An argument marked `computed` has to be settled in
//!   [`Resource::plan`], with [`Draft::set`]: nothing can be put into it after the apply.
//! - [`host`] is the process around it, and [`log`] what it tells under `TF_LOG`. With `--debug` the binary prints a line
//!   for `TF_REATTACH_PROVIDERS` and stays, so that it can be run in a debugger.

/// The derive speaks of `::tfplugin`, also where this crate's own tests use it.
#[cfg(test)]
extern crate self as tfplugin;

mod attr;
mod caught;
#[cfg(test)]
mod codec_tests;
mod config;
mod data_source;
mod diag;
mod draft;
mod ephemeral;
mod field;
mod function;
pub mod host;
mod known;
pub mod log;
mod managed;
mod model;
mod number;
mod path;
mod plan;
mod process_environment;
mod provider;
mod request_context;
mod resource;
mod rpc;
pub mod schema;
mod service;
mod ty;
mod value;
mod values;

pub mod json;
pub mod msgpack;

pub use attr::Attr;
pub use config::{Config, ObjectValue, Partial};
pub use data_source::{AnyDataSource, DataAnswer, DataSource};
pub use diag::{Diag, Diags, Severity};
pub use draft::{Deferral, Draft};
pub use ephemeral::{AnyEphemeral, Ephemeral, Lease, Opened, Renewed};
pub use field::{EMPTY_STRING_HINT, Text};
pub use function::{Arguments, Function, FunctionError, Parameter, Signature};
pub use managed::{AnyResource, EncodedState, PlanAnswer, ResourceChange, StateAnswer};
pub use model::{Decoder, Field, Flattens, InputRole, Key, Model, ModelOf, OutputRole, Role};
pub use number::{Number, NumberError};
pub use path::{Path, Step};
pub use provider::{Host, Provider};
pub use request_context::{Capabilities, RequestContext};
pub use resource::{Applied, ApplyFailure, DraftOf, ImportSource, Imported, Left, MoveSource, Resource, State};
pub use service::Service;
pub use tfplugin_derive::Model;
pub use ty::{Type, TypeError};
pub use value::{DecodeError, DecodeReason, Dynamic, EncodeError, EncodeReason, Unknown, Value, nfc};

/// The whole of a provider's `main`: serves `provider` until Terraform is done with it, and returns the exit code.
pub fn serve<P: Provider>(meta: &host::Meta, provider: P) -> std::process::ExitCode {
    host::run(meta, std::env::args_os().skip(1), &host::ProcessEnvironment::of_process(), |work| {
        tonic::service::Routes::new(Service::server(provider, work))
    })
}
