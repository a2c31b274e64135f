//! Publication of a build: its names are swapped with those of the published version.

use std::time::Duration;

use eod_clients::Deadline;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    birth::{GoldenError, GoldenName, GoldenServer, GoldenState},
    facts::GoldenFacts,
    sql::{quoted_name, quoted_text, rows},
    versions::{GoldenVersion, VersionStage, sort_versions, to_prune},
};

/// Default validity of a published version, counted from the snapshot of its source.
pub const DEFAULT_VALID_FOR: Duration = Duration::from_hours(30 * 24);

/// Settings of a publication.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublishSettings {
    /// Validity, counted from the snapshot of the source. It is the longest time that rows erased in production stay.
    pub valid_for: Duration,
    /// Number of older versions to keep.
    pub keep: usize,
}

/// Result of a publication.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PublishReport {
    /// Facts of the published version.
    pub published: GoldenFacts,
    /// Database that the former version has become; none for the first publication.
    pub kept_as: Option<String>,
    /// Databases of older versions that were removed.
    pub removed: Vec<String>,
    /// Databases of older versions that could not be removed, each with the reason. `prune` tries again.
    pub not_removed: Vec<(String, String)>,
}

/// Publication that is decided and not carried out.
struct PublicationPlan {
    /// Facts of the version to publish.
    published: GoldenFacts,
    /// Name for the version that is published now; none for the first publication.
    kept: Option<GoldenName>,
}

#[derive(Deserialize)]
struct MemberRow {
    member: String,
}

const MEMBERS: &str = "\
SELECT DISTINCT pg_get_userbyid(m.member) AS member FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
WHERE r.rolname = $1 ORDER BY member";

impl GoldenServer {
    /// Publishes the version that was built last: in one transaction the published version gets the name of a kept one, and
    /// the new version its name. Members of the owner role stay members. A clone that is being made is waited for. Then
    /// versions beyond the number to keep are removed.
    ///
    /// # Errors
    ///
    /// [`GoldenError`]. The published version is the former one then.
    pub async fn publish(
        &mut self,
        name: &GoldenName,
        settings: PublishSettings,
        deadline: &Deadline,
    ) -> Result<PublishReport, GoldenError> {
        let PublicationPlan { published, kept } = self.publication(name, settings, deadline).await?;
        let mut statements = vec!["BEGIN".to_owned()];
        if let Some(kept) = &kept {
            statements.extend(renamed(name, kept));
        }
        statements.extend(renamed(&name.next(), name));
        let owner = quoted_name(&name.owner());
        if kept.is_some() {
            let target = format!("members of role `{}`", name.owner());
            let members: Vec<MemberRow> =
                rows(&mut self.session, &target, MEMBERS, &[&name.owner().as_str()], deadline).await?;
            let grants = members.iter().map(|row| format!("GRANT {owner} TO {}", quoted_name(&row.member)));
            statements.extend(grants);
        }
        let comment = quoted_text(&published.comment());
        statements.push(format!("COMMENT ON DATABASE {} IS {comment}", quoted_name(name.as_str())));
        statements.push("COMMIT".to_owned());
        self.transaction("publish", &format!("golden database `{name}`"), &statements.join("; "), deadline).await?;
        let mut report = PublishReport {
            published,
            kept_as: kept.map(|kept| kept.as_str().to_owned()),
            removed: Vec::new(),
            not_removed: Vec::new(),
        };
        // Failures from here on do not undo the publication.
        for pruned in self.prune(Some(name), settings.keep, false, deadline).await? {
            match pruned.error {
                None => report.removed.push(pruned.database),
                Some(error) => report.not_removed.push((pruned.database, error)),
            }
        }
        Ok(report)
    }

    /// Result that [`GoldenServer::publish`] would have. It writes nothing.
    ///
    /// # Errors
    ///
    /// [`GoldenError`].
    pub async fn estimate_publication(
        &mut self,
        name: &GoldenName,
        settings: PublishSettings,
        deadline: &Deadline,
    ) -> Result<PublishReport, GoldenError> {
        let plan = self.publication(name, settings, deadline).await?;
        let mut versions = self.list(deadline).await?;
        after(&plan, name, &mut versions);
        let removed = to_prune(&versions, Some(name), settings.keep);
        Ok(PublishReport {
            removed: removed.into_iter().map(|(database, _)| database.as_str().to_owned()).collect(),
            not_removed: Vec::new(),
            kept_as: plan.kept.map(|kept| kept.as_str().to_owned()),
            published: plan.published,
        })
    }

    /// Decides about a publication. The session has the locks of both names then.
    async fn publication(
        &mut self,
        name: &GoldenName,
        settings: PublishSettings,
        deadline: &Deadline,
    ) -> Result<PublicationPlan, GoldenError> {
        let next = name.next();
        self.lock(name, deadline).await?;
        self.lock(&next, deadline).await?;
        let mut published = match self.look(&next, deadline).await? {
            GoldenState::Finished(facts) => facts,
            GoldenState::Absent | GoldenState::Unfinished => return Err(GoldenError::NotBuilt(name.clone())),
            GoldenState::Foreign { reason } => return Err(self.foreign(&next, reason)),
        };
        let former = match self.look(name, deadline).await? {
            GoldenState::Finished(facts) => Some(facts),
            GoldenState::Absent => None,
            // A build makes the database `<name>_next` only.
            GoldenState::Unfinished => return Err(self.foreign(name, "it is not finished".to_owned())),
            GoldenState::Foreign { reason } => return Err(self.foreign(name, reason)),
        };
        let now = self.now(deadline).await?;
        let validity = SignedDuration::try_from(settings.valid_for).unwrap_or(SignedDuration::MAX);
        let until = published.taken_at.checked_add(validity).unwrap_or(Timestamp::MAX);
        if until <= now {
            return Err(GoldenError::Over { name: name.clone(), until });
        }
        published.published_at = Some(now);
        published.valid_until = Some(until);
        Ok(PublicationPlan { published, kept: former.map(|facts| name.kept(&facts.version())) })
    }
}

/// Changes a list into the one after a publication.
fn after(plan: &PublicationPlan, name: &GoldenName, versions: &mut [GoldenVersion]) {
    for version in versions.iter_mut().filter(|version| version.name == name.as_str()) {
        match (version.state, &plan.kept) {
            (VersionStage::Published, Some(kept)) => {
                version.state = VersionStage::Kept;
                version.database = kept.as_str().to_owned();
            }
            (VersionStage::Built, _) => {
                version.state = VersionStage::Published;
                version.database = name.as_str().to_owned();
                version.facts = Some(plan.published.clone());
                version.is_over = false;
            }
            _ => {}
        }
    }
    sort_versions(versions);
}

/// Statements that give a database and its owner role other names.
fn renamed(from: &GoldenName, to: &GoldenName) -> [String; 2] {
    let name = |name: &GoldenName| quoted_name(name.as_str());
    [
        format!("ALTER DATABASE {} RENAME TO {}", name(from), name(to)),
        format!("ALTER ROLE {} RENAME TO {}", quoted_name(&from.owner()), quoted_name(&to.owner())),
    ]
}
