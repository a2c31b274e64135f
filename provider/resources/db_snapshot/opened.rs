//! An open database, its password and its Secret.

use std::time::Duration;

use eod_clients::{Deadline, Error};
use eod_domain::Nonce;
use eod_snapshot::{
    CloneError, CloneFacts, CloneMark, CloneName, CloneOwner, ClonePassword, CloneServer, CloneStrategy,
};
use tfplugin::{Diags, Number};

use super::credentials::DatabaseCredentials;
use super::model::{Input, Output, SecretArgs};
use super::plan::READY;
use super::report::{CreateMeasures, CreateReport};
use super::secret::{CredentialSecret, SecretState};
use super::wanted::WantedDatabase;
use super::{refusal, rules};
use crate::provider::{AdvertisedPlace, Context};

/// Pause between two attempts to take the lock of a clone.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// A database that is open.
pub(super) struct OpenedDatabase {
    pub(super) mark: CloneMark,
    pub(super) facts: CloneFacts,
    pub(super) strategy: CloneStrategy,
    /// Duration of the creation of the database.
    pub(super) duration: Duration,
    pub(super) bytes: u64,
}

/// Secret of an open database.
pub(super) struct SecretTarget<'a> {
    pub(super) cx: &'a Context,
    pub(super) at: &'a SecretArgs,
    pub(super) owner: &'a CloneOwner,
    pub(super) name: &'a CloneName,
    /// Claim of the database.
    pub(super) nonce: &'a str,
    pub(super) place: &'a AdvertisedPlace,
}

impl OpenedDatabase {
    /// All computed attributes.
    pub(super) fn output(&self, wanted: &WantedDatabase<'_>) -> Output {
        let strategy = self.strategy.to_string();
        let seconds = rounded(self.duration);
        let measures = CreateMeasures {
            policy_text: wanted.policy_text,
            strategy: &strategy,
            bytes: self.bytes,
            clone_seconds: seconds,
        };
        Output {
            id: wanted.name.as_str().to_owned(),
            role: self.facts.login.clone(),
            host: wanted.place.host.clone(),
            port: wanted.place.port.into(),
            secret_ref: secret_ref(wanted.input),
            golden_version: self.mark.golden_version.clone(),
            scope: wanted.input.migrations.as_ref().map(rules::new_columns).unwrap_or_default(),
            masked_rows: 0,
            masking_seconds: Number::from_u64(0),
            clone_seconds: number(seconds),
            report_digest: CreateReport::new(&wanted.name, &self.mark, &measures).record(),
            created_at: self.facts.opened_at.to_string(),
            status: READY.to_owned(),
            drift: Vec::new(),
            strategy,
        }
    }
}

impl SecretTarget<'_> {
    /// Writes the credentials with this password.
    ///
    /// # Errors
    /// The Secret belongs to somebody else, or cannot be written.
    pub(super) async fn write(
        &self,
        found: SecretState,
        password: &ClonePassword,
        remote: &Deadline,
    ) -> Result<(), Diags> {
        let stored = match &found {
            SecretState::Absent => None,
            SecretState::Ours(stored) => Some(stored),
            SecretState::Foreign { reason } => return Err(foreign(self.at, reason)),
        };
        let credentials = DatabaseCredentials {
            owner: self.owner,
            name: self.name,
            nonce: self.nonce,
            place: self.place,
            password,
            labels: self.cx.known_settings().default_labels.as_map().clone(),
        };
        let secret =
            CredentialSecret { kubernetes: self.cx.kubernetes()?, at: self.at, owner: self.owner, name: self.name };
        secret.write(stored, &credentials, remote).await.map_err(|error| refusal::secret_error(&error).into())
    }
}

/// State of the Secret of the arguments; absent if they have none.
///
/// # Errors
/// The Secret belongs to somebody else, or cannot be read.
pub(super) async fn look_secret(
    cx: &Context,
    input: &Input,
    owner: &CloneOwner,
    name: &CloneName,
    remote: &Deadline,
) -> Result<SecretState, Diags> {
    let Some(at) = &input.secret else { return Ok(SecretState::Absent) };
    let secret = CredentialSecret { kubernetes: cx.kubernetes()?, at, owner, name };
    match secret.look(remote).await {
        Ok(SecretState::Foreign { reason }) => Err(foreign(at, &reason)),
        Ok(state) => Ok(state),
        Err(error) => Err(refusal::secret_error(&error).into()),
    }
}

/// Removes the Secret at a place if it has the credentials of the database with this claim.
///
/// # Errors
/// The request failed.
pub(super) async fn remove_secret(
    cx: &Context,
    at: &SecretArgs,
    owner: &CloneOwner,
    name: &CloneName,
    nonce: Option<&str>,
    remote: &Deadline,
) -> Result<(), Error> {
    let Ok(kubernetes) = cx.kubernetes() else { return Ok(()) };
    CredentialSecret { kubernetes, at, owner, name }.remove(nonce, remote).await
}

/// Removes a database, its roles and its sessions. Waits for the lock of a run that was killed.
///
/// # Errors
/// [`CloneError`].
pub(super) async fn destroy(
    clones: &mut CloneServer,
    name: &CloneName,
    owner: &CloneOwner,
    nonce: Option<&Nonce>,
    remote: &Deadline,
) -> Result<(), CloneError> {
    loop {
        let destroyed = clones.destroy(name, owner, nonce, remote).await;
        if !lock_is_awaited(&destroyed, remote).await {
            return destroyed;
        }
    }
}

/// True if another run has the lock of the clone, after a pause, as long as the time limit allows another attempt.
pub(super) async fn lock_is_awaited<T>(result: &Result<T, CloneError>, remote: &Deadline) -> bool {
    matches!(result, Err(CloneError::Busy(_))) && remote.pause(LOCK_PAUSE).await.is_ok()
}

/// A new random password.
pub(super) fn new_password(cx: &Context) -> ClonePassword {
    let mut random = [0; 32];
    for (target, byte) in random.iter_mut().zip(cx.random().into_iter().chain(cx.random())) {
        *target = byte;
    }
    ClonePassword::new(random)
}

/// Value of the attribute `secret_ref`.
pub(super) fn secret_ref(input: &Input) -> Option<String> {
    input.secret.as_ref().map(|SecretArgs { name, namespace }| format!("{namespace}/{name}"))
}

/// Seconds with two decimal places.
fn rounded(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100.0).round() / 100.0
}

/// A finite number.
fn number(value: f64) -> Number {
    Number::parse(&format!("{value}")).unwrap_or_else(|_| Number::from_u64(0))
}

fn foreign(at: &SecretArgs, reason: &str) -> Diags {
    refusal::foreign_secret_error(at.namespace.as_str(), at.name.as_str(), reason).into()
}
