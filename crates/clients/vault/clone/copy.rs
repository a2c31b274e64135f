//! Making copies.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use eod_domain::vault::{CopyProvenance, KeyRecord, KeyResult, Refused, Route, SecretRef};
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{AT_ONCE, CloneOptions, Cloned, CopyOwner, Notice, subtree, subtree::Pair};
use crate::{
    Deadline, Error, ErrorKind,
    vault::{
        client::{SYSTEM, Vault},
        kv::{Created, Receipt, SecretRead},
        mount::MountInfo,
        secret::{Secret, SecretMap},
    },
};

/// How long a run that is stopped may still take to mark what it has just stored.
const GRACE: Duration = Duration::from_secs(3);

/// How often a create is tried again because what was in its way was deleted or marked meanwhile.
const CHANGED_MEANWHILE: usize = 3;

/// Copies a secret, or a subtree. One failure ends the run as soon as what is under way is done.
pub async fn clone(vault: &Vault, route: &Route, options: &CloneOptions, owner: &CopyOwner, call: &Deadline) -> Cloned {
    let mut cloned = Cloned::default();
    let (mounts, pairs) = match prepare(vault, route, options, call).await {
        Ok((mounts, pairs, notices)) => {
            cloned.notices = notices;
            (mounts, pairs)
        }
        Err(error) => return Cloned { error: Some(error), ..cloned },
    };
    let failed = AtomicBool::new(false);
    let work = CopyWork { vault, options, owner, call, source: &mounts.0, target: &mounts.1 };
    let jobs = stream::iter(pairs).map(|pair| async {
        if failed.load(Ordering::Relaxed) {
            return Copied::default();
        }
        let copied = work.copy(pair).await;
        failed.fetch_or(copied.error.is_some(), Ordering::Relaxed);
        copied
    });
    let mut jobs = jobs.buffer_unordered(AT_ONCE);
    while let Some(copied) = jobs.next().await {
        cloned.notices.extend(copied.notices);
        if let Some((target, record)) = copied.record {
            cloned.keys.insert(target.path().clone(), record);
        }
        // The first failure is the cause of those after it, as far as there is one.
        cloned.error = cloned.error.or(copied.error);
    }
    if cloned.keys.is_empty() && cloned.error.is_none() {
        cloned.error = Some(nothing(route.source()));
    }
    cloned
}

/// Both mounts and the list of what is to be copied; nothing is written before all of it is known.
async fn prepare(
    vault: &Vault,
    route: &Route,
    options: &CloneOptions,
    call: &Deadline,
) -> Result<((MountInfo, MountInfo), Vec<Pair>, Vec<Notice>), Error> {
    let to = |operation, secret: &SecretRef| {
        let target = format!("secret `{secret}`");
        move |error: Error| Error::new(SYSTEM, operation, target, error.kind).because(error)
    };
    let source = vault.mount(route.source().mount(), call).await.map_err(to("copy", route.source()))?;
    let target = vault.mount(route.target().mount(), call).await.map_err(to("create", route.target()))?;
    let (pairs, notices) = if options.recursive {
        subtree::pairs(vault, &source, route, call).await?
    } else {
        let (source, target) = (route.source().clone(), route.target().clone());
        (vec![Pair { source, target, root: false }], Vec::new())
    };
    Ok(((source, target), pairs, notices))
}

pub(super) struct CopyWork<'a> {
    pub(super) vault: &'a Vault,
    pub(super) options: &'a CloneOptions,
    owner: &'a CopyOwner,
    call: &'a Deadline,
    source: &'a MountInfo,
    pub(super) target: &'a MountInfo,
}

/// What became of one secret.
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

/// One copy in the making.
pub(super) struct PlannedCopy {
    pub(super) target: SecretRef,
    pub(super) data: SecretMap,
    pub(super) provenance: CopyProvenance,
    pub(super) source_metadata: std::collections::BTreeMap<String, String>,
}

