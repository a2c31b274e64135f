//! Temporary logins of a clone: each has an end, is removed after its run, and is swept if the run was killed.

use std::time::Duration;

use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::Nonce;
use eod_golden::{MarkedState, quoted_name, quoted_text, rows, run, transaction};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    clone_error::CloneError,
    login_role::{login_statements, release},
    mark::{CloneMark, CloneOwner, login_marks, temporary_login, temporary_login_mark},
    name::CloneName,
    password::ClonePassword,
    server::{CloneServer, CloneState, marked},
    sessions::EndedSessions,
};

/// Time limit for the lock of a clone.
const LOCK: Duration = Duration::from_secs(10);
/// Pause between two attempts to lock.
const PAUSE: Duration = Duration::from_millis(50);

/// A login for one run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TemporaryLogin {
    /// Role.
    pub role: String,
    /// End. The server refuses the password after it.
    pub valid_until: Timestamp,
}

/// A temporary login that was removed, or that a dry run would remove, because its end has passed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PrunedLogin {
    /// Role.
    pub role: String,
    /// Database.
    pub database: String,
    /// End.
    pub valid_until: Timestamp,
    /// True if it was removed.
    pub removed: bool,
    /// Error of the removal; none if it was removed, or in a dry run.
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct LoginRow {
    role: String,
    comment: Option<String>,
}

/// Logins of an installation.
const ALL_LOGINS: &str = "\
SELECT rolname AS role, pg_catalog.shobj_description(oid, 'pg_authid') AS comment FROM pg_catalog.pg_roles
WHERE pg_catalog.starts_with(pg_catalog.shobj_description(oid, 'pg_authid'), $1) ORDER BY role";

/// One role with its comment.
const ONE_LOGIN: &str = "\
SELECT rolname AS role, pg_catalog.shobj_description(oid, 'pg_authid') AS comment FROM pg_catalog.pg_roles WHERE rolname = $1";

impl CloneServer {
    /// Creates a login of an open clone, in one transaction. It has the rights of the login of the application. The lock of the
    /// clone is waited for, and is not held afterwards.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. There is no login then.
    pub async fn create_login(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        valid_for: Duration,
        deadline: &Deadline,
    ) -> Result<TemporaryLogin, CloneError> {
        self.lock_patiently(name, deadline).await?;
        let made = match self.look(name, owner, deadline).await {
            Ok(CloneState::Open(mark, _)) => self.make_login(name, &mark, nonce, (password, valid_for), deadline).await,
            Ok(CloneState::Absent | CloneState::Unfinished(_)) => Err(CloneError::NotBegun(name.clone())),
            Ok(CloneState::Keeping(..) | CloneState::Kept(..)) => Err(CloneError::Closed(name.clone())),
            Ok(CloneState::Foreign { reason }) => Err(CloneError::Foreign { name: name.clone(), reason }),
            Err(error) => Err(error.into()),
        };
        self.unlock(name, deadline).await?;
        made
    }

    async fn make_login(
        &mut self,
        name: &CloneName,
        mark: &CloneMark,
        nonce: &Nonce,
        (password, valid_for): (&ClonePassword, Duration),
        deadline: &Deadline,
    ) -> Result<TemporaryLogin, CloneError> {
        let objects = mark.objects_role().ok_or_else(|| CloneError::NotBegun(name.clone()))?;
        let role = name.temporary_login(nonce);
        let valid_for = SignedDuration::try_from(valid_for).unwrap_or(SignedDuration::MAX);
        let now = self.goldens.now(deadline).await?;
        let valid_until = now.checked_add(valid_for).unwrap_or(Timestamp::MAX);
        let options = format!("PASSWORD {} VALID UNTIL '{valid_until}'", quoted_text(&password.verifier()));
        let comment = temporary_login_mark(name, &self.installation, valid_until);
        let mut statements = vec!["BEGIN".to_owned()];
        statements.extend(login_statements(name, &role, &objects, &options, &comment));
        statements.push("COMMIT".to_owned());
        let target = format!("role `{role}`");
        transaction(self.session(), "create", &target, &statements.join("; "), deadline).await?;
        Ok(TemporaryLogin { role, valid_until })
    }

