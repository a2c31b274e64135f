//! Differences between a database on the server and the one that was created, as sentences.

use eod_snapshot::{CloneAccess, CloneName};

use super::model::SecretArgs;
use super::secret::SecretState;

/// Differences of the access to the database.
pub(super) fn of_access(name: &CloneName, access: CloneAccess) -> Vec<String> {
    let CloneAccess { is_open, has_login, can_connect, is_public } = access;
    let login = name.login();
    let mut found = Vec::new();
    if !is_open {
        found.push(format!("Database `{name}` was closed: it admits no connections."));
    }
    if !has_login {
        found.push(format!("Role `{login}` does not exist or cannot log in."));
    } else if !can_connect {
        found.push(format!("Role `{login}` has no CONNECT on database `{name}`."));
    }
    if is_public {
        found.push(format!("Database `{name}` was opened to all roles of the server: PUBLIC has CONNECT."));
    }
    found
}

/// Difference of the Secret. `nonce` is the claim of the database.
pub(super) fn of_secret(at: &SecretArgs, state: &SecretState, nonce: &str) -> Option<String> {
    let SecretArgs { name, namespace } = at;
    match state {
        SecretState::Absent => Some(format!("Secret `{name}` in namespace `{namespace}` was deleted.")),
        SecretState::Ours(stored) if stored.nonce != nonce => {
            Some(format!("Secret `{name}` in namespace `{namespace}` has the credentials of an earlier database."))
        }
        SecretState::Ours(stored) if !stored.is_unchanged => {
            Some(format!("Secret `{name}` in namespace `{namespace}` was changed."))
        }
        SecretState::Ours(_) => None,
        SecretState::Foreign { reason } => {
            Some(format!("Secret `{name}` in namespace `{namespace}` was replaced: {reason}."))
        }
    }
}

#[cfg(test)]
mod tests;
