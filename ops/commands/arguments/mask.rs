//! Command line of `eod mask`.

mod clones;
mod golden;

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(crate) use self::{
    clones::{ClonesListArguments, ClonesPruneArguments, MaskClonesCommand},
    golden::{
        GoldenBuildArguments, GoldenListArguments, GoldenPruneArguments, GoldenPublishArguments, GoldenVerifyArguments,
        MaskGoldenCommand,
    },
};

/// Command of `mask`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MaskCommand {
    /// Check a policy file, and with a database also its tables, columns and CHECK constraints.
    ///
    /// Exit code 2: the file has mistakes. Exit code 3: the file is valid and does not fit the database.
    #[command(
        after_help = "Example:\n  eod mask check --policy masking.yaml --source 'host=replica dbname=shop user=eod'"
    )]
    Check(MaskCheckArguments),
    /// Print the tables that migrations touch and the columns that they add, with file and line.
    #[command(
        after_help = "Examples:\n  eod mask scope db/migrate/*.sql\n  eod mask scope --shadow --golden shop_golden -- bin/rails db:migrate"
    )]
    Scope(MaskScopeArguments),
    /// Mask tables of a database in place, for example of a restored backup. It cannot be undone.
    ///
    /// Nobody else may be connected to the database. Its old rows are in files and in the WAL of the server for some time, so
    /// prefer `eod mask golden build`, which never writes them. A second run would mask masked values again.
    #[command(
        after_help = "Example:\n  eod mask run shop_copy --policy masking.yaml --server 'host=preview-db user=eod' --dry-run"
    )]
    Run(MaskRunArguments),
    /// Print a whole policy for a database: a rule for each column, from its name, its type and samples of its values.
    ///
    /// No value of a sample is printed. Review every rule: a suggestion can be wrong. Exit code 3: a table could not be
    /// sampled, or a column has no rule because no function fits.
    #[command(after_help = "Example:\n  eod mask suggest --source 'host=replica dbname=shop user=eod' > masking.yaml")]
    Suggest(MaskSuggestArguments),
    /// Inspect a preview server, and print the changes that it needs as SQL.
    ///
    /// To measure clones, three databases with the prefix `eod_doctor_` are created and removed. They have random numbers, at
    /// most 40 MB each. Exit code 3: there is something to change.
    #[command(after_help = "Example:\n  eod mask doctor --server 'host=preview-db user=eod'")]
    Doctor(MaskDoctorArguments),
    /// Show the progress of the work on a database until it is done.
    #[command(after_help = "Example:\n  eod mask watch shop_golden")]
    Watch(MaskWatchArguments),
    /// Build, verify, publish, list and prune golden databases: masked copies that clones are made from.
    #[command(
        after_help = "Example:\n  eod mask golden build shop_golden --policy masking.yaml --source 'host=replica dbname=shop user=eod'\n  eod mask golden publish shop_golden"
    )]
    Golden {
        /// Command of `golden`.
        #[command(subcommand)]
        command: MaskGoldenCommand,
    },
    /// List and prune clones of golden databases: those of environments, and those that are kept after their end.
    #[command(
        after_help = "Example:\n  eod mask clones list --server 'host=preview-db user=eod'\n  eod mask clones prune --dry-run"
    )]
    Clones {
        /// Command of `clones`.
        #[command(subcommand)]
        command: MaskClonesCommand,
    },
}

/// Connection string. It may contain a password by mistake, so it is never printed.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct DsnArgument(pub(crate) String);

/// Database to read.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskSourceArguments {
    /// Connection string of the database to read, without a password [default: EOD_SOURCE_DSN].
    #[arg(long, value_name = "DSN", value_parser = dsn)]
    pub(crate) source: Option<DsnArgument>,
    /// File with the connection string, which may contain a password.
    #[arg(long, value_name = "FILE", conflicts_with = "source")]
    pub(crate) source_file: Option<PathBuf>,
    /// Field of a secret in Vault with the connection string, as MOUNT/PATH#FIELD.
    #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["source", "source_file"])]
    pub(crate) source_vault: Option<String>,
}

