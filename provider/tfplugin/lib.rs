//! The Terraform plugin protocol, version 6, as Rust types. Independent of any single provider.
//!
//! A resource is a struct of arguments, a struct of computed attributes, and five functions. The structs are the
//! schema. The framework plans, compares values, stores partial states and serves the protocol.
//!
//! # A provider in 60 lines
//!
//! The provider stores notes as files in a folder. The code is complete: `cargo build` makes a binary, and Terraform
//! finds it by the name `terraform-provider-notes`.
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
//!     /// Folder of the notes.
//!     folder: String,
//! }
//!
//! #[derive(Model)]
//! struct Input {
//!     /// Name of the file. A change replaces the note.
//!     #[tf(replace)]
//!     name: String,
//!     /// Text of the note.
//!     text: Option<String>,
//! }
//!
//! #[derive(Model)]
//! #[tf(output)]
//! struct Output {
//!     /// Length of the text in bytes.
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
//!             // Plans do not use the folder. Notes are read and written only if the folder is known.
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
//! - `#[derive(Model)]` turns a struct into a schema. `T` is a required attribute and `Option<T>` an optional one.
//!   Nested structs and `Vec`, `BTreeSet` and `BTreeMap` of them become nested attributes. Doc comments become
//!   descriptions. See [`tfplugin_derive`] for the markers. A type that is a string in Terraform implements [`Text`].
//! - [`Resource`] has more functions with a default: `validate`, `plan`, `plan_destroy`, `import`, `moved`, `upgrade`,
//!   `identity`. [`DataSource`], [`Ephemeral`] and [`Function`] are other traits. All are registered in [`Provider`].
//! - In a plan a value may be unknown, which the types [`Attr`] and [`Draft`] express. `create`, `read`, `update` and
//!   `delete` get known values only.
//! - A failed create reports the remote object with [`ApplyFailure`]. By default the object stays in the state as
//!   tainted, because an orphaned object is worse than a tainted one. A panic has the same effect.
//! - [`Diag`] is a message for the user: summary, detail, hint and attribute.
//! - A `write_only` argument is passed to `create` and `update` and is never part of an answer. Add a version argument
//!   for it, because Terraform cannot detect a change of a write-only argument.
//! - The computed attributes of a resource are fields of its output. Set an argument marked `computed` in
//!   [`Resource::plan`], with [`Draft::set`]: the apply cannot set it.
//! - [`host`] runs the process, and [`log`] writes its log, controlled by `TF_LOG`. With `--debug` the binary prints a
//!   line for `TF_REATTACH_PROVIDERS` and keeps running, so that a debugger can attach to it.

/// The derive generates paths that start with `::tfplugin`. This alias makes them valid in the tests of this crate.
#[cfg(test)]
extern crate self as tfplugin;

mod attr;
mod caught;
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

/// Body of a provider's `main`: serves `provider` until Terraform stops it, and returns the exit code.
pub fn serve<P: Provider>(meta: &host::Meta, provider: P) -> std::process::ExitCode {
    host::run(meta, std::env::args_os().skip(1), &host::ProcessEnvironment::of_process(), |work| {
        tonic::service::Routes::new(Service::server(provider, work))
    })
}
