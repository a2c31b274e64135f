//! Scene: a world without faults, and the runs of one reaper. Each is about one rule.

use std::cell::RefCell;
use std::rc::Rc;

use eod_domain::Tier;
use eod_domain::ledger::{Event, EventKind, MadeBy};

use super::calls::Simulation;
use super::models::SimPorts;
use super::play::take;
use super::schedule::{MINUTE, Step};
use crate::reap::reap;
use crate::report::RunReport;
use crate::settings::{ReaperSettings, RunOptions};

/// World without faults, and the runs of one reaper.
pub(super) struct Scene {
    pub(super) sim: Rc<Simulation>,
    pub(super) settings: ReaperSettings,
}

impl Scene {
    /// Scene with environments of lightweight pull requests that Terraform has created.
    pub(super) fn with_environments(count: u64) -> Self {
        Self::with_environments_of(Tier::Lightweight, count)
    }

    pub(super) fn with_environments_of(tier: Tier, count: u64) -> Self {
        let sim = Simulation::new(1, None, -1);
        let mut settings = ReaperSettings::new("acme".parse().unwrap());
        settings.lease = None;
        let scene = Self { sim, settings };
        for number in 1..=count {
            scene.step(&Step::Open { number, tier, made_by: MadeBy::Terraform, fork: false });
            scene.step(&Step::Apply { number, killed_after: None });
            scene.wait(MINUTE);
        }
        scene
    }

    pub(super) fn step(&self, step: &Step) {
        take(&self.sim, step, self.sim.executor.now());
    }

    pub(super) fn wait(&self, milliseconds: i64) {
        self.sim.executor.run_until(self.sim.executor.now() + milliseconds);
    }

    pub(super) fn run(&self) -> RunReport {
        self.run_with(SimPorts::new(&self.sim, 0), RunOptions::default())
    }

    pub(super) fn run_with(&self, ports: SimPorts, options: RunOptions) -> RunReport {
        let report = self.start(ports, options);
        self.wait(15 * MINUTE);
        report.take().expect("a run ends within 15 minutes")
    }

    /// Starts a run. Its report is there after its end.
    pub(super) fn start(&self, ports: SimPorts, options: RunOptions) -> Rc<RefCell<Option<RunReport>>> {
        let report = Rc::new(RefCell::new(None));
        let (result, settings) = (report.clone(), self.settings.clone());
        let holder = format!("run at {}", self.sim.executor.now());
        self.sim.executor.spawn(async move {
            let options = RunOptions { holder, ..options };
            let report = reap(&ports, &settings, &options).await;
            *result.borrow_mut() = Some(report);
        });
        report
    }

    /// Names of the environments with a namespace.
    pub(super) fn living(&self) -> Vec<String> {
        self.sim.with(|world| world.namespaces.keys().cloned().collect())
    }

    /// Phase of the first environment's ledger.
    pub(super) fn phase(&self) -> String {
        self.sim.with(|world| world.ledgers["shop-pr-1"].head.phase.to_string())
    }

    /// Kinds of all events in the ledger of the first environment, in their order.
    pub(super) fn events(&self) -> Vec<EventKind> {
        self.sim.with(|world| {
            let texts = world.appended["shop-pr-1"].iter();
            texts.map(|text| serde_json::from_str::<Event>(text).unwrap().e).collect()
        })
    }

    pub(super) fn close_all(&self, count: u64) {
        (1..=count).for_each(|number| self.step(&Step::Close(number)));
        self.run();
        self.wait(10 * MINUTE);
    }
}
