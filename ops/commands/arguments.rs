//! Command line of `eod`.

mod mask;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use eod_domain::{EnvironmentName, HumanDuration, Installation, NamespaceName, Status, Tier};
use jiff::Timestamp;

pub(crate) use self::mask::{
    ClonesListArguments, ClonesPruneArguments, DsnArgument, GoldenBuildArguments, GoldenListArguments,
    GoldenPruneArguments, GoldenPublishArguments, GoldenVerifyArguments, MaskCheckArguments, MaskClonesCommand,
    MaskCommand, MaskDoctorArguments, MaskGoldenCommand, MaskKeyArguments, MaskRunArguments, MaskScopeArguments,
    MaskServerArguments, MaskSourceArguments, MaskSuggestArguments, MaskWatchArguments,
};

/// Default of `--timeout` for all commands but those that last as long as their work.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Exit codes, shown by `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  error
  2  invalid command line, configuration or input
  3  done, but something is blocked, left or found wrong
  4  a breaker stopped the command before its first end";

/// See, extend and end environments on demand.
#[derive(Debug, Parser)]
#[command(name = "eod", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct EodCommandLine {
    /// Options of all commands.
    #[command(flatten)]
    pub(crate) common: CommonArguments,
    /// Command with its options.
    #[command(subcommand)]
    pub(crate) command: EodCommand,
}

/// Options of all commands.
#[derive(Args, Clone, Debug)]
pub(crate) struct CommonArguments {
    /// Configuration file [default: EOD_CONFIG, else /etc/eod/eod.yaml if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Kubeconfig file [default: KUBECONFIG, else the service account of the pod, else ~/.kube/config].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current context].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Installation [default: EOD_INSTALLATION, else the configuration file, else `default`].
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) installation: Option<Installation>,
    /// Namespace of EoD's records [default: EOD_CONTROL_NAMESPACE, else the configuration file, else `eod-system`].
    #[arg(long, global = true, value_name = "NAMESPACE")]
    pub(crate) control_namespace: Option<NamespaceName>,
    /// Format of the output.
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: OutputFormat,
    /// Maximum duration of the command [default: 2m; a week for `mask golden build` and `verify`, `mask run`, `mask scope --shadow` and `mask watch`].
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) timeout: Option<HumanDuration>,
    /// Format of the log on stderr.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogStyle,
    /// Color of the output.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
    /// Do not ask before a change.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

impl CommonArguments {
    /// Maximum duration of the command, with a default.
    pub(crate) fn time_limit(&self, default: Duration) -> Duration {
        self.timeout.map_or(default, |timeout| timeout.signed().unsigned_abs())
    }
}

/// Format of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Aligned columns, or lines of text.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogStyle {
    /// Text lines.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Use of color.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// Color on a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always color.
    Always,
    /// No color.
    Never,
}

/// Command with its options.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum EodCommand {
    /// List the environments of the installation.
    #[command(after_help = "Example:\n  eod list --owner alice --sort ends")]
    List(ListArguments),
    /// Show everything about an environment, with the decision about it and its timeline.
    #[command(after_help = "Example:\n  eod show shop-pr-123")]
    Show(EnvironmentArgument),
    /// Record activity: it restarts the clock, except in the tier `compliance`.
    #[command(after_help = "Example:\n  eod touch shop-pr-123")]
    Touch(EnvironmentArgument),
    /// Record an event of a pipeline.
    #[command(after_help = "Example:\n  eod event shop-pr-123 tests-finished --sha 1a2b3c4")]
    Event(EventArguments),
    /// Restart the clock, in every tier.
    #[command(after_help = "Example:\n  eod extend shop-pr-123 --reason 'demo on Monday' --by 3d")]
    Extend(ExtendArguments),
    /// Approve the end of an environment of the tier `compliance`.
    #[command(after_help = "Example:\n  eod approve shop-pr-123 --reason 'audit is done'")]
    Approve(ApproveArguments),
    /// End an environment now, in the same way as the reaper. Asks before it begins.
    #[command(after_help = "Example:\n  eod end shop-pr-123 --reason 'not needed any more'")]
    End(EndArguments),
    /// Run the reaper once: warn and end environments that are due.
    ///
    /// A run also removes things that ended environments have left, such as copies of secrets. An environment is known as
    /// ended until `reap.retention` is over, and for four more months of the history. Things of other environments are
    /// reported and stay.
    #[command(after_help = "Example:\n  eod reap --dry-run")]
    Reap(ReapArguments),
    /// Put an environment to sleep: no pod runs, everything else stays.
    #[command(after_help = "Example:\n  eod sleep shop-pr-123")]
    Sleep(EnvironmentArgument),
    /// Wake an environment, or bring an ended one back.
    #[command(after_help = "Example:\n  eod wake shop-pr-123")]
    Wake(WakeArguments),
    /// Print every event of an environment, and verify the chain.
    #[command(after_help = "Example:\n  eod audit shop-pr-123")]
    Audit(EnvironmentArgument),
    /// Find missing rights and blocked namespaces.
    #[command(after_help = "Example:\n  eod doctor rights\n  eod doctor namespace shop-pr-123")]
    Doctor {
        /// Subject to check.
        #[command(subcommand)]
        subject: DoctorSubject,
    },
    /// Check and suggest masking policies, build golden databases, and inspect PostgreSQL servers.
    #[command(after_help = "Example:\n  eod mask check --policy masking.yaml\n  eod mask scope db/migrate/*.sql")]
    Mask {
        /// Command of `mask`.
        #[command(subcommand)]
        command: MaskCommand,
    },
    /// Print the version.
    Version,
    /// Print the completions of a shell.
    #[command(after_help = "Example:\n  eod completions bash > /etc/bash_completion.d/eod")]
    Completions {
        /// Name of the shell.
        shell: Shell,
    },
}