/// Preview server.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskServerArguments {
    /// Connection string of the server, without a password [default: PGHOST, PGPORT, PGUSER and other variables of libpq].
    #[arg(long, value_name = "DSN", value_parser = dsn)]
    pub(crate) server: Option<DsnArgument>,
}

/// Masking key. It is never an argument itself.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskKeyArguments {
    /// File with the masking key [default: EOD_MASKING_KEY].
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Field of a secret in Vault with the masking key, as MOUNT/PATH#FIELD.
    #[arg(long, value_name = "REFERENCE", conflicts_with = "key_file")]
    pub(crate) key_vault: Option<String>,
}

/// Options of `mask check`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskCheckArguments {
    /// Policy file.
    #[arg(long, value_name = "FILE", required_unless_present = "schema")]
    pub(crate) policy: Option<PathBuf>,
    /// Database to compare with.
    #[command(flatten)]
    pub(crate) source: MaskSourceArguments,
    /// Print the JSON Schema of the policy file, for editors.
    #[arg(long, conflicts_with_all = ["policy", "source", "source_file", "source_vault"])]
    pub(crate) schema: bool,
}

/// Options of `mask scope`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskScopeArguments {
    /// Files with SQL, in the order in which they run; `-` is stdin.
    #[arg(value_name = "FILE", required_unless_present = "shadow", conflicts_with = "shadow")]
    pub(crate) files: Vec<PathBuf>,
    /// Run the command after `--` in a clone of a golden database, and print the tables that it has touched.
    ///
    /// For tools that generate SQL. The command gets PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD and DATABASE_URL of the clone,
    /// which is removed at the end. Its output goes to stderr.
    #[arg(long, requires_all = ["golden", "command"])]
    pub(crate) shadow: bool,
    /// Golden database to clone.
    #[arg(long, value_name = "NAME", requires = "shadow")]
    pub(crate) golden: Option<String>,
    /// Server of the golden database.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
    /// Print the clone that would be created, and write nothing.
    #[arg(long, requires = "shadow")]
    pub(crate) dry_run: bool,
    /// Command that runs the migrations, with its arguments.
    #[arg(value_name = "COMMAND", last = true, requires = "shadow")]
    pub(crate) command: Vec<OsString>,
}

/// Options of `mask run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MaskRunArguments {
    /// Name of the database.
    #[arg(value_name = "DATABASE")]
    pub(crate) database: String,
    /// Policy file.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// Table to mask, as SCHEMA.TABLE; may be repeated [default: all with masked columns].
    #[arg(long = "table", value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    /// Server of the database.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
    /// Masking key.
    #[command(flatten)]
    pub(crate) key: MaskKeyArguments,
    /// Maximum number of tables at the same time.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) jobs: NonZeroUsize,
    /// Check everything, estimate size and duration, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Options of `mask suggest`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskSuggestArguments {
    /// Database to read.
    #[command(flatten)]
    pub(crate) source: MaskSourceArguments,
    /// Read no values: suggest from names and types only.
    #[arg(long)]
    pub(crate) no_samples: bool,
}

/// Options of `mask doctor`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MaskDoctorArguments {
    /// Server to inspect.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
    /// Create no databases: skip the measurements.
    #[arg(long)]
    pub(crate) no_measure: bool,
}

/// Options of `mask watch`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MaskWatchArguments {
    /// Name of the database, or of a golden database that is being built.
    #[arg(value_name = "DATABASE")]
    pub(crate) database: String,
    /// Server of the database.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
}

/// A connection string is checked by the command: an error of the command line would print its value.
#[allow(clippy::unnecessary_wraps, reason = "the form that clap expects")]
fn dsn(text: &str) -> Result<DsnArgument, String> {
    Ok(DsnArgument(text.to_owned()))
}

impl fmt::Debug for DsnArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(connection string)")
    }
}
