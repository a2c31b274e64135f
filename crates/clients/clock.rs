//! Source of the current time, set by the caller so that tests control it.

use std::{sync::Arc, time::SystemTime};

/// Returns the current time.
pub(crate) type TimeSource = Arc<dyn Fn() -> SystemTime + Send + Sync>;
