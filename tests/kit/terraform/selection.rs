//! The tests that `make test` runs on OpenTofu in addition to Terraform, within the time limit of CI.

/// Modules of tests that always run on OpenTofu, with the RPCs that each module adds. Together they call every RPC that
/// OpenTofu has.
pub const OPENTOFU_MODULES: [(&str, &str); 9] = [
    ("tfplugin::", "all RPCs, StopProvider and UpgradeResourceState included; these tests need no cluster"),
    ("provider::adopt", "PlanResourceChange and ApplyResourceChange for replacements"),
    ("provider::data_sources", "ValidateDataResourceConfig, ReadDataSource"),
    ("provider::ended", "ReadResource of an absent environment, UpgradeResourceState of an older provider's state"),
    ("provider::functions", "GetFunctions, CallFunction"),
    ("provider::import", "ImportResourceState, MoveResourceState"),
    ("provider::returns", "PlanResourceChange and ApplyResourceChange of a return with its private data"),
    ("provider::vault::import", "ImportResourceState, ReadResource"),
    ("provider::vault::secret", "ValidateEphemeralResourceConfig, OpenEphemeralResource, CloseEphemeralResource"),
];

/// One in this many of the other tests runs on OpenTofu.
pub const OPENTOFU_SHARE: u64 = 3;

/// True if a test, by its full name, runs on OpenTofu. The choice depends only on the name.
#[must_use]
pub fn is_selected(test: &str) -> bool {
    OPENTOFU_MODULES.iter().any(|(module, _)| test.starts_with(module)) || hash(test).is_multiple_of(OPENTOFU_SHARE)
}

/// FNV-1a. The hash of the standard library may differ between versions.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
