//! Copies secrets and subtrees.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use eod_domain::vault::{CopyProvenance, KeyRecord, KeyResult, Refused, Route, SecretPath, SecretRef};
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{
    notice::Notice,
    options::{CloneOptions, MAX_AT_ONCE},
    owner::CopyOwner,
    subtree::{self, Pair},
};
use crate::{
    Deadline, Error, ErrorKind,
    vault::{
        client::Vault,
        engine::MountInfo,
        kv::{Created, Receipt, SecretRead},
        problem::VaultProblem,
        request::SYSTEM,
        secret::{Secret, SecretMap},
    },
};

/// Time that a cancelled run has to write the provenance of a copy that it has just stored.
const GRACE: Duration = Duration::from_secs(3);

/// Maximum number of attempts to create a copy if other clients change the secret during the attempts.
const MAX_ATTEMPTS: usize = 3;

/// Result of a clone. After a failure it contains the created copies, which must be in the state.
#[derive(Debug, Default)]
pub struct Cloned {
    /// The copies by target path.
    pub keys: BTreeMap<SecretPath, KeyRecord>,
    /// Notices for the user.
    pub notices: Vec<Notice>,
    /// The first failure.
    pub error: Option<Error>,
}

/// Copies a secret or a subtree. After a failure, no further copies begin; those in progress end first.
pub async fn clone(
    vault: &Vault,
    route: &Route,
    options: &CloneOptions,
    owner: &CopyOwner,
    deadline: &Deadline,
) -> Cloned {
    let mut cloned = Cloned::default();
    let (mounts, pairs) = match prepare(vault, route, options, deadline).await {
        Ok((mounts, pairs, notices)) => {
            cloned.notices = notices;
            (mounts, pairs)
        }
        Err(error) => return Cloned { error: Some(error), ..cloned },
    };
    let failed = AtomicBool::new(false);
    let work = CopyWork { vault, options, owner, deadline, source: &mounts.0, target: &mounts.1 };
    let jobs = stream::iter(pairs).map(|pair| async {
        if failed.load(Ordering::Relaxed) {
            return Copied::default();
        }
        let copied = work.copy(pair).await;
        failed.fetch_or(copied.error.is_some(), Ordering::Relaxed);
        copied
    });
    let mut jobs = jobs.buffer_unordered(MAX_AT_ONCE);
    while let Some(copied) = jobs.next().await {
        cloned.notices.extend(copied.notices);
        if let Some((target, record)) = copied.record {
            cloned.keys.insert(target.path().clone(), record);
        }
        // The first failure may be the cause of the others.
        cloned.error = cloned.error.or(copied.error);
    }
    if cloned.keys.is_empty() && cloned.error.is_none() {
        cloned.error = Some(nothing_to_copy(route.source()));
    }
    cloned
}

/// Both mounts and the list of secrets to copy; nothing is written before the list is complete.
async fn prepare(
    vault: &Vault,
    route: &Route,
    options: &CloneOptions,
    deadline: &Deadline,
) -> Result<((MountInfo, MountInfo), Vec<Pair>, Vec<Notice>), Error> {
    let failed_to = |operation, secret: &SecretRef| {
        let target = format!("secret `{secret}`");
        move |error: Error| Error::new(SYSTEM, operation, target, error.kind).because(error)
    };
    let source = vault.mount(route.source().mount(), deadline).await.map_err(failed_to("copy", route.source()))?;
    let target = vault.mount(route.target().mount(), deadline).await.map_err(failed_to("create", route.target()))?;
    let (pairs, notices) = if options.recursive {
        subtree::pairs(vault, &source, route, deadline).await?
    } else {
        let (source, target) = (route.source().clone(), route.target().clone());
        (vec![Pair { source, target, root: false }], Vec::new())
    };
    Ok(((source, target), pairs, notices))
}

/// The inputs of all copies of one clone.
pub(super) struct CopyWork<'a> {
    pub(super) vault: &'a Vault,
    pub(super) options: &'a CloneOptions,
    owner: &'a CopyOwner,
    deadline: &'a Deadline,
    source: &'a MountInfo,
    pub(super) target: &'a MountInfo,
}

/// Result for one secret.
#[derive(Default)]
pub(super) struct Copied {
    pub(super) record: Option<(SecretRef, KeyRecord)>,
    pub(super) notices: Vec<Notice>,
    pub(super) error: Option<Error>,
}

impl Copied {
    pub(super) fn failed(error: Error) -> Option<Self> {
        Some(Self { error: Some(error), ..Self::default() })
    }
}

/// A copy before it is created.
pub(super) struct PlannedCopy {
    pub(super) target: SecretRef,
    pub(super) data: SecretMap,
    pub(super) provenance: CopyProvenance,
    pub(super) source_metadata: BTreeMap<String, String>,
}

