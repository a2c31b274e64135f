//! Files that a tool may access, enforced by Landlock: its home, its own binary and the libraries of the system.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, RestrictionStatus, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::{LaunchError, kernel_error};

/// Newest version of the rules. Older kernels enforce those that they support; seccomp covers the others.
const NEWEST: ABI = ABI::V6;
/// Oldest version that is sufficient: it restricts reading, writing and executing.
const OLDEST: ABI = ABI::V1;

/// Libraries of a dynamically linked program.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];
/// Harmless files that many programs open.
const HARMLESS: [&str; 3] = ["/dev/null", "/dev/urandom", "/etc/localtime"];

/// Restricts this thread and the program that it executes.
pub(super) fn restrict(home: &Path, program: &Path) -> Result<(), LaunchError> {
    let status = ruleset(home, program).map_err(|error| kernel_error("Landlock", error))?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(kernel_error("Landlock", "not compiled in, or disabled")),
    }
}

fn ruleset(home: &Path, program: &Path) -> Result<RestrictionStatus, RulesetError> {
    let write = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::MakeDir;
    let remove = AccessFs::RemoveFile | AccessFs::RemoveDir | AccessFs::Refer;
    // A file written by the tool cannot be executed, and no link or device can be created.
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
