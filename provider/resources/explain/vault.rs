//! Advice about Vault: settings of the server and failed requests.

use eod_clients::Error;
use eod_clients::vault::{FileContent, VaultAccessError, VaultConnectError, VaultProblem, VaultRefusal};

pub(super) fn hint(error: &Error) -> Option<String> {
    let connect = VaultConnectError::of(error).and_then(connect);
    connect.or_else(|| VaultProblem::of(error).and_then(problem)).or_else(|| VaultRefusal::of(error).map(refusal))
}

fn connect(error: &VaultConnectError) -> Option<String> {
    let hint = match error {
        VaultConnectError::NoAddress => "set `vault.address` in the provider block, or VAULT_ADDR",
        VaultConnectError::NoAuth => {
            "set `vault.auth` (`token`, `approle`, `kubernetes` or `jwt`) in the provider block, or VAULT_TOKEN"
        }
        VaultConnectError::File { what: FileContent::Authority, .. } | VaultConnectError::BadAuthority => {
            "check `vault.ca_cert` (VAULT_CACERT)"
        }
        VaultConnectError::File { what: FileContent::Jwt, .. } => "check `vault.auth.jwt.token_path`",
        VaultConnectError::File { what: FileContent::ServiceAccountToken, .. } => {
            "check `vault.auth.kubernetes.token_path`"
        }
        VaultConnectError::NoToken { .. } => "check `token_path` in `vault.auth`",
        VaultConnectError::Tls(_) => return None,
    };
    Some(hint.to_owned())
}

fn problem(problem: &VaultProblem) -> Option<String> {
    let hint = match problem {
        VaultProblem::Redirected { to } => {
            return Some(format!(
                "set `vault.address` to {to} if it is the active node, or to a load balancer that finds the active node"
            ));
        }
        VaultProblem::RedirectLoop | VaultProblem::NotVault { .. } => {
            "check `vault.address` (VAULT_ADDR), and proxies before the server"
        }
        VaultProblem::TokenRejected { .. } => "get a new token and run again",
        VaultProblem::LoginRejected { .. } => "check `vault.auth` in the provider block",
        VaultProblem::NotMounted { .. } => "check the mount, the namespace and the policy of the token",
        VaultProblem::OtherMount { mount } => {
            return Some(format!("set the mount to `{mount}`, and move the rest into the path"));
        }
        VaultProblem::MountItself { path } => return Some(format!("write `{path}/<path>`")),
        VaultProblem::KvVersion1 => {
            "use a mount of version 2 for the copies (`vault kv enable-versioning`); the source may be on version 1"
        }
        VaultProblem::NothingToCopy => "check `mount` and `source_path`, and set `recursive` for a folder",
        VaultProblem::VersionDeleted { .. } => "restore it (`vault kv undelete`), or write a new version",
        VaultProblem::ChangedMeanwhile => "run again",
        VaultProblem::OtherSource { .. } => "destroy that copy first, or choose another target path",
        VaultProblem::Foreign { .. } => "delete it, or set `on_existing = \"keep\"`",
        VaultProblem::TooDeep { .. } | VaultProblem::TooMany { .. } => "copy a subfolder",
        VaultProblem::WrongEngine { .. } => return None,
    };
    Some(hint.to_owned())
}

fn refusal(refusal: &VaultRefusal) -> String {
    match refusal.status {
        _ if refusal.is_sealed() => "unseal Vault (`vault operator unseal`) and run again".to_owned(),
        403 => format!(
            "add the capability `{}` on `{}` to the token's policy, and check the mount and the namespace",
            refusal.capability, refusal.path
        ),
        404 => "check the mount and the namespace".to_owned(),
        400 => "check the arguments: the server did not accept the request".to_owned(),
        412 | 429 | 472 | 473 | 503 => "run again later".to_owned(),
        _ => "read the log of the server".to_owned(),
    }
}

/// Advice about a mistake in the argument `vault` or in the environment variables that replace it.
pub(crate) fn access(error: &VaultAccessError) -> String {
    let variable = match error.field() {
        Some("address") => Some("VAULT_ADDR"),
        Some("namespace") => Some("VAULT_NAMESPACE"),
        Some("auth.token") => Some("VAULT_TOKEN"),
        _ => None,
    };
    match (error, variable) {
        (VaultAccessError::BadBool { variable, .. }, _) => format!("correct {variable}, or unset it"),
        (_, Some(variable)) => format!("correct the argument, or the environment variable {variable} if it is not set"),
        (VaultAccessError::Empty { .. }, None) => "set it, or remove the argument".to_owned(),
        (_, None) => "correct the argument".to_owned(),
    }
}