impl CopyWork<'_> {
    async fn copy(&self, pair: Pair) -> Copied {
        match self.read_source(&pair).await {
            Ok(Ok(secret)) => self.create(self.draft(pair, secret)).await,
            Ok(Err(notice)) => Copied { notices: notice.into_iter().collect(), ..Copied::default() },
            Err(error) => Copied { error: Some(error), ..Copied::default() },
        }
    }

    /// Reads the source. In a subtree, a missing secret is not an error; it may be a notice.
    async fn read_source(&self, pair: &Pair) -> Result<Result<Secret, Option<Notice>>, Error> {
        let found = self.vault.read(self.source, pair.source.path(), None, self.deadline).await?;
        let skipped = |why: &str| Notice::Skipped { source: pair.source.to_string(), why: why.to_owned() };
        match found {
            SecretRead::Secret(secret) => Ok(Ok(secret)),
            SecretRead::Absent if pair.root => Ok(Err(None)),
            SecretRead::Absent if self.options.recursive => {
                Ok(Err(Some(skipped("it was deleted after it was listed"))))
            }
            SecretRead::Deleted { .. } if self.options.recursive => {
                Ok(Err(Some(skipped("its newest version is deleted"))))
            }
            SecretRead::Absent => Err(nothing_to_copy(&pair.source)),
            SecretRead::Deleted { version } => {
                let problem = VaultProblem::VersionDeleted { version };
                Err(self.error(&pair.source, "copy", ErrorKind::NotFound).because(problem))
            }
        }
    }

    fn draft(&self, pair: Pair, mut secret: Secret) -> PlannedCopy {
        let data = std::mem::take(&mut secret.data);
        let data = data.without(&self.options.exclude_keys).with(&self.options.overrides);
        let provenance = CopyProvenance {
            environment: self.owner.environment.clone(),
            installation: self.owner.installation.clone(),
            source: pair.source,
            source_version: secret.version,
            created: None,
            nonce: self.owner.nonce.clone(),
        };
        PlannedCopy { target: pair.target, data, provenance, source_metadata: secret.custom_metadata }
    }

    async fn create(&self, draft: PlannedCopy) -> Copied {
        for _ in 0..MAX_ATTEMPTS {
            let path = draft.target.path();
            let (refused, denied, after_silence) =
                match self.vault.create(self.target, path, &draft.data, self.deadline).await {
                    Ok(Created::Stored(receipt)) => return self.record_new(draft, receipt).await,
                    Ok(Created::Exists { after_silence }) => (Refused::Conflict, None, after_silence),
                    // If the policy allows only `create`, the second attempt of a stored write is denied.
                    Ok(Created::Denied(error)) => {
                        let after_silence = error.outcome_unknown();
                        (Refused::Denied, Some(error), after_silence)
                    }
                    Err(error) if error.outcome_unknown() => return self.settle_unknown(draft, error).await,
                    Err(error) => return Copied { error: Some(error), ..Copied::default() },
                };
            if let Some(copied) = self.settle(&draft, refused, denied, after_silence, self.deadline).await {
                return copied;
            }
        }
        Copied {
            error: Some(
                self.error(&draft.target, "create", ErrorKind::Conflict).because(VaultProblem::ChangedMeanwhile),
            ),
            ..Copied::default()
        }
    }

    /// Writes the provenance of a copy that was just stored. The copy is recorded even if that fails.
    async fn record_new(&self, mut draft: PlannedCopy, receipt: Receipt) -> Copied {
        draft.provenance.created.clone_from(&receipt.created_time);
        // Metadata without a value is not a secret, but it belongs to another owner and is kept.
        draft.source_metadata.extend(receipt.custom_metadata);
        let record = KeyRecord {
            source_version: draft.provenance.source_version,
            version: receipt.version,
            result: KeyResult::Cloned,
            edited: false,
            created_time: receipt.created_time,
        };
        let (notices, error) =
            self.write_provenance(&draft.target, &draft.provenance, &draft.source_metadata, self.deadline).await;
        Copied { record: Some((draft.target, record)), notices, error }
    }

    /// Writes the provenance, also if the run was cancelled or timed out in the meantime.
    pub(super) async fn write_provenance(
        &self,
        target: &SecretRef,
        provenance: &CopyProvenance,
        other_metadata: &BTreeMap<String, String>,
        deadline: &Deadline,
    ) -> (Vec<Notice>, Option<Error>) {
        let (custom, left_out) = provenance.custom_metadata(other_metadata);
        let mut result = self.vault.set_custom_metadata(self.target, target.path(), &custom, deadline).await;
        let interrupted =
            matches!(&result, Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout));
        let mut error = None;
        if interrupted {
            let grace = Deadline::within(GRACE, CancellationToken::new());
            error = result.err();
            result = self.vault.set_custom_metadata(self.target, target.path(), &custom, &grace).await;
        }
        let notice = Notice::MetadataLeftOut { target: target.clone(), entries: left_out.clone() };
        let notices = if left_out.is_empty() || result.is_err() { Vec::new() } else { vec![notice] };
        // An interrupted run reports the interruption, also if the provenance was written.
        (notices, error.or(result.err()))
    }

    /// Checks once if a create without a response was stored.
    async fn settle_unknown(&self, draft: PlannedCopy, error: Error) -> Copied {
        let grace = Deadline::within(GRACE, CancellationToken::new());
        match self.settle(&draft, Refused::Conflict, None, true, &grace).await {
            Some(copied) => Copied { error: Some(error), ..copied },
            None => Copied { error: Some(error), ..Copied::default() },
        }
    }

    pub(super) fn error(&self, secret: &SecretRef, operation: &'static str, kind: ErrorKind) -> Error {
        Error::new(SYSTEM, operation, format!("secret `{secret}`"), kind)
    }
}

fn nothing_to_copy(source: &SecretRef) -> Error {
    Error::new(SYSTEM, "copy", format!("secret `{source}`"), ErrorKind::NotFound).because(VaultProblem::NothingToCopy)
}
