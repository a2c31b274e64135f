//! Remote systems of the reaper's engine on real clients.

mod call;
mod clock;
mod cluster;
mod failures;
mod forge;
mod lease;
mod ledger;
mod objects;
mod outward;
mod vault;

use std::time::Duration;

use eod_clients::Deadline;
use eod_reaper::ports::{Backend, CallError, CallErrorKind, Ports};

use self::clock::OpsClock;
use self::cluster::OpsCluster;
use self::failures::{FailureLimit, LimitedBackend};
use self::forge::OpsForge;
use self::lease::OpsLease;
use self::ledger::OpsLedgers;
pub(crate) use self::objects::OUTSIDE_KINDS;
use self::objects::OpsObjects;
use self::outward::OpsOutward;
use self::vault::OpsVault;
use crate::session::OpsSession;

/// Maximum duration of one call.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// Part of the time limit of a run that one call to a forge or to a backend may take: one that does not respond must not take
/// the time for everything else.
const REMOTE_PART: u32 = 6;
/// Part of the time limit of a run that is kept for its last writes: held ends are released, the summary is stored, and the
/// lease is released.
const RESERVE_PART: u32 = 6;
/// Maximum time that is kept for the last writes of a run.
const RESERVE_MAX: Duration = Duration::from_secs(20);

/// All remote systems of a session.
pub(crate) struct OpsPorts<'a> {
    cluster: OpsCluster<'a>,
    ledgers: OpsLedgers<'a>,
    forge: OpsForge<'a>,
    lease: OpsLease<'a>,
    clock: OpsClock<'a>,
    outward: OpsOutward<'a>,
    backends: Vec<Box<dyn Backend + 'a>>,
}

impl<'a> OpsPorts<'a> {
    /// Ports of a session, with the backends that are configured.
    pub(crate) fn new(session: &'a OpsSession) -> Self {
        let mut backends: Vec<Box<dyn Backend + 'a>> = Vec::new();
        let limit = remote_limit(session);
        if let Some(vault) = OpsVault::of(session) {
            backends.push(Box::new(LimitedBackend::new(vault, limit)));
        }
        backends.push(Box::new(LimitedBackend::new(OpsObjects::new(session), limit)));
        Self {
            cluster: OpsCluster::new(session),
            ledgers: OpsLedgers::new(session),
            forge: OpsForge::new(session, FailureLimit::new(limit)),
            lease: OpsLease(session),
            clock: OpsClock::new(session),
            outward: OpsOutward(session),
            backends,
        }
    }
}

impl<'a> Ports for OpsPorts<'a> {
    type Cluster = OpsCluster<'a>;
    type Ledgers = OpsLedgers<'a>;
    type Forge = OpsForge<'a>;
    type Lease = OpsLease<'a>;
    type Clock = OpsClock<'a>;
    type Outward = OpsOutward<'a>;

    fn cluster(&self) -> &Self::Cluster {
        &self.cluster
    }

    fn ledgers(&self) -> &Self::Ledgers {
        &self.ledgers
    }

    fn forge(&self) -> &Self::Forge {
        &self.forge
    }

    fn lease(&self) -> &Self::Lease {
        &self.lease
    }

    fn clock(&self) -> &Self::Clock {
        &self.clock
    }

    fn outward(&self) -> &Self::Outward {
        &self.outward
    }

    fn backends(&self) -> &[Box<dyn Backend + '_>] {
        &self.backends
    }
}

/// Time limit of one call of a run.
///
/// # Errors
///
/// Only the reserve for the last writes is left: the call is not sent.
fn call_deadline(session: &OpsSession) -> Result<Deadline, CallError> {
    let left = work_left(session);
    if left.is_zero() {
        return Err(CallError::new(CallErrorKind::Unavailable, "not sent: the time limit of the run is used up"));
    }
    Ok(session.deadline.at_most(CALL_LIMIT.min(left)))
}

/// Time limit of one call to a forge or to a backend.
///
/// # Errors
///
/// Only the reserve for the last writes is left: the call is not sent.
fn remote_deadline(session: &OpsSession) -> Result<Deadline, CallError> {
    Ok(call_deadline(session)?.at_most(remote_limit(session)))
}

/// Time limit of a last write of a run, which may use the reserve.
fn last_deadline(session: &OpsSession) -> Deadline {
    session.deadline.at_most(CALL_LIMIT)
}

/// Maximum duration of one call to a forge or to a backend.
fn remote_limit(session: &OpsSession) -> Duration {
    CALL_LIMIT.min(session.deadline.limit() / REMOTE_PART)
}

/// Time until only the reserve for the last writes is left.
pub(crate) fn work_left(session: &OpsSession) -> Duration {
    let reserve = RESERVE_MAX.min(session.deadline.limit() / RESERVE_PART);
    session.deadline.remaining().saturating_sub(reserve)
}
