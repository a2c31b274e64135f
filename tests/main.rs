//! The one integration-test binary. One sentence per module on what belongs there.

/// Stories of the Argo CD plugin on the real Argo CD.
mod cmp;
/// The registry's pages are what the schema says.
mod docs;
/// Real parts and how to drive them: the testbed cluster, terraform, faults.
mod kit;
/// Stories of the `eod_` resources on the real terraform and a real API server.
mod provider;
/// What the provider offers, by name.
mod registry;
/// Stories of the protocol crate alone, told by a provider that misbehaves.
mod tfplugin;
/// The rules of the house that no compiler checks.
mod tidy;

const KIT: kit::Config =
    kit::Config { repository: env!("CARGO_MANIFEST_DIR"), provider: env!("CARGO_BIN_EXE_terraform-provider-eod") };
