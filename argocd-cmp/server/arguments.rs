//! Command line of `eod-cmp`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use eod_render::{RawParameter, RawValue};
use tracing::level_filters::LevelFilter;

use crate::log::LogFormat;
use crate::socket::PluginName;

/// Exit codes, shown by `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  refused or failed; nothing is written to stdout
  2  invalid command line";

/// Render preview environments for Argo CD, and locally for developers.
#[derive(Debug, Parser)]
#[command(name = "eod-cmp", version, args_override_self = true, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: CmpCommand,
}

/// Command with its options.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub(crate) enum CmpCommand {
    /// Serve the plugin's socket in the sidecar of Argo CD's repo-server.
    #[command(after_help = "Example:\n  eod-cmp serve --policy /etc/eod/policy.yaml --renders 4")]
    Serve(Box<ServeArguments>),
    /// Print the manifests of the working directory, under argocd-cmp-server.
    #[command(after_help = "\
Argo CD sets the Application and its parameters in the environment (ARGOCD_APP_*).

Example:
  eod-cmp generate --policy /etc/eod/policy.yaml")]
    Generate(SidecarArguments),
    /// Print the parameters that Applications may set, as JSON for argocd-cmp-server.
    #[command(after_help = "Example:\n  eod-cmp parameters")]
    Parameters,
    /// Print `eod` if the parameters of an Application are those of this plugin.
    #[command(after_help = "\
The parameters are read from the environment variable ARGOCD_APP_PARAMETERS.

Example:
  eod-cmp discover")]
    Discover,
    /// Print the manifests of a local directory as a preview would have them.
    #[command(after_help = "\
If a parameter is set several times, the last value is used.

Example:
  eod-cmp render --path deploy/preview --policy policy.yaml --project previews \\
    --parameter environment=shop-pr-1 --parameter-map images.shop=registry.acme.internal/shop:main")]
    Render(Box<RenderArguments>),
    /// Work with policy files.
    #[command(after_help = "Example:\n  eod-cmp policy check policy.yaml")]
    Policy {
        /// Command for policy files.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Print everything to add to Argo CD: settings, policy, sidecar, project and ApplicationSet.
    #[command(after_help = "\
The output is one file per document. The comment at the head of each document has its file name and its command. The
documents cannot be applied together: the policy is not a Kubernetes object, and some files are patches.

With `--format helm-values` the output is a values file of the community chart `argo-cd`.

Example:
  eod-cmp init > eod.yaml
  eod-cmp init --format helm-values > eod-values.yaml")]
    Init {
        /// Format of the output.
        #[arg(long, value_enum, default_value_t)]
        format: InitFormat,
    },
    /// Print the completions of a shell.
    #[command(after_help = "Example:\n  eod-cmp completions bash > /etc/bash_completion.d/eod-cmp")]
    Completions {
        /// Name of the shell.
        shell: Shell,
    },
}

/// Formats of `init`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum InitFormat {
    /// Files and patches, one document each.
    #[default]
    Manifests,
    /// Values of the community chart `argo-cd`, without Secrets.
    HelmValues,
}

/// Command for policy files.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file and print every error.
    #[command(after_help = "Example:\n  eod-cmp policy check policy.yaml")]
    Check {
        /// Path of the policy file.
        file: PathBuf,
    },
}

/// Options of `serve`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub(crate) struct ServeArguments {
    /// Options of all commands in the sidecar.
    #[command(flatten)]
    pub(crate) sidecar: SidecarArguments,
    /// Directory of repo-server for the sockets of plugins.
    #[arg(long = "socket-dir", value_name = "DIR", default_value = "/home/argocd/cmp-server/plugins")]
    pub(crate) socket_directory: PathBuf,
    /// Name of the plugin, which must contain an `@`.
    #[arg(long, value_name = "NAME", default_value = "eod@v1")]
    pub(crate) name: PluginName,
    /// Address of health and metrics, or `none`.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9477")]
    pub(crate) http: HttpAddress,
    /// Size of the cache of manifests, such as `64Mi`.
    #[arg(long = "cache", value_name = "SIZE", default_value = "64Mi", value_parser = parse_size)]
    pub(crate) cache_bytes: usize,
    /// Maximum number of renders at once [default: number of processors, at least 2].
    #[arg(long, value_name = "N")]
    pub(crate) renders: Option<NonZeroUsize>,
    /// Maximum number of helm and kustomize processes at once, each with 80 MB or more [default: number of processors].
    #[arg(long, value_name = "N")]
    pub(crate) tools: Option<NonZeroUsize>,
    /// Maximum number of calls that run or wait; further calls are rejected.
    #[arg(long, value_name = "N", default_value = "512")]
    pub(crate) calls: NonZeroUsize,
    /// User id that may call; may be repeated [default: every user that can open the socket].
    #[arg(long = "peer-uid", value_name = "UID")]
    pub(crate) peer_users: Vec<u32>,
    /// Lowest level of the log: `error`, `warn`, `info`, `debug`, `trace` or `off`.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
    /// Format of the log.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// Stop when stdin is closed, so that the process ends with its parent.
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
}

