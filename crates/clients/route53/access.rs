//! Access to AWS: region, profile, roles and endpoints.
//!
//! If no role and no profile is set, the credentials come from the default chain of the AWS SDK: environment, shared files,
//! web identity, container, instance.

use std::{path::PathBuf, time::Duration};

use http::Uri;
use secrecy::SecretString;

use super::access_error::AwsAccessError;

/// Settings of the access, as set by the user.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    /// Region; else that of the environment, of the profile, or `us-east-1`.
    pub region: Option<String>,
    /// Profile of the shared files; else that of the environment, or `default`.
    pub profile: Option<String>,
    /// Shared configuration files in place of `~/.aws/config`.
    pub shared_config_files: Vec<PathBuf>,
    /// Role to assume with the other credentials.
    pub assume_role: Option<AssumedRole>,
    /// Role to assume with an identity token.
    pub assume_role_with_web_identity: Option<WebIdentityRole>,
    /// URL of the API of Route 53; else that of the environment, of the profile, or of AWS.
    pub route53_endpoint: Option<String>,
    /// URL of AWS STS; else that of the environment, of the profile, or of AWS.
    pub sts_endpoint: Option<String>,
}

/// Role that other credentials may assume.
#[derive(Clone, Debug)]
pub struct AssumedRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Identifier that the trust policy of the role requires.
    pub external_id: Option<String>,
    /// Name of the session in the logs of AWS, default `eod`.
    pub session_name: Option<String>,
    /// Validity of the credentials, default 1 hour.
    pub duration: Option<Duration>,
}

/// Role that an identity token may assume.
#[derive(Clone, Debug)]
pub struct WebIdentityRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session in the logs of AWS, default `eod`.
    pub session_name: Option<String>,
    /// Validity of the credentials, default 1 hour.
    pub duration: Option<Duration>,
    /// Identity token.
    pub token: IdentityToken,
}

/// Source of an identity token (OpenID Connect).
#[derive(Clone, Debug)]
pub enum IdentityToken {
    /// File that is read at each use.
    File(PathBuf),
    /// The token itself.
    Value(SecretString),
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct AwsAccess {
    settings: AwsSettings,
}

/// Range of the validity of temporary credentials.
const DURATIONS: std::ops::RangeInclusive<Duration> = Duration::from_mins(15)..=Duration::from_hours(12);

impl AwsAccess {
    /// Checks settings. Reads no file, no environment variable, and contacts nothing.
    ///
    /// # Errors
    /// The first argument that is not valid.
    pub fn new(settings: AwsSettings) -> Result<Self, AwsAccessError> {
        check_text("region", settings.region.as_deref())?;
        check_text("profile", settings.profile.as_deref())?;
        check_endpoint("endpoints.route53", settings.route53_endpoint.as_deref())?;
        check_endpoint("endpoints.sts", settings.sts_endpoint.as_deref())?;
        if let Some(AssumedRole { role_arn, external_id, session_name, duration }) = &settings.assume_role {
            check_role("assume_role.role_arn", role_arn)?;
            check_text("assume_role.external_id", external_id.as_deref())?;
            check_session("assume_role.session_name", session_name.as_deref())?;
            check_duration("assume_role.duration", *duration)?;
        }
        if let Some(role) = &settings.assume_role_with_web_identity {
            let WebIdentityRole { role_arn, session_name, duration, token: _ } = role;
            check_role("assume_role_with_web_identity.role_arn", role_arn)?;
            check_session("assume_role_with_web_identity.session_name", session_name.as_deref())?;
            check_duration("assume_role_with_web_identity.duration", *duration)?;
        }
        Ok(Self { settings })
    }

    /// The settings.
    pub fn settings(&self) -> &AwsSettings {
        &self.settings
    }
}

fn check_text(argument: &'static str, text: Option<&str>) -> Result<(), AwsAccessError> {
    if text == Some("") { Err(AwsAccessError::Empty { argument }) } else { Ok(()) }
}

fn check_endpoint(argument: &'static str, text: Option<&str>) -> Result<(), AwsAccessError> {
    check_text(argument, text)?;
    let is_url = |text: &str| {
        let uri = text.parse::<Uri>();
        uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
    };
    match text {
        Some(text) if !is_url(text) => Err(AwsAccessError::Endpoint { argument, text: text.to_owned() }),
        Some(_) | None => Ok(()),
    }
}

fn check_role(argument: &'static str, text: &str) -> Result<(), AwsAccessError> {
    let is_role = text.starts_with("arn:") && text.contains(":role/");
    if is_role { Ok(()) } else { Err(AwsAccessError::RoleArn { argument, text: text.to_owned() }) }
}

fn check_session(argument: &'static str, text: Option<&str>) -> Result<(), AwsAccessError> {
    let Some(text) = text else { return Ok(()) };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@-+".contains(&byte);
    let is_name = (2..=64).contains(&text.len()) && text.bytes().all(is_allowed);
    if is_name { Ok(()) } else { Err(AwsAccessError::SessionName { argument, text: text.to_owned() }) }
}

fn check_duration(argument: &'static str, duration: Option<Duration>) -> Result<(), AwsAccessError> {
    match duration {
        Some(duration) if !DURATIONS.contains(&duration) => Err(AwsAccessError::Duration { argument, duration }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
