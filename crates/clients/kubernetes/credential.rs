//! What is sent to prove who we are, and how long it may be used.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{access::ClusterLogin, connection::ClusterConnectError};
use crate::deadline::Deadline;

/// The clock credentials are checked against; an argument, so that tests can turn it.
pub(super) type TimeSource = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Token files are rotated by whoever mounted them, a minute is what client-go waits.
const TOKEN_FILE_LIFE: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer used, so that it does not expire on the way.
const MARGIN: Duration = Duration::from_secs(60);

/// One credential.
pub(super) struct Credential {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) identity: Option<(String, SecretString)>,
    pub(super) until: Option<SystemTime>,
}

/// Gets a credential: reads the file or runs the program. A token file that cannot be read any more keeps its
/// `previous` token, because some platforms take the file away after the start.
pub(super) async fn obtain(
    login: &ClusterLogin,
    previous: Option<&HeaderValue>,
    cluster: &Value,
    clock: &TimeSource,
    exec_limit: Duration,
    call: &Deadline,
) -> Result<Credential, ClusterConnectError> {
    let nothing = Credential { authorization: None, identity: None, until: None };
    match login {
        ClusterLogin::None => Ok(nothing),
        ClusterLogin::Token(token) => Ok(Credential { authorization: Some(bearer(token)?), ..nothing }),
        ClusterLogin::TokenFile(path) => {
            let authorization = match (read_token(path.clone()).await, previous) {
                (Ok(token), _) => bearer(&token)?,
                (Err(_), Some(previous)) => previous.clone(),
                (Err(source), None) => return Err(ClusterConnectError::TokenFile { path: path.clone(), source }),
            };
            Ok(Credential { authorization: Some(authorization), until: Some(clock() + TOKEN_FILE_LIFE), ..nothing })
        }
        ClusterLogin::Exec(exec) => {
            let given = exec.run(cluster, exec_limit, call).await?;
            let authorization = given.token.as_ref().map(bearer).transpose()?;
            let until = given.expires.map(|expires| usable_until(clock(), expires.into()));
            Ok(Credential { authorization, identity: given.identity, until })
        }
    }
}

/// A minute before the end, or a quarter of the life of a credential that lives less than four.
fn usable_until(now: SystemTime, expires: SystemTime) -> SystemTime {
    let life = expires.duration_since(now).unwrap_or_default();
    now + life.saturating_sub(MARGIN.min(life / 4))
}

fn bearer(token: &SecretString) -> Result<HeaderValue, ClusterConnectError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret().trim()))
        .map_err(|_| ClusterConnectError::BadToken)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read_token(path: PathBuf) -> std::io::Result<SecretString> {
    tokio::fs::read_to_string(path).await.map(SecretString::from)
}

#[cfg(test)]
mod tests;
