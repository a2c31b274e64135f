//! Errors in the settings of the access to AWS.

use std::time::Duration;

/// Reasons to refuse settings. Each error names its argument.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AwsAccessError {
    /// An argument is an empty string.
    #[error("{argument} is an empty string; set a value, or remove the argument")]
    Empty {
        /// Name of the argument.
        argument: &'static str,
    },
    /// An endpoint is not a URL of HTTP.
    #[error("{argument} `{text}` is not a URL; expected for example `https://route53.amazonaws.com`")]
    Endpoint {
        /// Name of the argument.
        argument: &'static str,
        /// Input text.
        text: String,
    },
    /// A role is not an ARN.
    #[error("{argument} `{text}` is not the ARN of a role; expected for example `arn:aws:iam::123456789012:role/dns`")]
    RoleArn {
        /// Name of the argument.
        argument: &'static str,
        /// Input text.
        text: String,
    },
    /// A session name has characters or a length that STS refuses.
    #[error("{argument} `{text}` is not a session name; expected 2 to 64 letters, digits and characters of `_=,.@-+`")]
    SessionName {
        /// Name of the argument.
        argument: &'static str,
        /// Input text.
        text: String,
    },
    /// A duration is out of range.
    #[error("{argument} must be from 15 minutes to 12 hours, got {} s", .duration.as_secs())]
    Duration {
        /// Name of the argument.
        argument: &'static str,
        /// Input.
        duration: Duration,
    },
}
