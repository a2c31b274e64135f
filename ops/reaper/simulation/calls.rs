//! Calls of the simulation: each takes time, and some fail before or after they are stored, hang, or arrive late.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::executor::Executor;
use super::random::Random;
use super::schedule::{Fault, MINUTE};
use super::world::World;
use crate::ports::{CallError, CallErrorKind};

/// Time limit of a call in milliseconds.
const TIME_LIMIT: i64 = 30_000;

/// Condition of a suspension, and its duration in milliseconds.
type Suspension = (fn(&World) -> bool, i64);

/// The simulated world with its time.
pub(super) struct Simulation {
    pub(super) executor: Executor,
    pub(super) world: RefCell<World>,
    seed: u64,
    calls: Cell<u64>,
    planned: Option<BTreeMap<u64, Fault>>,
    fault_percent: Cell<i64>,
    /// True if calls take no time and do not fail.
    is_instant: Cell<bool>,
    /// Suspends the next run of the reaper that sees the world like this, for so many milliseconds.
    suspension: Cell<Option<Suspension>>,
    /// Faults that have happened, by the number of the call.
    pub(super) faults: RefCell<BTreeMap<u64, Fault>>,
}

impl Simulation {
    pub(super) fn new(seed: u64, planned: Option<BTreeMap<u64, Fault>>, fault_percent: i64) -> Rc<Self> {
        Rc::new(Self {
            executor: Executor::default(),
            world: RefCell::default(),
            seed,
            calls: Cell::new(0),
            planned,
            fault_percent: Cell::new(fault_percent),
            is_instant: Cell::default(),
            suspension: Cell::default(),
            faults: RefCell::default(),
        })
    }

    /// Lets no call fail from now on.
    pub(super) fn stop_faults(&self) {
        self.fault_percent.set(-1);
    }

    /// Lets calls take no time and not fail, or as before.
    pub(super) fn set_instant(&self, is_instant: bool) {
        self.is_instant.set(is_instant);
    }

    /// True if calls may fail and lists may be cut short.
    pub(super) fn has_faults(&self) -> bool {
        self.fault_percent.get() >= 0
    }

    /// Suspends the run of the reaper that makes the first call after which `is_due` is true.
    pub(super) fn suspend(&self, is_due: fn(&World) -> bool, milliseconds: i64) {
        self.suspension.set(Some((is_due, milliseconds)));
    }

    /// Changes the world at the present time.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.borrow_mut();
        world.tick(self.executor.now());
        change(&mut world)
    }

    /// Makes a call with latency and, if `may_fail`, with a possible fault.
    pub(super) async fn call<T: 'static>(
        self: &Rc<Self>,
        may_fail: bool,
        effect: impl FnOnce(&mut World) -> Result<T, CallError> + 'static,
    ) -> Result<T, CallError> {
        if self.is_instant.get() {
            return self.with(effect);
        }
        let number = self.calls.get();
        self.calls.set(number + 1);
        let mut random = Random::of(self.seed, number);
        let fault = self.fault(number, &mut random).filter(|_| may_fail);
        let executor = &self.executor;
        executor.sleep(5 + random.below(100)).await;
        let error = |kind, text: &str| Err(CallError::new(kind, text));
        match fault {
            None | Some(Fault::Slow) => {
                if fault.is_some() {
                    executor.sleep(random.below(TIME_LIMIT)).await;
                }
                let result = self.with(effect);
                executor.sleep(5 + random.below(100)).await;
                let suspension = self.suspension.get().filter(|(is_due, _)| may_fail && is_due(&self.world.borrow()));
                if let Some((_, milliseconds)) = suspension {
                    self.suspension.set(None);
                    executor.sleep(milliseconds).await;
                }
                result
            }
            Some(Fault::Suspended) => {
                let result = self.with(effect);
                executor.sleep(16 * MINUTE + random.below(25 * MINUTE)).await;
                result
            }
            Some(Fault::Before) => error(CallErrorKind::Unavailable, "the server is busy"),
            Some(Fault::NotFound) => error(CallErrorKind::NotFound, "404"),
            Some(Fault::After) => {
                let _ = self.with(effect);
                executor.sleep(random.below(TIME_LIMIT)).await;
                error(CallErrorKind::Unknown, "the connection was reset")
            }
            Some(Fault::Hang) => {
                executor.sleep(TIME_LIMIT).await;
                error(CallErrorKind::Unknown, "timed out")
            }
            Some(Fault::Late) => {
                let (sim, delay) = (self.clone(), TIME_LIMIT + random.below(60_000));
                executor.spawn(async move {
                    sim.executor.sleep(delay).await;
                    let _ = sim.with(effect);
                });
                executor.sleep(TIME_LIMIT).await;
                error(CallErrorKind::Unknown, "timed out")
            }
        }
    }

    fn fault(&self, number: u64, random: &mut Random) -> Option<Fault> {
        let drawn = random.percent(self.fault_percent.get());
        let kinds = [Fault::Before, Fault::After, Fault::Hang, Fault::Late, Fault::Slow, Fault::NotFound];
        let kind = if random.percent(2) { Fault::Suspended } else { random.pick(&kinds) };
        let fault = match &self.planned {
            Some(planned) => planned.get(&number).copied().filter(|_| self.fault_percent.get() >= 0),
            None => drawn.then_some(kind),
        }?;
        self.faults.borrow_mut().insert(number, fault);
        Some(fault)
    }
}
