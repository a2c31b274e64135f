//! Copies of Vault secrets: where they may come from and go to, whose they are, and what may be done to them.
//!
//! # Guarantees
//!
//! - A [`Route`] exists only where the source is not sensitive, the target lies under an allowed prefix and neither lies
//!   inside the other. Whoever reads a value has a route, so nothing sensitive is ever read.
//! - Every decision about a secret that exists begins with [`check_copy`], and what cannot be told is somebody else's.
//! - Nothing here ever sees a secret's value.
//!
//! Paths are compared in one normal form only. Whatever another reader could take for a different path (`..`, `//`,
//! percent-encoding, text that is not composed) is refused and never repaired.

mod globs;
mod key;
mod ownership;
mod path;
mod policy;
mod provenance;
mod reference;
mod route;

pub use self::globs::{GlobError, Globs};
pub use self::key::{KeyRecord, KeyResult};
pub use self::ownership::{
    AfterRefusal, CopyCheck, KeyFacts, KeyMarks, KeyRemoval, KeyUpdate, LeaveReason, Refused, after_refusal,
    check_copy, edited, removal, update,
};
pub use self::path::{MountPath, PathError, SecretPath};
pub use self::policy::{CloneRights, Reader, cloner_policy, reader_policy};
pub use self::provenance::{
    CREATED, CopyProvenance, ENVIRONMENT, EnvironmentLabel, INSTALLATION, LeftOut, NONCE, SOURCE, SOURCE_VERSION,
};
pub use self::reference::{ReferenceError, SecretRef};
pub use self::route::{DEPTH_LIMIT, KEY_LIMIT, KeyError, Route, RouteError, default_target};
