//! Command line of `eod mask clones`.

use clap::{Args, Subcommand};
use eod_domain::vault::EnvironmentLabel;

use super::MaskServerArguments;

/// Command of `mask clones`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MaskClonesCommand {
    /// List all clones of the installation, kept ones included.
    ///
    /// SIZE includes blocks that are shared with the golden database, OWN does not; `-` is not known. LAST-CONNECTION is the start
    /// of the newest session, or from PostgreSQL 16 on the last read of a table. Exit code 3: a create, a removal or a keep was
    /// interrupted, a kept clone is past its time, or a clone was changed by hand.
    #[command(after_help = "Example:\n  eod mask clones list --server 'host=preview-db user=eod'")]
    List(ClonesListArguments),
    /// Remove kept clones past their time, clones whose create or removal was interrupted, and temporary logins past their end.
    ///
    /// Open clones stay, and so does a clone that a run is working on. Exit code 3: a clone or a login could not be removed.
    #[command(after_help = "Example:\n  eod mask clones prune --dry-run")]
    Prune(ClonesPruneArguments),
}

/// Options of `mask clones list`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ClonesListArguments {
    /// Environment [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<EnvironmentLabel>,
    /// Preview server.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
}

/// Options of `mask clones prune`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ClonesPruneArguments {
    /// Preview server.
    #[command(flatten)]
    pub(crate) server: MaskServerArguments,
    /// Print the clones and logins to remove, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
