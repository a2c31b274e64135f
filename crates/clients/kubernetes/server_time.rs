//! Time of the API server: the `Date` of its last response.
//!
//! Times on objects and in ledgers come from the clock of the server, because the clocks of the machines that write
//! them differ.

use std::sync::Mutex;

use http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::{clock::TimeSource, send::lock};

/// Time of the API server with the local time of the same moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerTime {
    /// `Date` of the response, in whole seconds.
    pub server: Timestamp,
    /// Local time of the response's arrival.
    pub local: Timestamp,
}

/// Stores the time of the last response.
pub(super) struct ServerClock {
    local: TimeSource,
    last: Mutex<Option<ServerTime>>,
}

impl ServerTime {
    /// Difference of the local clock to the server's; positive if the local clock is ahead.
    pub fn skew(&self) -> SignedDuration {
        self.local.duration_since(self.server)
    }
}

impl ServerClock {
    pub(super) fn new(local: TimeSource) -> Self {
        Self { local, last: Mutex::default() }
    }

    pub(super) fn last(&self) -> Option<ServerTime> {
        *lock(&self.last)
    }

    /// Stores the `Date` of a response. A response without a valid one changes nothing.
    pub(super) fn note(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let server = date.and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        let local = Timestamp::try_from((self.local)()).ok();
        if let Some((server, local)) = server.zip(local) {
            *lock(&self.last) = Some(ServerTime { server, local });
        }
    }
}