/// Options of the commands in the sidecar.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub(crate) struct SidecarArguments {
    /// Policy file of the platform.
    #[arg(long, value_name = "FILE", default_value = "/etc/eod/policy.yaml")]
    pub(crate) policy: PathBuf,
    /// Tmpfs for the files of helm and kustomize [default: a tmpfs of this machine].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// File with at least 32 secret bytes, the seed of the random values of charts.
    #[arg(long = "seed-file", value_name = "FILE", default_value = DEFAULT_SEED_FILE)]
    pub(crate) seed_file: PathBuf,
    /// Credentials of chart repositories and registries, in the format of Docker's config.json; need not exist.
    #[arg(long = "registry-config", value_name = "FILE", default_value = DEFAULT_REGISTRY_CONFIG)]
    pub(crate) registry_config: PathBuf,
}

/// Options of `render`.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct RenderArguments {
    /// Directory to render.
    #[arg(long, value_name = "DIR")]
    pub(crate) path: PathBuf,
    /// Directory with everything that the render may read [default: root of the git checkout, else the directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Policy file [default: a policy that allows every project and registry, and the domain of the parameter `domain`].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Argo CD project.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PROJECT)]
    pub(crate) project: String,
    /// Name of the Application [default: the namespace].
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Destination namespace [default: the environment's name].
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Parameters of the Application.
    #[command(flatten)]
    pub(crate) parameters: ParameterArguments,
    /// Earlier output; the differences are printed to stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) diff: Option<PathBuf>,
    /// Tmpfs for the files of helm and kustomize [default: a tmpfs of this machine].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// File with at least 32 secret bytes, the seed of the random values of charts.
    #[arg(long = "seed-file", value_name = "FILE", default_value = DEFAULT_SEED_FILE)]
    pub(crate) seed_file: PathBuf,
    /// Credentials of chart repositories and registries, in the format of Docker's config.json; need not exist.
    #[arg(long = "registry-config", value_name = "FILE", default_value = DEFAULT_REGISTRY_CONFIG)]
    pub(crate) registry_config: PathBuf,
}

/// Secret of random values if `--seed-file` is not set.
const DEFAULT_SEED_FILE: &str = "/etc/eod-seed/seed";

/// Credentials of chart repositories if `--registry-config` is not set.
const DEFAULT_REGISTRY_CONFIG: &str = "/etc/eod-registry/config.json";

/// Argo CD project of `render` if `--project` is not set.
const DEFAULT_PROJECT: &str = "default";

/// Address of the HTTP endpoint; none for `none`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HttpAddress(pub(crate) Option<SocketAddr>);

/// Parameters from the options `--parameter`, `--parameter-map` and `--parameter-array`, in any order. The last value
/// of a name is used; entries of a map are merged.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ParameterArguments(pub(crate) Vec<RawParameter>);

/// One option that sets a parameter.
#[derive(Clone, Debug)]
enum ParameterArgument {
    Text { name: String, value: String },
    MapEntry { name: String, key: String, value: String },
    List { name: String, items: Vec<String> },
}

/// Options that set a parameter: id and long name, name of the value, help text and parser.
const PARAMETER_OPTIONS: [(&str, &str, &str, ParameterParser); 3] = [
    ("parameter", "NAME=VALUE", "String parameter; may be repeated", parse_text),
    ("parameter-map", "NAME.KEY=VALUE", "Entry of a map parameter; may be repeated", parse_map_entry),
    ("parameter-array", "NAME=VALUE,VALUE", "Array parameter; may be repeated", parse_list),
];

type ParameterParser = fn(&str) -> Result<ParameterArgument, String>;

