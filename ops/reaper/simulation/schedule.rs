//! Schedules: the actions of developers, pipelines and operators, with the faults of one simulation.

use std::collections::BTreeMap;

use eod_domain::Tier;
use eod_domain::ledger::MadeBy;

use super::models::ClockJump;
use super::random::Random;
use super::world::BRANCHES;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Actions of one simulation, in the order of their times.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) steps: Vec<(i64, Step)>,
    /// Faults by the number of the call; none to draw them from the seed.
    pub(super) faults: Option<BTreeMap<u64, Fault>>,
    /// Percentage of calls with a fault, if they are drawn.
    pub(super) fault_percent: i64,
}

/// Action from outside of the reaper.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Open {
        number: u64,
        tier: Tier,
        made_by: MadeBy,
        fork: bool,
    },
    Push(u64),
    /// A push at the moment of the next removal of the trigger label.
    PushAtLabelOff(u64),
    Close(u64),
    Reopen(u64),
    LabelOff(u64),
    LabelOn(u64),
    Touch(u64),
    Extend(u64),
    Approve(u64),
    Protect(u64, bool),
    Request(u64),
    DeleteNamespace(u64),
    StrayCopy(u64),
    /// A pipeline removes the copy of a namespace that exists, and creates it again.
    CopyAgain(u64),
    /// The destroys of an environment leave its copy from now on.
    KeepOnDestroy(u64),
    /// A person keeps the copy of a living environment for good.
    KeepVault(u64),
    /// A person lifts the end of an environment.
    WakeEnded(u64),
    /// Vault is down, or up again.
    VaultDown(bool),
    LooseEvent(u64),
    Sleep(u64),
    Wake(u64),
    /// The deployment of an environment fails from now on.
    Break(u64),
    /// The deployment of an environment succeeds again.
    Mend(u64),
    Apply {
        number: u64,
        killed_after: Option<i64>,
    },
    Destroy {
        number: u64,
        killed_after: Option<i64>,
    },
    Reap {
        skew: i64,
        jump: Option<ClockJump>,
        killed_after: Option<i64>,
    },
}

/// Fault of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// Refused before it was stored.
    Before,
    /// Stored, and the response was lost.
    After,
    /// Timed out, not stored.
    Hang,
    /// Timed out, and stored a while after that.
    Late,
    /// Slow.
    Slow,
    /// The pull request or object is reported as not found.
    NotFound,
    /// Stored, and the run is suspended for longer than another run waits for it.
    Suspended,
}

impl Schedule {
    /// Draws a schedule. Two thirds of all developers work, some pipelines are late or killed, and the reaper runs every
    /// few minutes.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut steps = Vec::new();
        let length = (4 + random.below(12)) * HOUR;
        // Names that begin alike are different environments.
        let numbers: &[u64] = random.pick(&[&[1_u64, 12][..], &[1, 12, 2], &[7], &[1, BRANCHES + 1]]);
        for number in numbers {
            developer(&mut random, *number, length, &mut steps);
        }
        let every = random.pick(&[10, 15, 30]) * MINUTE;
        // A reaper that is down for a while.
        let down_from = random.below(length);
        let down = random.below(3) * random.below(4 * HOUR);
        if random.percent(20) {
            let down_from = random.below(length);
            steps.push((down_from, Step::VaultDown(true)));
            steps.push((down_from + random.below(6 * HOUR), Step::VaultDown(false)));
        }
        let mut time = random.below(every);
        while time < length {
            if !(down_from..down_from + down).contains(&time) {
                steps.push((time, reap(&mut random)));
                if random.percent(8) {
                    steps.push((time + random.below(20_000), reap(&mut random)));
                }
            }
            time += every;
        }
        steps.sort_by_key(|(time, _)| *time);
        let fault_percent = random.pick(&[0, 1, 4, 10]);
        Self { seed, steps, faults: None, fault_percent }
    }

    /// End of the last step.
    pub(super) fn end(&self) -> i64 {
        self.steps.last().map_or(0, |(time, _)| *time)
    }
}

