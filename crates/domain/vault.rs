//! Copies of Vault secrets: allowed sources and targets, ownership, and allowed changes.
//!
//! # Guarantees
//!
//! - A [`Route`] exists only if the source is not sensitive, the target has an allowed prefix and neither contains the
//!   other. A value is read only with a route, so a sensitive value is never read.
//! - Every decision about an existing secret starts with [`check_copy`]. A secret with an unclear owner is foreign.
//! - This module never has the value of a secret.
//!
//! Paths are compared in one normal form. A text that another program could read as a different path (`..`, `//`,
//! percent-encoding, decomposed characters) is refused and never corrected.

mod behavior;
mod globs;
mod key;
mod ownership;
mod path;
mod policy;
mod provenance;
mod reference;
mod route;

pub use self::behavior::{OnDestroy, OnExistingSecret};
pub use self::globs::{GlobError, Globs};
pub use self::key::{KeyRecord, KeyResult};
pub use self::ownership::{
    AfterRefusal, CopyCheck, CopyOwnership, KeyFacts, KeyRemoval, KeyUpdate, LeaveReason, Refused, after_refusal,
    check_copy, edited, removal, update,
};
pub use self::path::{MountPath, PathError, SecretPath};
pub use self::policy::{CloneRights, Reader, cloner_policy, reader_policy, reaper_policy};
pub use self::provenance::{
    CREATED, CopyProvenance, ENVIRONMENT, EnvironmentLabel, INSTALLATION, LeftOut, NONCE, SOURCE, SOURCE_VERSION,
};
pub use self::reference::{ReferenceError, SecretRef};
pub use self::route::{DEPTH_LIMIT, KEY_LIMIT, KeyError, Route, RouteError, default_target};
