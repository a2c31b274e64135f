//! Remote systems of the reaper's engine on real clients.

mod call;
mod clock;
mod cluster;
mod forge;
mod lease;
mod ledger;
mod objects;
mod outward;
mod vault;

use eod_clients::Deadline;
use eod_reaper::ports::{Backend, Ports};

use self::clock::OpsClock;
use self::cluster::OpsCluster;
use self::forge::OpsForge;
use self::lease::OpsLease;
use self::ledger::OpsLedgers;
pub(crate) use self::objects::OUTSIDE_KINDS;
use self::objects::OpsObjects;
use self::outward::OpsOutward;
use self::vault::OpsVault;
use crate::session::OpsSession;

/// Maximum duration of one call.
const CALL_LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

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
        if let Some(vault) = OpsVault::of(session) {
            backends.push(Box::new(vault));
        }
        backends.push(Box::new(OpsObjects(session)));
        Self {
            cluster: OpsCluster::new(session),
            ledgers: OpsLedgers(session),
            forge: OpsForge(session),
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

/// Time limit of one call of a session.
fn call_deadline(session: &OpsSession) -> Deadline {
    session.deadline.at_most(CALL_LIMIT)
}
