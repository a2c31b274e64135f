//! Terraform provider EoD: the process that Terraform starts.

use std::process::ExitCode;

use eod_resources::Eod;
use tfplugin::host::Meta;

fn main() -> ExitCode {
    let meta = Meta {
        name: "eod",
        registry_address: "registry.terraform.io/environment-on-demand/eod",
        version: env!("CARGO_PKG_VERSION"),
        silent: &eod_resources::SILENT_LOG_TARGETS,
    };
    tfplugin::serve(&meta, Eod::of_process())
}
