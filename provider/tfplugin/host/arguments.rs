//! Command line options for users, and their output.
//!
//! Terraform passes no arguments. This module is for users who run the binary directly.

use std::ffi::OsString;

use super::Meta;

/// Request of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// No arguments: the process expects a host.
    Serve,
    /// `--debug`: one process, started by the user, serves several Terraform commands.
    Debug,
    /// `--version`.
    Version,
    /// `--help`.
    Help,
    /// Unknown argument.
    Unknown(String),
}

impl Command {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut command = Self::Serve;
        for argument in arguments {
            let text = argument.to_string_lossy();
            match text.trim_start_matches('-') {
                _ if !text.starts_with('-') => return Self::Unknown(text.into_owned()),
                "h" | "help" => return Self::Help,
                "V" | "v" | "version" => return Self::Version,
                "debug" => command = Self::Debug,
                _ => return Self::Unknown(text.into_owned()),
            }
        }
        command
    }
}

/// Answer to `--version`.
pub(crate) fn version(meta: &Meta) -> String {
    format!("terraform-provider-{} {} (plugin protocol 6)\n", meta.name, meta.version)
}

/// Answer to `--help`.
pub(crate) fn help(meta: &Meta) -> String {
    format!(
        "terraform-provider-{name} {version}\n\
         \n\
         This is a plugin for Terraform and OpenTofu, which start it. To use it, name it in a configuration:\n\
         \n\
         {block}\
         \n\
         and run `terraform init`. Options for users who run it directly:\n\
         \n  \
         --version  print the version and end\n  \
         --debug    wait for Terraform and print the TF_REATTACH_PROVIDERS line that points it here\n  \
         --help     print this text and end\n",
        name = meta.name,
        version = meta.version,
        block = required_providers(meta),
    )
}

/// Message on stderr if the binary is run without a host.
pub(crate) fn start_without_host(meta: &Meta) -> String {
    format!(
        "This is terraform-provider-{name} {version}, a plugin for Terraform and OpenTofu, which start it. It cannot be used directly.\n\
         \n\
         Name it in a configuration and run `terraform init`:\n\
         \n\
         {block}\
         \n\
         `terraform-provider-{name} --help` lists the options for users.\n",
        name = meta.name,
        version = meta.version,
        block = required_providers(meta),
    )
}

/// Answer to an unknown argument.
pub(crate) fn unknown(meta: &Meta, argument: &str) -> String {
    format!("unknown argument {argument:?}; `terraform-provider-{} --help` lists the supported arguments\n", meta.name)
}

/// Configuration block that makes Terraform load this provider. The hostname of the public registry is the default of
/// Terraform, so it is omitted.
fn required_providers(meta: &Meta) -> String {
    let source = meta.registry_address.split_once('/').map_or(meta.registry_address, |(_, rest)| rest);
    format!(
        "  terraform {{\n    required_providers {{\n      {} = {{ source = \"{source}\" }}\n    }}\n  }}\n",
        meta.name
    )
}

#[cfg(test)]
mod tests;
