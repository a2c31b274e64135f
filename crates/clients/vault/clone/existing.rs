//! Secrets that exist at the target of a copy.

use std::time::Duration;

use eod_domain::vault::{
    AfterRefusal, CopyCheck, CopyOwnership, CopyProvenance, KeyFacts, KeyRecord, KeyResult, OnExistingSecret, Refused,
    after_refusal, check_copy, edited,
};

use super::{
    copy::{Copied, CopyWork, PlannedCopy},
    notice::Notice,
};
use crate::{
    Deadline, Error, ErrorKind,
    vault::{kv::SecretRead, problem::VaultProblem, secret::Metadata},
};

/// Maximum time between the two writes of a copy, value and provenance, with the attempts of a bad connection.
const MARKED_WITHIN: Duration = Duration::from_secs(5);

impl CopyWork<'_> {
    /// Handles the secret at the target. `None` if it was deleted or changed in the meantime, so that the create may be
    /// tried again.
    pub(super) async fn settle(
        &self,
        draft: &PlannedCopy,
        refused: Refused,
        denied: Option<Error>,
        after_silence: bool,
        deadline: &Deadline,
    ) -> Option<Copied> {
        let found = match self.vault.metadata(self.target, draft.target.path(), deadline).await {
            Ok(found) => found,
            // For a token that may neither write nor read, the error names the missing right to write.
            Err(error) if error.kind == ErrorKind::Denied => return Copied::failed(denied.unwrap_or(error)),
            Err(error) => return Copied::failed(error),
        };
        let facts = found.as_ref().map(|metadata| metadata.facts(self.vault.now()));
        let check = check_copy(facts.as_ref(), &draft.provenance);
        let there = found.zip(facts);
        match (after_refusal(refused, check), there) {
            (AfterRefusal::CreateAgain, _) | (_, None) if denied.is_none() => None,
            (AfterRefusal::CreateAgain | AfterRefusal::NotAllowed, _) | (_, None) => {
                let error = denied.unwrap_or_else(|| self.error(&draft.target, "create", ErrorKind::Denied));
                Copied::failed(error)
            }
            (AfterRefusal::Adopt, Some((metadata, facts))) => self.adopt(draft, &metadata, &facts, deadline).await,
            (AfterRefusal::CompareThenAdopt, Some((metadata, facts))) => {
                self.compare(draft, &metadata, &facts, after_silence, deadline).await
            }
            (AfterRefusal::Keep { owner }, Some((_, facts))) => self.keep(draft, &facts, owner),
            (AfterRefusal::OtherSource { source }, Some(_)) => {
                let problem = VaultProblem::OtherSource { source_path: source };
                Copied::failed(self.error(&draft.target, "create", ErrorKind::AlreadyExists).because(problem))
            }
        }
    }

    /// Adopts a copy with the provenance of an interrupted run. Its value and its custom metadata stay.
    async fn adopt(
        &self,
        draft: &PlannedCopy,
        metadata: &Metadata,
        facts: &KeyFacts,
        deadline: &Deadline,
    ) -> Option<Copied> {
        let ownership = &facts.ownership;
        let written = metadata.written(ownership);
        let provenance = CopyProvenance {
            source_version: ownership.source_version,
            created: ownership.created.clone(),
            ..draft.provenance.clone()
        };
        let record = KeyRecord {
            source_version: ownership.source_version,
            version: written,
            result: KeyResult::Adopted,
            edited: edited(facts, written),
            created_time: ownership.created.clone(),
        };
        let (notices, error) =
            self.write_provenance(&draft.target, &provenance, &metadata.custom_metadata, deadline).await;
        Some(Copied { record: Some((draft.target.clone(), record)), notices, error })
    }

    /// Adopts a version 1 without provenance if its value is that of the copy.
    async fn compare(
        &self,
        draft: &PlannedCopy,
        metadata: &Metadata,
        facts: &KeyFacts,
        after_silence: bool,
        deadline: &Deadline,
    ) -> Option<Copied> {
        let value = match self.vault.read(self.target, draft.target.path(), Some(1), deadline).await {
            Ok(SecretRead::Secret(secret)) => secret,
            Ok(_) => return self.keep(draft, facts, "it was deleted while it was compared".to_owned()),
            Err(error) if error.kind == ErrorKind::Denied => {
                let why =
                    "it has no ownership metadata, and the token may not read its value to compare it with the source";
                return self.keep(draft, facts, why.to_owned());
            }
            Err(error) => return Copied::failed(error),
        };
        if value.data != draft.data {
            return self.keep(
                draft,
                facts,
                "it has no ownership metadata, and its value differs from the source".to_owned(),
            );
        }
        match self.stays_without_provenance(draft, after_silence, deadline).await {
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
        let other_metadata = if after_silence { &draft.source_metadata } else { &metadata.custom_metadata };
        let (notices, error) = self.write_provenance(&draft.target, &provenance, other_metadata, deadline).await;
        let mut copied = Copied { record: Some((draft.target.clone(), record)), notices, error };
        if copied.error.is_none() && !after_silence {
            match self.has_provenance_of(draft, deadline).await {
                Ok(true) => {}
                // Two runs have adopted the copy of a third; the later provenance is valid.
                Ok(false) => return None,
                Err(error) => copied.error = Some(error),
            }
        }
        Some(copied)
    }

    async fn has_provenance_of(&self, draft: &PlannedCopy, deadline: &Deadline) -> Result<bool, Error> {
        let found = self.vault.metadata(self.target, draft.target.path(), deadline).await?;
        let nonce = found.and_then(|metadata| CopyOwnership::read(&metadata.custom_metadata).nonce);
        Ok(nonce.as_ref() == Some(&draft.provenance.nonce))
    }

    /// True if the value gets no provenance within [`MARKED_WITHIN`]. Without this wait, two environments with the same
    /// target path could both adopt the copy of the first one.
    async fn stays_without_provenance(
        &self,
        draft: &PlannedCopy,
        after_silence: bool,
        deadline: &Deadline,
    ) -> Result<bool, Error> {
        if after_silence {
            return Ok(true);
        }
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(50);
        while waited < MARKED_WITHIN {
            deadline
                .pause(pause)
                .await
                .map_err(|reason| self.error(&draft.target, "create", reason.into()).because(reason))?;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(1));
            let found = self.vault.metadata(self.target, draft.target.path(), deadline).await?;
            let facts = found.map(|metadata| metadata.facts(self.vault.now()));
            if check_copy(facts.as_ref(), &draft.provenance) != CopyCheck::UnmarkedFirst {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn keep(&self, draft: &PlannedCopy, facts: &KeyFacts, why: String) -> Option<Copied> {
        if self.options.on_existing == OnExistingSecret::Fail {
            let problem = VaultProblem::Foreign { reason: why };
            return Copied::failed(self.error(&draft.target, "create", ErrorKind::AlreadyExists).because(problem));
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
