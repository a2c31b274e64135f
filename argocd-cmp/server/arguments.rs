//! The command line of `eod-cmp`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use eod_render::{RawParameter, RawValue};
use lexopt::{Arg, Parser, ValueExt as _};
use tracing::level_filters::LevelFilter;

use crate::log::LogFormat;
use crate::socket::PluginName;

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Serve(Box<Serve>),
    Generate(Sidecar),
    Parameters,
    Discover,
    Render(Box<Render>),
    PolicyCheck(PathBuf),
    Init,
    Version,
    Help,
}

/// `serve`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Serve {
    pub(crate) sidecar: Sidecar,
    pub(crate) socket_directory: PathBuf,
    pub(crate) name: PluginName,
    /// Health and metrics; none where there is no endpoint.
    pub(crate) http: Option<SocketAddr>,
    pub(crate) cache_bytes: usize,
    /// Renders at once.
    pub(crate) renders: usize,
    /// Processes of helm and kustomize at once.
    pub(crate) tools: usize,
    /// Calls that run or wait at once.
    pub(crate) calls: usize,
    pub(crate) peer_users: BTreeSet<u32>,
    pub(crate) log_level: LevelFilter,
    pub(crate) log_format: LogFormat,
}

/// What the commands of a sidecar have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sidecar {
    pub(crate) policy: PathBuf,
    /// Where tools get their private homes; a directory in memory.
    pub(crate) scratch: Option<PathBuf>,
}

/// `render`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Render {
    pub(crate) path: PathBuf,
    pub(crate) root: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) project: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) parameters: Vec<RawParameter>,
    pub(crate) diff: Option<PathBuf>,
    pub(crate) scratch: Option<PathBuf>,
}

/// What cannot be understood; the text is for whoever typed it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}\n`eod-cmp --help` lists commands and options")]
pub(crate) struct UsageError(String);

/// Where the sidecar's policy is mounted.
const POLICY: &str = "/etc/eod/policy.yaml";
/// Where repo-server looks for plugins.
const SOCKETS: &str = "/home/argocd/cmp-server/plugins";
const HTTP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 9477);

/// The answer to `--help`.
pub(crate) const HELP: &str = "\
eod-cmp renders the manifests of one preview environment, for Argo CD and for you.

In the sidecar of Argo CD's repo-server:
  serve        answer repo-server on the plugin's socket
    --policy FILE          the platform's policy (/etc/eod/policy.yaml)
    --socket-dir DIR       where repo-server looks for plugins (/home/argocd/cmp-server/plugins)
    --name NAME            the plugin's name, with an @ (eod@v1)
    --http ADDRESS|none    health and metrics (0.0.0.0:9477)
    --cache SIZE           room for answers, such as 64Mi (64Mi)
    --renders N            renders at once (the number of processors)
    --tools N              helm and kustomize processes at once, 80 MB and more each (the number of processors)
    --calls N              calls that run or wait at once (512)
    --peer-uid UID         let only this user call; may be repeated
    --scratch DIR          a directory in memory, for helm and kustomize (found)
    --log-level LEVEL      error, warn, info, debug or trace (info)
    --log-format FORMAT    json, text or auto (auto)
  generate     print the manifests of the working directory: under the stock argocd-cmp-server
    --policy FILE, --scratch DIR
  parameters   print the parameters that Applications may set
  discover     print a word where an Application's parameters are ours

