//! Example of a provider of a third party, with faults that a configuration selects.
//!
//! The provider stores its things in a JSON file. The provider block sets the path, so that a test can read the stored
//! things and change them outside of Terraform. The argument `misbehave` of a thing selects a fault.
#![allow(clippy::panic, reason = "a provider that panics is one of the things to be shown")]

mod functions;
mod lookup;
mod old_thing;
mod store;
mod thing;
mod token;

use std::process::ExitCode;

use tfplugin::host::Meta;
use tfplugin::{AnyDataSource, AnyEphemeral, AnyResource, Attr, Config, Diags, Function, Host, Model, Provider};

use crate::functions::{Boom, OrElse, Shout, Sum};
use crate::lookup::Lookup;
use crate::old_thing::OldThing;
use crate::store::Store;
use crate::thing::Thing;
use crate::token::Token;

/// The provider.
struct Test;

/// Arguments of the provider block.
#[derive(Model)]
struct Settings {
    /// Path of the JSON file with the things.
    file: String,
}

impl Provider for Test {
    const NAME: &'static str = "test";
    const DESCRIPTION: &'static str = "Things in a file, with faults on demand.";
    type Config = Settings;
    type Context = Store;

    fn configure(&self, config: Config<'_, Settings>, _: &Host) -> Result<Store, Diags> {
        Ok(match config.get(Settings::FILE) {
            Attr::Known(file) => Store::at(file),
            // A plan does not need the file.
            Attr::Unknown | Attr::Null => Store::nowhere(),
        })
    }

    fn resources(&self) -> &'static [&'static dyn AnyResource<Store>] {
        &[&Thing, &OldThing]
    }

    fn data_sources(&self) -> &'static [&'static dyn AnyDataSource<Store>] {
        &[&Lookup]
    }

    fn ephemerals(&self) -> &'static [&'static dyn AnyEphemeral<Store>] {
        &[&Token]
    }

    fn functions(&self) -> &'static [&'static dyn Function] {
        &[&Shout, &OrElse, &Sum, &Boom]
    }
}

fn main() -> ExitCode {
    let meta =
        Meta { name: "test", registry_address: "registry.terraform.io/example/test", version: "1.0.0", silent: &[] };
    tfplugin::serve(&meta, Test)
}
