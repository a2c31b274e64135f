//! What a tool sees of the file system, by Landlock: its home, itself, and the libraries that a program may need.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, RestrictionStatus, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::{LaunchError, kernel};

/// The newest rules that are asked for. Older kernels give what they know; seccomp holds what they do not.
const NEWEST: ABI = ABI::V6;
/// What must be there: reading, writing and executing are under control.
const OLDEST: ABI = ABI::V1;

/// Where a program that is no single file keeps its parts.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];
/// Files that programs open without meaning anything by it.
const HARMLESS: [&str; 3] = ["/dev/null", "/dev/urandom", "/etc/localtime"];

/// Restricts this thread and what it becomes.
pub(super) fn restrict(home: &Path, program: &Path) -> Result<(), LaunchError> {
    let status = ruleset(home, program).map_err(|error| kernel("Landlock", error))?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(kernel("Landlock", "it has none, or it is switched off")),
    }
}

fn ruleset(home: &Path, program: &Path) -> Result<RestrictionStatus, RulesetError> {
    let write = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::MakeDir;
    let remove = AccessFs::RemoveFile | AccessFs::RemoveDir | AccessFs::Refer;
    // Nothing that is written can be executed, and no link or device can be made.
    let own: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir | write | remove;
    let run = AccessFs::ReadFile | AccessFs::Execute;
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(OLDEST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules([home], own))?
        .add_rules(path_beneath_rules([program], run))?
        .add_rules(path_beneath_rules(LIBRARIES, run | AccessFs::ReadDir))?
        .add_rules(path_beneath_rules(HARMLESS, AccessFs::ReadFile | AccessFs::WriteFile))?
        .restrict_self()
}