fn reap(random: &mut Random) -> Step {
    let killed_after = random.percent(12).then(|| random.below(60_000));
    let few = random.pick(&[0, 0, 0, -90_000, 90_000]);
    let skew = if random.percent(5) { random.pick(&[-5 * HOUR, -130_000, 130_000, 5 * HOUR]) } else { few };
    let jump = random.percent(5).then(|| {
        let by = random.pick(&[-5 * HOUR, -HOUR, -3 * MINUTE, 3 * MINUTE, HOUR, 5 * HOUR]);
        let (local, server) = random.pick(&[(by, 0), (0, by), (by, by)]);
        ClockJump { after: random.below(2 * MINUTE), local, server }
    });
    Step::Reap { skew, jump, killed_after }
}

fn developer(random: &mut Random, number: u64, length: i64, steps: &mut Vec<(i64, Step)>) {
    let mut time = random.below(2 * HOUR);
    let tier = random.pick(&[Tier::Lightweight, Tier::Lightweight, Tier::Full, Tier::Compliance, Tier::Staging]);
    let made_by = random.pick(&[MadeBy::Terraform, MadeBy::Argocd]);
    let fork = random.percent(15) && number < BRANCHES;
    steps.push((time, Step::Open { number, tier, made_by, fork }));
    apply(random, time, number, steps);
    for _ in 0..random.below(8) {
        // Most actions come soon after each other, some around an end.
        time += if random.percent(60) { random.below(2 * HOUR) } else { random.below(6 * HOUR) };
        if time > length {
            break;
        }
        let step = match random.below(34) {
            0..=6 => Step::Push(number),
            7..=9 => Step::Close(number),
            10..=11 => Step::Reopen(number),
            12 => Step::LabelOff(number),
            13 => Step::LabelOn(number),
            14..=15 => Step::Touch(number),
            16 => Step::Extend(number),
            17..=18 => Step::Approve(number),
            19 => Step::Protect(number, random.percent(50)),
            20 => Step::Request(number),
            21 => Step::DeleteNamespace(number),
            22 => Step::StrayCopy(if random.percent(30) { 99 } else { number }),
            23 => Step::Sleep(number),
            24 => Step::Wake(number),
            25 => Step::Break(number),
            26 => Step::Mend(number),
            27..=28 => Step::PushAtLabelOff(number),
            29 => Step::CopyAgain(number),
            30 => Step::KeepVault(number),
            31..=32 => Step::WakeEnded(number),
            _ => Step::LooseEvent(number),
        };
        // A branch has no labels.
        let is_of_pull_request = matches!(
            step,
            Step::LabelOff(_) | Step::LabelOn(_) | Step::Sleep(_) | Step::Wake(_) | Step::PushAtLabelOff(_)
        );
        if number >= BRANCHES && is_of_pull_request {
            continue;
        }
        steps.push((time, step.clone()));
        match step {
            Step::Push(_) | Step::Reopen(_) | Step::LabelOn(_) | Step::WakeEnded(_) => {
                apply(random, time, number, steps);
            }
            Step::KeepVault(_) if random.percent(50) => steps.push((time + MINUTE, Step::Request(number))),
            Step::Close(_) | Step::LabelOff(_) if random.percent(70) => {
                if random.percent(30) {
                    steps.push((time, Step::KeepOnDestroy(number)));
                }
                let killed_after = random.percent(30).then(|| random.below(60_000));
                steps.push((time + random.below(10 * MINUTE), Step::Destroy { number, killed_after }));
            }
            _ => {}
        }
    }
}

fn apply(random: &mut Random, time: i64, number: u64, steps: &mut Vec<(i64, Step)>) {
    let killed_after = random.percent(10).then(|| random.below(30_000));
    let late = if random.percent(10) { HOUR } else { 5 * MINUTE };
    steps.push((time + random.below(late), Step::Apply { number, killed_after }));
}

/// Finds a shorter schedule that fails in the same way: removes halves, quarters and single steps, then faults.
pub(super) fn shrink(schedule: &Schedule, fails: &dyn Fn(&Schedule) -> bool) -> Schedule {
    let mut best = schedule.clone();
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.steps.len() {
            let mut shorter = best.clone();
            shorter.steps.drain(at..(at + size).min(shorter.steps.len()));
            if fails(&shorter) {
                best = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    for call in best.faults.iter().flatten().map(|(call, _)| *call).collect::<Vec<_>>() {
        let mut shorter = best.clone();
        shorter.faults.as_mut().unwrap().remove(&call);
        if fails(&shorter) {
            best = shorter;
        }
    }
    best
}
