//! Refusals of Route 53.

use std::fmt;

use crate::{
    error::{Error, ErrorKind},
    retry::Symptom,
};

/// Maximum number of characters of a message in `Display`.
const MAX_SHOWN: usize = 500;

/// A request that Route 53 refused. Codes that the SDK does not know are here, too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route53Refusal {
    /// Code, such as `InvalidChangeBatch`.
    pub code: String,
    /// Complete message.
    pub message: String,
    /// HTTP status.
    pub status: u16,
    /// Id of the request, for the support of AWS.
    pub request_id: Option<String>,
}

impl Route53Refusal {
    /// The refusal that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }

    /// True if a batch was refused because of one or more of its entries. Nothing of it was applied.
    pub fn is_invalid_batch(&self) -> bool {
        self.code == "InvalidChangeBatch"
    }

    /// True if a limit of the account was exceeded, or another batch for the zone was in work.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(
            self.code.as_str(),
            "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestLimitExceeded" | PRIOR_REQUEST
        )
    }

    /// True if a limit of the account was exceeded.
    pub(super) fn is_throttling(&self) -> bool {
        self.is_temporary() && self.code != PRIOR_REQUEST
    }

    pub(super) fn symptom(&self) -> Symptom {
        let code = match self.code.as_str() {
            _ if self.is_temporary() => 429,
            // The SDK corrects the time of the next signature.
            "RequestTimeTooSkewed" | "InvalidSignatureException" => 500,
            _ => self.status,
        };
        Symptom::Answered { code, retry_after: None }
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self.code.as_str() {
            "NoSuchChange" | "NoSuchHostedZone" => ErrorKind::NotFound,
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => ErrorKind::Denied,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => ErrorKind::Unauthenticated,
            "InvalidChangeBatch" if self.message.contains("but it already exists") => ErrorKind::AlreadyExists,
            "InvalidChangeBatch" if STALE.iter().any(|text| self.message.contains(text)) => ErrorKind::Conflict,
            "InvalidChangeBatch" | "InvalidInput" | "MalformedInput" | "ValidationError" => ErrorKind::Invalid,
            _ if self.is_temporary() || self.status >= 500 => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        }
    }
}

/// Code of a batch that is refused while another one for the zone is in work.
const PRIOR_REQUEST: &str = "PriorRequestNotComplete";

/// Texts of a batch that does not agree with the stored records: a deletion, or a type that excludes another one.
const STALE: [&str; 3] =
    ["but it was not found", "do not match the current values", "because a conflicting RRSet of type"];

impl fmt::Display for Route53Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, status, request_id } = self;
        write!(f, "Route 53 answered {status} {code}")?;
        let mut shown: String = message.chars().take(MAX_SHOWN).collect();
        if shown.len() < message.len() {
            shown.push_str(" ...");
        }
        if !shown.is_empty() {
            write!(f, " ({shown})")?;
        }
        match request_id {
            Some(id) => write!(f, ", request id {id}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Route53Refusal {}

#[cfg(test)]
mod tests;