For a person:
  render --path DIR        print what a preview of this directory would be
    --root DIR             everything the render may read (the git top level, else the directory)
    --policy FILE          the platform's policy (one that allows any registry)
    --project NAME         the Argo CD project
    --app NAME             the Application's name (the environment's)
    --namespace NAME       its destination namespace (the environment's name)
    --parameter K=V        a parameter; of a repeated one the last wins
    --parameter-map K.SUB=V
    --parameter-array K=V,V
    --diff FILE            show on stderr what changed against this earlier output
  policy check FILE        read a policy and name every mistake
  init                     print all that is added to Argo CD: settings, policy, sidecar, project, ApplicationSet

  --version, --help

Exit codes: 0 done, 1 refused or failed, 2 not understood.
";

impl Command {
    /// Reads what follows the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut parser = Parser::from_args(arguments);
        let word = match parser.next().map_err(usage)? {
            None => return Err(UsageError("expected a command".to_owned())),
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Self::Help),
            Some(Arg::Long("version") | Arg::Short('V')) => return Ok(Self::Version),
            Some(Arg::Value(word)) => word.string().map_err(usage)?,
            Some(other) => return Err(usage(other.unexpected())),
        };
        match word.as_str() {
            "serve" => serve(parser),
            "generate" => generate(parser),
            "parameters" => nothing_more(parser, Self::Parameters),
            "discover" => nothing_more(parser, Self::Discover),
            "render" => render(parser),
            "policy" => policy_check(parser),
            "init" => nothing_more(parser, Self::Init),
            "help" => Ok(Self::Help),
            "version" => Ok(Self::Version),
            other => Err(UsageError(format!("`{other}` is no command"))),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn usage(error: lexopt::Error) -> UsageError {
    UsageError(error.to_string())
}

fn parsed<T>(parser: &mut Parser, option: &str) -> Result<T, UsageError>
where
    T: FromStr,
    T::Err: Display,
{
    let text = text(parser)?;
    text.parse().map_err(|error| UsageError(format!("--{option}: `{text}`: {error}")))
}

fn text(parser: &mut Parser) -> Result<String, UsageError> {
    parser.value().and_then(lexopt::ValueExt::string).map_err(usage)
}

fn path(parser: &mut Parser) -> Result<PathBuf, UsageError> {
    parser.value().map(PathBuf::from).map_err(usage)
}

fn nothing_more(mut parser: Parser, command: Command) -> Result<Command, UsageError> {
    match parser.next().map_err(usage)? {
        None => Ok(command),
        Some(Arg::Long("help") | Arg::Short('h')) => Ok(Command::Help),
        Some(other) => Err(usage(other.unexpected())),
    }
}

fn sidecar() -> Sidecar {
    Sidecar { policy: POLICY.into(), scratch: None }
}

fn serve(mut parser: Parser) -> Result<Command, UsageError> {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut serve = Serve {
        sidecar: sidecar(),
        socket_directory: SOCKETS.into(),
        name: PluginName::parse("eod@v1").map_err(|error| UsageError(error.to_string()))?,
        http: Some(HTTP),
        cache_bytes: 64 << 20,
        renders: processors,
        tools: processors,
        calls: 512,
        peer_users: BTreeSet::new(),
        log_level: LevelFilter::INFO,
        log_format: LogFormat::default(),
    };
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Arg::Long("policy") => serve.sidecar.policy = path(&mut parser)?,
            Arg::Long("scratch") => serve.sidecar.scratch = Some(path(&mut parser)?),
            Arg::Long("socket-dir") => serve.socket_directory = path(&mut parser)?,
            Arg::Long("name") => {
                let name = text(&mut parser)?;
                serve.name = PluginName::parse(&name).map_err(|error| UsageError(error.to_string()))?;
            }
            Arg::Long("http") => {
                let address = text(&mut parser)?;
                serve.http = if address == "none" { None } else { Some(http(&address)?) };
            }
            Arg::Long("cache") => serve.cache_bytes = size(&text(&mut parser)?)?,
            Arg::Long("renders") => serve.renders = parsed::<std::num::NonZeroUsize>(&mut parser, "renders")?.get(),
            Arg::Long("tools") => serve.tools = parsed::<std::num::NonZeroUsize>(&mut parser, "tools")?.get(),
            Arg::Long("calls") => serve.calls = parsed::<std::num::NonZeroUsize>(&mut parser, "calls")?.get(),
            Arg::Long("peer-uid") => drop(serve.peer_users.insert(parsed(&mut parser, "peer-uid")?)),
            Arg::Long("log-level") => serve.log_level = parsed(&mut parser, "log-level")?,
            Arg::Long("log-format") => serve.log_format = parsed(&mut parser, "log-format")?,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(usage(other.unexpected())),
        }
    }
    Ok(Command::Serve(Box::new(serve)))
}

fn http(text: &str) -> Result<SocketAddr, UsageError> {
    text.parse()
        .map_err(|_| UsageError(format!("--http: expected an address such as 0.0.0.0:9477 or none, got `{text}`")))
}