    /// Removes a temporary login with its sessions. One that does not exist is removed already. Objects that it has made stay,
    /// and belong to the role of the objects.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. A later call, a removal of the clone or a prune after its end continues.
    pub async fn close_login(&mut self, name: &CloneName, role: &str, deadline: &Deadline) -> Result<(), CloneError> {
        let target = format!("role `{role}`");
        let found: Vec<LoginRow> = rows(self.session(), &target, ONE_LOGIN, &[&role], deadline).await?;
        let Some(LoginRow { comment, .. }) = found.into_iter().next() else { return Ok(()) };
        let mark = comment.and_then(|comment| temporary_login(&comment, &self.installation));
        if mark.is_none_or(|(found, _)| found != *name) {
            return Err(CloneError::ForeignLogin { name: name.clone(), role: role.to_owned() });
        }
        match self.remove_login(name, role, deadline).await {
            // A removal of the clone was faster.
            Err(CloneError::Statement(error)) if error.kind == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    async fn remove_login(&mut self, name: &CloneName, role: &str, deadline: &Deadline) -> Result<(), CloneError> {
        let (target, quoted) = (format!("role `{role}`"), quoted_name(role));
        run(self.session(), "close", &target, &format!("ALTER ROLE {quoted} NOLOGIN"), deadline).await?;
        self.end_sessions(name, EndedSessions::OfRole(role), deadline).await?;
        if let Some(objects) = self.objects_inside(name, deadline).await? {
            let mut inside = self.inside(name).connect(deadline).await?;
            release(&mut inside, role, &objects, deadline).await?;
            inside.close(deadline).await?;
        }
        Ok(run(self.session(), "remove", &target, &format!("DROP ROLE IF EXISTS {quoted}"), deadline).await?)
    }

    /// Role of the objects of a clone whose database exists and can be connected to.
    async fn objects_inside(&mut self, name: &CloneName, deadline: &Deadline) -> Result<Option<String>, Error> {
        Ok(match marked(name).look(self.session(), deadline).await? {
            MarkedState::Marked(facts) if facts.exists && facts.is_open => {
                CloneMark::of_comment(&facts.mark).and_then(|mark| mark.objects_role())
            }
            _ => None,
        })
    }

    /// Removes all temporary logins of the installation whose end has passed. A dry run lists them only.
    ///
    /// # Errors
    ///
    /// The list failed. Logins that cannot be removed have their error in the result.
    pub async fn prune_logins(&mut self, is_dry_run: bool, deadline: &Deadline) -> Result<Vec<PrunedLogin>, Error> {
        let marks = login_marks(&self.installation);
        let found: Vec<LoginRow> =
            rows(self.session(), "the temporary logins", ALL_LOGINS, &[&marks.as_str()], deadline).await?;
        let now = self.goldens.now(deadline).await?;
        let mut pruned = Vec::new();
        for LoginRow { role, comment } in found {
            let mark = comment.and_then(|comment| temporary_login(&comment, &self.installation));
            let Some((name, valid_until)) = mark.filter(|(_, until)| *until <= now) else { continue };
            let database = name.as_str().to_owned();
            let mut entry = PrunedLogin { role, database, valid_until, removed: false, error: None };
            if !is_dry_run {
                match self.close_login(&name, &entry.role, deadline).await {
                    Ok(()) => entry.removed = true,
                    Err(error) => entry.error = Some(error.chain()),
                }
            }
            pruned.push(entry);
        }
        Ok(pruned)
    }

    /// Waits for the lock of a name.
    async fn lock_patiently(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let patience = deadline.at_most(LOCK);
        loop {
            match self.lock(name, deadline).await {
                Err(CloneError::Busy(_)) if patience.pause(PAUSE).await.is_ok() => {}
                done => return done,
            }
        }
    }
}
