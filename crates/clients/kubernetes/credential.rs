//! Credentials for requests, and their lifetimes.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{access::ClusterLogin, connect_error::ClusterConnectError};
use crate::{clock::TimeSource, deadline::Deadline};

/// Lifetime of a token that was read from a file. Token files are rotated; client-go reads them once a minute as well.
const TOKEN_FILE_LIFE: Duration = Duration::from_secs(60);

/// Minimum remaining lifetime of a token that is used, so that it does not expire during the request.
const MARGIN: Duration = Duration::from_secs(60);

/// A credential.
pub(super) struct Credential {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) identity: Option<(String, SecretString)>,
    pub(super) until: Option<SystemTime>,
}

/// Gets a credential: reads the file or runs the program. If a token file cannot be read any more, its `previous` token
/// stays in use, because some platforms remove the file after the start.
pub(super) async fn obtain(
    login: &ClusterLogin,
    previous: Option<&HeaderValue>,
    cluster: &Value,
    clock: &TimeSource,
    exec_limit: Duration,
    deadline: &Deadline,
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
            let given = exec.run(cluster, exec_limit, deadline).await?;
            let authorization = given.token.as_ref().map(bearer).transpose()?;
            let until = given.expires.map(|expires| usable_until(clock(), expires.into()));
            Ok(Credential { authorization, identity: given.identity, until })
        }
    }
}

/// Time of the renewal of a credential: a minute before its expiry, or a quarter of a lifetime below four minutes.
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
