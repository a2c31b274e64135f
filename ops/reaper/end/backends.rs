//! Steps in the backends: snapshot, and the end of everything outside of the namespace.

use eod_domain::EnvironmentName;
use eod_domain::ledger::{EndStep, StepOutcome};

use super::{EndError, HeldEnd};
use crate::mutation::mutated;
use crate::ports::{Backend, BackendItem, BackendKind, CallError, CallErrorKind, Ports, SnapshotOutcome};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Takes a verified snapshot in every backend with data. Nothing is deleted before.
    pub(super) async fn snapshot(&mut self, end: &HeldEnd) -> Result<StepOutcome, EndError> {
        let ports = self.ports;
        let mut has_data = false;
        for backend in ports.backends() {
            match backend.snapshot(&end.name).await {
                Ok(SnapshotOutcome::NoData) => {}
                Ok(SnapshotOutcome::Verified(name)) => {
                    has_data = true;
                    self.report.act(&end.name, "snapshot", name);
                }
                Err(_) if mutated!(FailedSnapshotIsDone) => {}
                Err(error) => {
                    let problem = format!("no verified snapshot in {}, so the end waits: {error}", backend.kind());
                    self.report.problem(&end.name, problem);
                    return Ok(StepOutcome::Failed);
                }
            }
        }
        if !has_data {
            self.report.act(&end.name, "no-snapshot", "no backend has data of the environment");
        }
        Ok(StepOutcome::Done)
    }

    /// True if a backend has data that the end of an environment would delete, or if that is not known. Without a namespace and
    /// without such data, its end only writes the tombstone and the history.
    pub(crate) async fn may_lose_data(&self, name: &EnvironmentName) -> bool {
        self.may_have_items(name, BackendKind::has_data).await
    }

    /// True if a selected backend has items of the environment, or if that is not known.
    pub(crate) async fn may_have_items(&self, name: &EnvironmentName, is_selected: fn(BackendKind) -> bool) -> bool {
        for backend in self.ports.backends().iter().filter(|backend| is_selected(backend.kind())) {
            match backend.find(name).await {
                Ok(items) if !items.iter().any(|item| is_item_of(item, name.as_str())) => {}
                Ok(_) | Err(_) => return true,
            }
        }
        false
    }

    /// Ends everything of the environment in the backends of a step. A failure holds up only this step.
    pub(super) async fn end_backends(&mut self, end: &mut HeldEnd, step: EndStep) -> Result<StepOutcome, EndError> {
        let mut outcome = StepOutcome::Done;
        let ports = self.ports;
        for backend in ports.backends().iter().filter(|backend| backend.kind().step() == step) {
            match self.end_items(end, backend.as_ref()).await {
                Ok(()) => {}
                Err(EndError::Taken) => return Err(EndError::Taken),
                Err(EndError::Call(error)) => {
                    self.report.problem(&end.name, format!("{} is left: {error}", backend.kind()));
                    outcome = StepOutcome::Failed;
                }
            }
        }
        Ok(outcome)
    }

    /// Ends the items of one backend, then looks that none is left. The ledger is read after the items: a later life writes
    /// it before it creates an item, so all items that were found are of this life.
    async fn end_items(&mut self, end: &mut HeldEnd, backend: &dyn Backend) -> Result<(), EndError> {
        let items = backend.find(&end.name).await?;
        let name = end.name.clone();
        let is_own = |item: &BackendItem| is_item_of(item, name.as_str());
        let mut unknown = None;
        for item in items.iter().filter(|item| is_own(item)) {
            self.check_held(end).await?;
            if let Some(look) = end.look
                && !self.is_recent(look).await?
            {
                let problem = "the look at the pull request was too long ago; the next run looks again";
                return Err(CallError::new(CallErrorKind::Unavailable, problem).into());
            }
            match backend.end(item).await {
                // The answer was lost: the next read shows if the item is gone.
                Err(error) if error.kind == CallErrorKind::Unknown && !mutated!(LostAnswerIsFailure) => {
                    unknown = Some(error);
                }
                ended => ended?,
            }
        }
        if !items.iter().any(is_own) {
            return Ok(());
        }
        let left = backend.find(&name).await?.into_iter().filter(is_own).count();
        if left == 0 {
            return Ok(());
        }
        let problem = format!("{left} of its items still exist after they were ended");
        Err(unknown.unwrap_or_else(|| CallError::new(CallErrorKind::Unavailable, problem)).into())
    }
}

/// True if an item belongs to an environment, by its ownership labels. A name that begins alike is another environment.
pub(crate) fn is_item_of(item: &BackendItem, environment: &str) -> bool {
    item.environment == environment || (mutated!(EndByPrefix) && item.environment.starts_with(environment))
}