impl CmpCommand {
    /// Parses the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// Fails with a usage error, or with the text of `--help` or `--version`.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let program = OsString::from("eod-cmp");
        CommandLine::try_parse_from(std::iter::once(program).chain(arguments)).map(|line| line.command)
    }

    /// Definition of the command line, for completions.
    pub(crate) fn definition() -> clap::Command {
        <CommandLine as clap::CommandFactory>::command()
    }
}

impl ServeArguments {
    /// Maximum number of renders, by default the number of processors. The default is at least 2, so that one render
    /// that waits for a slow chart does not block all others.
    pub(crate) fn renders_or_default(&self) -> usize {
        self.renders.map_or_else(|| processors().max(2), NonZeroUsize::get)
    }

    /// Maximum number of helm and kustomize processes, by default the number of processors.
    pub(crate) fn tools_or_default(&self) -> usize {
        self.tools.map_or_else(processors, NonZeroUsize::get)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

impl FromStr for HttpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let address = text.parse().map_err(|_| "expected an address such as 0.0.0.0:9477, or none".to_owned())?;
        Ok(Self(Some(address)))
    }
}

/// Parses a number of bytes with the suffix `Ki`, `Mi` or `Gi`, or without a suffix.
fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("") => Some(1),
        Some("Ki") => Some(1 << 10),
        Some("Mi") => Some(1 << 20),
        Some("Gi") => Some(1 << 30),
        _ => None,
    };
    let bytes = unit.zip(digits.parse::<usize>().ok()).and_then(|(unit, number)| number.checked_mul(unit));
    bytes.ok_or_else(|| "expected a size such as 64Mi".to_owned())
}

fn parse_text(argument: &str) -> Result<ParameterArgument, String> {
    let (name, value) = split_name(argument).ok_or("expected NAME=VALUE")?;
    Ok(ParameterArgument::Text { name: name.to_owned(), value: value.to_owned() })
}

fn parse_map_entry(argument: &str) -> Result<ParameterArgument, String> {
    let entry = split_name(argument).and_then(|(path, value)| {
        let (name, key) = path.split_once('.').filter(|(name, key)| !name.is_empty() && !key.is_empty())?;
        Some((name.to_owned(), key.to_owned(), value.to_owned()))
    });
    let (name, key, value) = entry.ok_or("expected NAME.KEY=VALUE")?;
    Ok(ParameterArgument::MapEntry { name, key, value })
}

fn parse_list(argument: &str) -> Result<ParameterArgument, String> {
    let (name, value) = split_name(argument).ok_or("expected NAME=VALUE,VALUE")?;
    let items = value.split(',').filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect();
    Ok(ParameterArgument::List { name: name.to_owned(), items })
}

/// Name and value of `NAME=VALUE`.
fn split_name(argument: &str) -> Option<(&str, &str)> {
    argument.split_once('=').filter(|(name, _)| !name.is_empty())
}

impl Args for ParameterArguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        PARAMETER_OPTIONS.iter().fold(command, |command, (option, value_name, help, parser)| {
            let option = Arg::new(*option).long(*option).value_name(*value_name).help(*help);
            command.arg(option.action(ArgAction::Append).value_parser(ValueParser::new(*parser)))
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ParameterArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        // By position on the command line, because the last value of all three options is used.
        let mut by_position = BTreeMap::new();
        for (option, ..) in &PARAMETER_OPTIONS {
            let arguments = matches.get_many::<ParameterArgument>(option).into_iter().flatten();
            by_position.extend(matches.indices_of(option).into_iter().flatten().zip(arguments));
        }
        let mut values: BTreeMap<String, RawValue> = BTreeMap::new();
        for argument in by_position.into_values().cloned() {
            match argument {
                ParameterArgument::Text { name, value } => drop(values.insert(name, RawValue::Text(value))),
                ParameterArgument::List { name, items } => drop(values.insert(name, RawValue::List(items))),
                ParameterArgument::MapEntry { name, key, value } => {
                    let map = values.entry(name).or_insert_with(|| RawValue::Map(BTreeMap::new()));
                    match map {
                        RawValue::Map(entries) => drop(entries.insert(key, value)),
                        other => *other = RawValue::Map(BTreeMap::from([(key, value)])),
                    }
                }
            }
        }
        Ok(Self(values.into_iter().map(|(name, value)| RawParameter { name, value }).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