/// Options of `list`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ListArguments {
    /// Only environments of this repository, such as `acme/shop`.
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) repository: Option<String>,
    /// Only environments of this owner.
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// Only environments of this tier.
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<Tier>,
    /// Only environments with this status.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<Status>,
    /// Also ended and queued environments.
    #[arg(long)]
    pub(crate) all: bool,
    /// More columns: pull request, tool, running commit, and what an end has left.
    #[arg(long)]
    pub(crate) wide: bool,
    /// Order of the list.
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub(crate) sort: SortOrder,
}

/// Order of a list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum SortOrder {
    /// By name.
    #[default]
    Name,
    /// By end, the next one first.
    Ends,
    /// By cost, the highest first.
    Cost,
}

/// Argument of commands for one environment.
#[derive(Args, Clone, Debug)]
pub(crate) struct EnvironmentArgument {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
}

/// Options of `event`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EventArguments {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
    /// Event to record; the events of tests are activity.
    #[arg(value_name = "NAME", value_enum)]
    pub(crate) name: PipelineEvent,
    /// Time of the event [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Commit of the event.
    #[arg(long, value_name = "SHA")]
    pub(crate) sha: Option<eod_domain::HeadSha>,
    /// URL of the run [default: the run of GitHub Actions, GitLab CI or Jenkins].
    #[arg(long, value_name = "URL")]
    pub(crate) run_url: Option<String>,
}

/// Event of a pipeline.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PipelineEvent {
    /// The environment was requested.
    Requested,
    /// A build began.
    BuildStarted,
    /// A build ended.
    BuildFinished,
    /// Tests began: activity.
    TestsStarted,
    /// Tests ended: activity.
    TestsFinished,
}

/// Options of `extend`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExtendArguments {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
    /// Reason of the extension, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Minimum time from now to the end; at most the maximum TTL of the tier.
    #[arg(long, value_name = "DURATION")]
    pub(crate) by: Option<HumanDuration>,
}

/// Options of `approve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApproveArguments {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
    /// Reason of the approval, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// Options of `end`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EndArguments {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
    /// Reason of the end, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Keep the copies of secrets in Vault.
    #[arg(long)]
    pub(crate) keep_vault: bool,
    /// Maximum time to wait until the namespace is gone.
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub(crate) wait: HumanDuration,
}

/// Options of `reap`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReapArguments {
    /// Decide and print everything, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Act on this environment only; may be repeated.
    #[arg(long, value_name = "ENV")]
    pub(crate) only: Vec<EnvironmentName>,
    /// Number of ends without a warning to let through the breaker.
    #[arg(long, value_name = "N")]
    pub(crate) accept: Option<usize>,
    /// Do not search for things of ended environments.
    #[arg(long)]
    pub(crate) no_sweep: bool,
    /// File for metrics in the text format of Prometheus.
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
}

/// Options of `wake`.
#[derive(Args, Clone, Debug)]
pub(crate) struct WakeArguments {
    /// Name of the environment.
    #[arg(value_name = "ENV")]
    pub(crate) environment: EnvironmentName,
    /// Newest commit of the pull request; required for an ended environment of a fork.
    #[arg(long, value_name = "SHA")]
    pub(crate) sha: Option<eod_domain::HeadSha>,
}

/// Subject of `doctor`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DoctorSubject {
    /// Check the rights of the caller, and print the missing rules.
    Rights,
    /// Name everything that blocks the deletion of a namespace.
    Namespace {
        /// Name of the namespace.
        #[arg(value_name = "NS")]
        namespace: NamespaceName,
        /// Remove the last finalizer of the namespace, so that it is gone although its content may not be.
        #[arg(long)]
        force_finalize: bool,
    },
}
