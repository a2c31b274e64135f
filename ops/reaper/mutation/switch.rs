//! Switch for one deliberate bug per thread.

use std::cell::{Cell, RefCell};

/// Deliberate bugs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::VariantArray)]
pub(crate) enum Mutation {
    /// Writes to a namespace name no resourceVersion.
    NoResourceVersion,
    /// Deletes of a namespace name no uid, and a namespace of a later life counts as that of the end.
    NoUid,
    /// An unknown state of a pull request counts as closed.
    UnknownIsClosed,
    /// A pull request that is not in the list of open ones counts as closed.
    ListIsBelieved,
    /// A pull request that is not found counts as closed.
    NotFoundIsClosed,
    /// The commit at the forge is not compared, neither before an end nor after the trigger label was removed.
    NoSecondLook,
    /// The lease is taken over by comparing clocks.
    LeaseByClock,
    /// An environment past its end is ended without a mark.
    EndWithoutMark,
    /// Things of another environment with a name that begins alike are ended.
    EndByPrefix,
    /// Copies in Vault are deleted at expiry.
    CopyDeletedAtExpiry,
    /// An approval of an older end is accepted.
    OldApproval,
    /// The clock of the machine is used.
    LocalClock,
    /// The tombstone is deleted while the pull request is open.
    TombstoneForgotten,
    /// The trigger label is set again on a pull request of a fork.
    LabelBackOnFork,
    /// A rendered namespace is deleted while an Application claims it.
    DeleteUnderApplication,
    /// The generation is not checked before a step.
    GenerationNotChecked,
    /// An orphan is removed at its first sighting.
    OrphanAtFirstSight,
    /// A thing of an environment on no record is removed.
    UnknownRemoved,
    /// The breaker counts after the ends.
    BreakerAfterTheFact,
    /// All loose events are removed when some are sealed.
    LooseEventsLost,
    /// The environment is not read again before its end begins.
    NoLastLook,
    /// A protected environment is ended.
    ProtectedEnded,
    /// Backends are ended while the namespace still exists.
    BackendsBeforeNamespace,
    /// A running end is never continued.
    NeverResumed,
    /// The trigger label is set again without a push.
    RevivedWithoutPush,
    /// The head is written without its resourceVersion.
    HeadWithoutVersion,
    /// A snapshot that failed counts as taken.
    FailedSnapshotIsDone,
    /// The end of an environment that is protected now is neither finished nor cancelled.
    ProtectedEndIsStuck,
    /// The environment is not looked at again before Argo CD deletes it.
    NoLookBeforeHandOver,
    /// The length of a list that was cut short is remembered.
    ShortListRemembered,
    /// An end stops at a ledger that is full.
    FullLedgerStopsEnd,
    /// The clocks are compared only at the start of a run.
    ClocksComparedOnce,
    /// The label for sleep is removed, although a person has set it.
    SleepOfPersonEnded,
    /// Kept copies end if the pull request has no trigger label.
    KeptEndsUnlabelled,
    /// Copies that an end has left are ended without a look at the pull request.
    LeftWithoutLook,
    /// The lift of an end is never taken back.
    LiftStays,
    /// The end of a namespace does not begin if the ledger has a life of another namespace.
    OldLifeIsEnded,
    /// The clocks are not compared before a heartbeat is written.
    BeatOfJumpedClock,
    /// A mark that was stored late is not written again with the time that it lost.
    LateMarkStays,
    /// Each write that the server refuses as invalid counts as one to a full ledger.
    InvalidIsFull,
    /// The summary is written without a look at the lease.
    SummaryWithoutLease,
    /// An orphan that may not be removed counts for the breaker.
    KeptOrphansAreCounted,
    /// An end is cancelled without its trigger label if the forge does not answer.
    LabelLeftOff,
    /// The ledger of copies that a person keeps is deleted after the retention.
    KeptCopyForgotten,
    /// The close of the pull request of an expired environment is not recorded.
    CloseNotRecorded,
    /// Every run reads the branches of all ended environments.
    BranchesReadByEveryRun,
    /// A search for orphans that is not complete counts as one.
    PartialSweepCounts,
    /// Namespaces that others delete hold up ends.
    AllDeletionsCount,
    /// Steps that an end has left count for the breaker.
    LeftEndsAreCounted,
    /// An item counts as not ended if the answer was lost.
    LostAnswerIsFailure,
}

thread_local! {
    static ACTIVE: Cell<Option<Mutation>> = const { Cell::new(None) };
    static SWITCHED_ON: RefCell<Vec<Mutation>> = const { RefCell::new(Vec::new()) };
}

/// True if a bug is switched on.
pub(crate) fn is_active(mutation: Mutation) -> bool {
    ACTIVE.get() == Some(mutation)
}

/// Runs `work` with a bug switched on.
pub(crate) fn with_mutation<T>(mutation: Option<Mutation>, work: impl FnOnce() -> T) -> T {
    SWITCHED_ON.with_borrow_mut(|found| found.extend(mutation));
    let before = ACTIVE.replace(mutation);
    let result = work();
    ACTIVE.set(before);
    result
}

/// Bugs that `work` has switched on.
pub(crate) fn switched_on(work: impl FnOnce()) -> Vec<Mutation> {
    SWITCHED_ON.take();
    work();
    SWITCHED_ON.take()
}
