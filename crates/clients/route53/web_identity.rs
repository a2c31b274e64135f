//! Credentials for a role that an identity token may assume.

use std::{path::PathBuf, time::SystemTime};

use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, error::CredentialsError, future},
};
use secrecy::{ExposeSecret, SecretString};

use super::access::{IdentityToken, WebIdentityRole};

/// Session name in the logs of AWS if none is set.
pub(super) const SESSION: &str = "eod";

/// Provider of the credentials of one role.
#[derive(Debug)]
pub(super) struct WebIdentityProvider {
    pub(super) role: WebIdentityRole,
    pub(super) sts: aws_sdk_sts::Client,
}

/// Reason for which a token cannot be sent.
#[derive(Debug, thiserror::Error)]
enum IdentityTokenError {
    #[error("cannot read the identity token in {}", .file.display())]
    File { file: PathBuf, source: std::io::Error },
    #[error("the response of STS has no credentials")]
    NoCredentials,
}

impl WebIdentityProvider {
    async fn credentials(&self) -> provider::Result {
        let WebIdentityRole { role_arn, session_name, duration, token } = &self.role;
        let token = read(token).await.map_err(CredentialsError::provider_error)?;
        let seconds = duration.and_then(|duration| i32::try_from(duration.as_secs()).ok());
        let request = self.sts.assume_role_with_web_identity().role_arn(role_arn);
        let request = request.role_session_name(session_name.as_deref().unwrap_or(SESSION));
        let request = request.set_duration_seconds(seconds).web_identity_token(token.expose_secret());
        let answer = request.send().await.map_err(CredentialsError::provider_error)?;
        let none = || CredentialsError::unhandled(IdentityTokenError::NoCredentials);
        let found = answer.credentials().ok_or_else(none)?;
        let (key, secret, token) = (found.access_key_id(), found.secret_access_key(), found.session_token());
        let expires = SystemTime::try_from(*found.expiration()).ok();
        Ok(Credentials::new(key, secret, Some(token.to_owned()), expires, "WebIdentity"))
    }
}

impl ProvideCredentials for WebIdentityProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

async fn read(token: &IdentityToken) -> Result<SecretString, IdentityTokenError> {
    match token {
        IdentityToken::Value(token) => Ok(token.clone()),
        IdentityToken::File(file) => {
            let read = tokio::fs::read_to_string(file).await;
            let text = read.map_err(|source| IdentityTokenError::File { file: file.clone(), source })?;
            Ok(text.into())
        }
    }
}