/// Bytes, with `Ki`, `Mi` or `Gi` behind them.
fn size(text: &str) -> Result<usize, UsageError> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("") => Some(1),
        Some("Ki") => Some(1 << 10),
        Some("Mi") => Some(1 << 20),
        Some("Gi") => Some(1 << 30),
        _ => None,
    };
    let bytes = unit.zip(digits.parse::<usize>().ok()).and_then(|(unit, number)| number.checked_mul(unit));
    bytes.ok_or_else(|| UsageError(format!("--cache: expected a size such as 64Mi, got `{text}`")))
}

fn generate(mut parser: Parser) -> Result<Command, UsageError> {
    let mut sidecar = sidecar();
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Arg::Long("policy") => sidecar.policy = path(&mut parser)?,
            Arg::Long("scratch") => sidecar.scratch = Some(path(&mut parser)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(usage(other.unexpected())),
        }
    }
    Ok(Command::Generate(sidecar))
}

fn policy_check(mut parser: Parser) -> Result<Command, UsageError> {
    let expected = || UsageError("expected `policy check FILE`".to_owned());
    match parser.next().map_err(usage)? {
        Some(Arg::Value(word)) if word == "check" => {}
        Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Command::Help),
        _ => return Err(expected()),
    }
    match parser.next().map_err(usage)? {
        Some(Arg::Value(file)) => {
            let command = Command::PolicyCheck(file.into());
            nothing_more(parser, command)
        }
        _ => Err(expected()),
    }
}

fn render(mut parser: Parser) -> Result<Command, UsageError> {
    let mut render = Render::default();
    let mut parameters = Parameters::default();
    let mut directory = None;
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Arg::Long("path") => directory = Some(path(&mut parser)?),
            Arg::Long("root") => render.root = Some(path(&mut parser)?),
            Arg::Long("policy") => render.policy = Some(path(&mut parser)?),
            Arg::Long("project") => render.project = Some(text(&mut parser)?),
            Arg::Long("app") => render.app = Some(text(&mut parser)?),
            Arg::Long("namespace") => render.namespace = Some(text(&mut parser)?),
            Arg::Long("parameter") => parameters.text(&text(&mut parser)?)?,
            Arg::Long("parameter-map") => parameters.entry(&text(&mut parser)?)?,
            Arg::Long("parameter-array") => parameters.list(&text(&mut parser)?)?,
            Arg::Long("diff") => render.diff = Some(path(&mut parser)?),
            Arg::Long("scratch") => render.scratch = Some(path(&mut parser)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(usage(other.unexpected())),
        }
    }
    render.path = directory.ok_or_else(|| UsageError("render needs --path DIR".to_owned()))?;
    render.parameters = parameters.finish();
    Ok(Command::Render(Box::new(render)))
}

/// Parameters by name; of a repeated one the last wins, and entries of one map come together.
#[derive(Default)]
struct Parameters(BTreeMap<String, RawValue>);

impl Parameters {
    fn text(&mut self, argument: &str) -> Result<(), UsageError> {
        let (name, value) = pair("parameter", argument)?;
        self.0.insert(name.to_owned(), RawValue::Text(value.to_owned()));
        Ok(())
    }

    fn list(&mut self, argument: &str) -> Result<(), UsageError> {
        let (name, value) = pair("parameter-array", argument)?;
        let items = value.split(',').filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect();
        self.0.insert(name.to_owned(), RawValue::List(items));
        Ok(())
    }

    fn entry(&mut self, argument: &str) -> Result<(), UsageError> {
        let (path, value) = pair("parameter-map", argument)?;
        let (name, key) = path
            .split_once('.')
            .filter(|(name, key)| !name.is_empty() && !key.is_empty())
            .ok_or_else(|| UsageError(format!("--parameter-map: expected NAME.KEY=VALUE, got `{argument}`")))?;
        let mut map = match self.0.remove(name) {
            Some(RawValue::Map(map)) => map,
            _ => BTreeMap::new(),
        };
        map.insert(key.to_owned(), value.to_owned());
        self.0.insert(name.to_owned(), RawValue::Map(map));
        Ok(())
    }

    fn finish(self) -> Vec<RawParameter> {
        self.0.into_iter().map(|(name, value)| RawParameter { name, value }).collect()
    }
}

fn pair<'a>(option: &str, argument: &'a str) -> Result<(&'a str, &'a str), UsageError> {
    let pair = argument.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.ok_or_else(|| UsageError(format!("--{option}: expected NAME=VALUE, got `{argument}`")))
}

#[cfg(test)]
mod tests;
