//! What a run does about a secret that lies where its copy should be.

use std::time::Duration;

use eod_domain::vault::{
    AfterRefusal, CopyCheck, CopyProvenance, KeyFacts, KeyMarks, KeyRecord, KeyResult, Refused, after_refusal,
    check_copy, edited,
};

use super::{
    Notice, OnForeignSecret,
    copy::{Copied, CopyWork, PlannedCopy},
};
use crate::{
    Deadline, Error, ErrorKind,
    vault::{kv::SecretRead, secret::Metadata},
};

/// How long a value without marks may still get them from the run that stored it: the second of its two writes, with
/// the attempts that a bad connection takes.
const MARKED_WITHIN: Duration = Duration::from_secs(5);

impl CopyWork<'_> {
    /// Decides about what is where the copy should be; none where it has gone or changed hands meanwhile, so that the
    /// create may be tried again.
    pub(super) async fn settle(
        &self,
        draft: &PlannedCopy,
        refused: Refused,
        denied: Option<Error>,
        after_silence: bool,
        call: &Deadline,
    ) -> Option<Copied> {
        let found = match self.vault.metadata(self.target, draft.target.path(), call).await {
            Ok(found) => found,
            // A token that may neither write nor look lacks the right to write first of all.
            Err(error) if error.kind == ErrorKind::Denied => return Copied::failed(denied.unwrap_or(error)),
            Err(error) => return Copied::failed(error),
        };
        let facts = found.as_ref().map(|metadata| metadata.facts(self.vault.now()));
        let verdict = check_copy(facts.as_ref(), &draft.provenance);
        let there = found.zip(facts);
        match (after_refusal(refused, verdict), there) {
            (AfterRefusal::CreateAgain, _) | (_, None) if denied.is_none() => None,
            (AfterRefusal::CreateAgain | AfterRefusal::NotAllowed, _) | (_, None) => {
                let error = denied.unwrap_or_else(|| self.error(&draft.target, "create", ErrorKind::Denied));
                Copied::failed(error)
            }
            (AfterRefusal::Adopt, Some((metadata, facts))) => self.adopt(draft, &metadata, &facts, call).await,
            (AfterRefusal::CompareThenAdopt, Some((metadata, facts))) => {
                self.compare(draft, &metadata, &facts, after_silence, call).await
            }
            (AfterRefusal::Keep { whose }, Some((_, facts))) => self.keep(draft, &facts, whose),
            (AfterRefusal::OtherSource { source }, Some(_)) => {
                let words = format!(
                    "it is a copy of `{source}` for the same environment; destroy that copy first, or choose another \
                     target path"
                );
                Copied::failed(self.error(&draft.target, "create", ErrorKind::AlreadyExists).because(words))
            }
        }
    }

    /// Takes over a copy that an interrupted run of ours marked. Its value, and what people wrote on it, stay.
    async fn adopt(
        &self,
        draft: &PlannedCopy,
        metadata: &Metadata,
        facts: &KeyFacts,
        call: &Deadline,
    ) -> Option<Copied> {
        let marks = &facts.marks;
        let written = metadata.written(marks);
        let provenance = CopyProvenance {
            source_version: marks.source_version,
            created: marks.created.clone(),
            ..draft.provenance.clone()
        };
        let record = KeyRecord {
            source_version: marks.source_version,
            version: written,
            result: KeyResult::Adopted,
            edited: edited(facts, written),
            created_time: marks.created.clone(),
        };
        let (notices, error) = self.mark(&draft.target, &provenance, &metadata.custom_metadata, call).await;
        Some(Copied { record: Some((draft.target.clone(), record)), notices, error })
    }

    /// An unmarked version 1 is ours if it holds what we would have written.
    async fn compare(
        &self,
        draft: &PlannedCopy,
        metadata: &Metadata,
        facts: &KeyFacts,
        after_silence: bool,
        call: &Deadline,
    ) -> Option<Copied> {
        let value = match self.vault.read(self.target, draft.target.path(), Some(1), call).await {
            Ok(SecretRead::Secret(secret)) => secret,
            Ok(_) => return self.keep(draft, facts, "it was deleted while it was looked at".to_owned()),
            Err(error) if error.kind == ErrorKind::Denied => {
                let why = "it carries no marks, and the token may not read it to compare it with the source";
                return self.keep(draft, facts, why.to_owned());
            }
            Err(error) => return Copied::failed(error),
        };
        if value.data != draft.data {
            return self.keep(draft, facts, "it carries no marks and holds something else than the source".to_owned());
        }
        match self.stays_unmarked(draft, after_silence, call).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Copied::failed(error),
        }
        let provenance = CopyProvenance { created: facts.created_time.clone(), ..draft.provenance.clone() };
        let record = KeyRecord {
            source_version: provenance.source_version,
            version: 1,
            result: if after_silence { KeyResult::Cloned } else { KeyResult::Adopted },
            edited: false,
            created_time: facts.created_time.clone(),
        };
        let beside = if after_silence { &draft.source_metadata } else { &metadata.custom_metadata };
        let (notices, error) = self.mark(&draft.target, &provenance, beside, call).await;
        let mut copied = Copied { record: Some((draft.target.clone(), record)), notices, error };
        if copied.error.is_none() && !after_silence {
            match self.is_marked_by(draft, call).await {
                Ok(true) => {}
                // Two runs took over what a third had left behind: the later marks count.
                Ok(false) => return None,
                Err(error) => copied.error = Some(error),
            }
        }
        Some(copied)
    }

    async fn is_marked_by(&self, draft: &PlannedCopy, call: &Deadline) -> Result<bool, Error> {
        let found = self.vault.metadata(self.target, draft.target.path(), call).await?;
        let nonce = found.and_then(|metadata| KeyMarks::read(&metadata.custom_metadata).nonce);
        Ok(nonce.as_ref() == Some(&draft.provenance.nonce))
    }

    /// Whether nobody marks the value within the time in which whoever has just stored it does so. Without a wait, two
    /// environments that want a copy at one path could both take the first one's for their own.
    async fn stays_unmarked(&self, draft: &PlannedCopy, after_silence: bool, call: &Deadline) -> Result<bool, Error> {
        if after_silence {
            return Ok(true);
        }
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(50);
        while waited < MARKED_WITHIN {
            call.pause(pause).await.map_err(|stop| self.error(&draft.target, "create", stop.into()).because(stop))?;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(1));
            let found = self.vault.metadata(self.target, draft.target.path(), call).await?;
            let facts = found.map(|metadata| metadata.facts(self.vault.now()));
            if check_copy(facts.as_ref(), &draft.provenance) != CopyCheck::UnmarkedFirst {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn keep(&self, draft: &PlannedCopy, facts: &KeyFacts, why: String) -> Option<Copied> {
        if self.options.on_existing == OnForeignSecret::Fail {
            let words = format!(
                "it is there already and is not a copy of ours ({why}); delete it, or set `on_existing = \"keep\"`"
            );
            return Copied::failed(self.error(&draft.target, "create", ErrorKind::AlreadyExists).because(words));
        }
        let record = KeyRecord {
            source_version: None,
            version: facts.current_version,
            result: KeyResult::KeptForeign,
            edited: false,
            created_time: None,
        };
        let notices = vec![Notice::KeptForeign { target: draft.target.clone(), why }];
        Some(Copied { record: Some((draft.target.clone(), record)), notices, error: None })
    }
}
