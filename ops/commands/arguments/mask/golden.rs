//! Command line of `eod mask golden`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use eod_domain::HumanDuration;
use eod_golden::DEFAULT_KEEP;

use super::{MaskKeyArguments, MaskServerArguments, MaskSourceArguments};

/// Command of `mask golden`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MaskGoldenCommand {
    /// Build a golden database: a masked copy with all definitions, verified and closed. It is not published.
    ///
    /// With --source the rows are read in one snapshot of a database on another server, and only masked rows are written. With
    /// --from they are those of a raw copy on the preview server, which is closed first and stays closed. Ctrl-C removes what
    /// was made. Exit code 3: the golden database is built, and the raw copy could not be removed.
    #[command(
        after_help = "Example:\n  eod mask golden build shop_golden --policy masking.yaml --server 'host=preview-db \
                            user=eod' --source 'host=replica dbname=shop user=eod_source'"
    )]
    Build(GoldenBuildArguments),
    /// Verify a golden database: rows, rules, constraints, and values of the source.
    ///
    /// The rows are read from a copy, which is closed and removed at the end, so that the golden database itself stays closed.
    /// Exit code 3: there is a problem.
    #[command(
        after_help = "Example:\n  eod mask golden verify shop_golden --policy masking.yaml --server 'host=preview-db \
                            user=eod' --source 'host=replica dbname=shop user=eod_source'"
    )]
    Verify(GoldenVerifyArguments),
    /// Publish the last build under its name, and keep the former version.
    ///
    /// Exit code 3: it is published, and an older version could not be removed.
    #[command(after_help = "Example:\n  eod mask golden publish shop_golden --valid-for 14d")]
    Publish(GoldenPublishArguments),
    /// List all versions of the golden databases of the installation.
    ///
    /// Exit code 3: the validity of a version has ended, or a finished version is open.
    #[command(after_help = "Example:\n  eod mask golden list --server 'host=preview-db user=eod'")]
    List(GoldenListArguments),
    /// Remove versions with an ended validity, older versions, and builds that were interrupted.
    ///
    /// A published version with an ended validity is removed as well. Exit code 3: a version could not be removed.
    #[command(after_help = "Example:\n  eod mask golden prune --dry-run")]
    Prune(GoldenPruneArguments),
}

/// Name of a golden database, and its server.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenTarget {
    /// Name of the golden database.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Preview server.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
}

/// Policy and source of a command that reads all rows.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenReading {
    /// Policy file.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// Database with the rows, on another server.
    #[command(flatten)]
    pub(crate) source: MaskSourceArguments,
    /// Maximum number of tables at the same time.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) jobs: NonZeroUsize,
}

/// Versions of a golden database that stay.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct KeptVersions {
    /// Number of older versions to keep.
    #[arg(long = "keep", value_name = "N", default_value_t = DEFAULT_KEEP)]
    pub(crate) count: usize,
}

/// Options of `mask golden build`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenBuildArguments {
    /// Golden database.
    #[command(flatten)]
    pub(crate) target: GoldenTarget,
    /// Rows that are read.
    #[command(flatten)]
    pub(crate) reading: GoldenReading,
    /// Raw copy on the preview server to read instead of a source.
    #[arg(long, value_name = "DATABASE", conflicts_with_all = ["source", "source_file", "source_vault", "tools"])]
    pub(crate) from: Option<String>,
    /// Remove the raw copy after the build.
    #[arg(long, requires = "from")]
    pub(crate) drop: bool,
    /// Accept a reader of raw pages: a role with REPLICATION, `standby NAME`, `slot NAME` or `archive_mode`; may be repeated.
    #[arg(long, value_name = "READER", requires = "from")]
    pub(crate) allow: Vec<String>,
    /// Masking key.
    #[command(flatten)]
    pub(crate) key: MaskKeyArguments,
    /// Accept another key than that of the published version, whose rows do not match those of the build then.
    #[arg(long)]
    pub(crate) allow_other_key: bool,
    /// Column, as SCHEMA.TABLE.COLUMN, that may contain values of masked columns; may be repeated.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) accept: Vec<String>,
    /// Folder with `pg_dump` and `pg_restore` [default: PATH, and the folders of packages].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tools: Option<PathBuf>,
    /// Check everything, estimate size and duration, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Options of `mask golden verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenVerifyArguments {
    /// Golden database.
    #[command(flatten)]
    pub(crate) target: GoldenTarget,
    /// Rows that are read.
    #[command(flatten)]
    pub(crate) reading: GoldenReading,
    /// Verify the published version [default: the build that is not published yet, if there is one].
    #[arg(long)]
    pub(crate) published: bool,
    /// Estimate size and duration, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Options of `mask golden publish`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenPublishArguments {
    /// Golden database.
    #[command(flatten)]
    pub(crate) target: GoldenTarget,
    /// Validity, counted from the snapshot of the source: the longest time that rows erased there stay.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub(crate) valid_for: HumanDuration,
    /// Versions that stay.
    #[command(flatten)]
    pub(crate) keep: KeptVersions,
    /// Print the changes, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Options of `mask golden list`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GoldenListArguments {
    /// Preview server.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
}

/// Options of `mask golden prune`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GoldenPruneArguments {
    /// Name of a golden database [default: all of the installation].
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Versions that stay.
    #[command(flatten)]
    pub(crate) keep: KeptVersions,
    /// Preview server.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
    /// Print the versions to remove, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