impl CopyWork<'_> {
    async fn copy(&self, pair: Pair) -> Copied {
        match self.read_source(&pair).await {
            Ok(Ok(secret)) => self.create(self.draft(pair, secret)).await,
            Ok(Err(notice)) => Copied { notices: notice.into_iter().collect(), ..Copied::default() },
            Err(error) => Copied { error: Some(error), ..Copied::default() },
        }
    }

    /// The source's value; in a subtree, what is not there is no error.
    async fn read_source(&self, pair: &Pair) -> Result<Result<Secret, Option<Notice>>, Error> {
        let found = self.vault.read(self.source, pair.source.path(), None, self.call).await?;
        let skipped = |why: &str| Notice::Skipped { source: pair.source.to_string(), why: why.to_owned() };
        match found {
            SecretRead::Secret(secret) => Ok(Ok(secret)),
            SecretRead::Absent if pair.root => Ok(Err(None)),
            SecretRead::Absent if self.options.recursive => Ok(Err(Some(skipped("it is gone since it was listed")))),
            SecretRead::Deleted { .. } if self.options.recursive => {
                Ok(Err(Some(skipped("its newest version is deleted"))))
            }
            SecretRead::Absent => Err(nothing(&pair.source)),
            SecretRead::Deleted { version } => {
                let version = version.map(|version| format!(" {version}")).unwrap_or_default();
                let words = format!(
                    "its newest version{version} is deleted; restore it (`vault kv undelete`) or write a new one"
                );
                Err(self.error(&pair.source, "copy", ErrorKind::NotFound).because(words))
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
        for _ in 0..CHANGED_MEANWHILE {
            let path = draft.target.path();
            let (refused, denied, after_silence) =
                match self.vault.create(self.target, path, &draft.data, self.call).await {
                    Ok(Created::Stored(receipt)) => return self.mark_new(draft, receipt).await,
                    Ok(Created::Exists { after_silence }) => (Refused::Conflict, None, after_silence),
                    // With a policy that may only create, the second attempt of a write that was stored is denied.
                    Ok(Created::Denied(error)) => {
                        let after_silence = error.outcome_unknown();
                        (Refused::Denied, Some(error), after_silence)
                    }
                    Err(error) if error.outcome_unknown() => return self.settle_unknown(draft, error).await,
                    Err(error) => return Copied { error: Some(error), ..Copied::default() },
                };
            if let Some(copied) = self.settle(&draft, refused, denied, after_silence, self.call).await {
                return copied;
            }
        }
        let words = "others made, took or deleted it again and again while it was to be created; run again";
        Copied {
            error: Some(self.error(&draft.target, "create", ErrorKind::Conflict).because(words)),
            ..Copied::default()
        }
    }

    /// Marks what we have just stored. It is recorded whether or not the marks could be written.
    async fn mark_new(&self, mut draft: PlannedCopy, receipt: Receipt) -> Copied {
        draft.provenance.created.clone_from(&receipt.created_time);
        // Metadata without a value is no secret that was there, but it is somebody's and stays beside ours.
        draft.source_metadata.extend(receipt.custom_metadata);
        let record = KeyRecord {
            source_version: draft.provenance.source_version,
            version: receipt.version,
            result: KeyResult::Cloned,
            edited: false,
            created_time: receipt.created_time,
        };
        let (notices, error) = self.mark(&draft.target, &draft.provenance, &draft.source_metadata, self.call).await;
        Copied { record: Some((draft.target, record)), notices, error }
    }

    /// Writes the provenance, also when the run was stopped a moment ago.
    pub(super) async fn mark(
        &self,
        target: &SecretRef,
        provenance: &CopyProvenance,
        beside: &std::collections::BTreeMap<String, String>,
        call: &Deadline,
    ) -> (Vec<Notice>, Option<Error>) {
        let (custom, left_out) = provenance.custom_metadata(beside);
        let mut result = self.vault.set_custom_metadata(self.target, target.path(), &custom, call).await;
        let stopped = matches!(&result, Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout));
        let mut error = None;
        if stopped {
            let grace = Deadline::within(GRACE, CancellationToken::new());
            error = result.err();
            result = self.vault.set_custom_metadata(self.target, target.path(), &custom, &grace).await;
        }
        let notice = Notice::MetadataLeftOut { target: target.clone(), entries: left_out.clone() };
        let notices = if left_out.is_empty() || result.is_err() { Vec::new() } else { vec![notice] };
        // Marked in the grace or not, a run that was stopped says that it was stopped.
        (notices, error.or(result.err()))
    }

    /// Looks once at what a create without an answer may have stored.
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

fn nothing(source: &SecretRef) -> Error {
    let words =
        "there is no secret to copy at this path; check `mount` and `source_path`, and `recursive` for a folder";
    Error::new(SYSTEM, "copy", format!("secret `{source}`"), ErrorKind::NotFound).because(words)
}
