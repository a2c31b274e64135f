//! The measured providers: ours and its peer.

use std::{env, path::PathBuf};

use anyhow::ensure;

use crate::bench::measured::Pair;

/// Prefix of all repositories and namespaces of the benchmark.
pub(crate) const PREFIX: &str = "bench-";

/// A provider and its configuration of the same environments.
pub(crate) struct Contestant {
    /// Name in the output, and a part of its namespaces' names.
    pub(crate) name: &'static str,
    /// The provider's binary.
    pub(crate) provider: PathBuf,
    /// File name of the binary that Terraform expects.
    pub(crate) file_name: &'static str,
    /// The address in `required_providers`.
    pub(crate) source: &'static str,
    /// The configuration, with the variables `run`, `environments` and `head_sha`.
    pub(crate) configuration: &'static str,
}

/// The providers to measure.
///
/// # Errors
/// If a binary does not exist.
pub(crate) fn both() -> anyhow::Result<Pair<Contestant>> {
    let ours = binary("EOD_BENCH_OURS").map(|provider| Contestant {
        name: "ours",
        provider,
        file_name: "terraform-provider-eod",
        source: "environment-on-demand/eod",
        configuration: include_str!("ours.tf"),
    });
    let peer = binary("EOD_BENCH_PEER").map(|provider| Contestant {
        name: "peer",
        provider,
        file_name: "terraform-provider-kubernetes",
        source: "hashicorp/kubernetes",
        configuration: include_str!("peer.tf"),
    });
    let pair = Pair { ours, peer };
    for contestant in pair.iter() {
        let provider = &contestant.provider;
        ensure!(provider.is_file(), "expected the provider's binary at {}, and there is no file", provider.display());
    }
    Ok(pair)
}

/// Path of the plugin's binary, if it is measured.
pub(crate) fn plugin() -> Option<PathBuf> {
    binary("EOD_BENCH_CMP")
}

/// Path of the binary `eod`, if it is measured.
pub(crate) fn ops() -> Option<PathBuf> {
    binary("EOD_BENCH_OPS")
}

fn binary(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}
