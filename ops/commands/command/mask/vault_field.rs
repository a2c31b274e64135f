//! A field of a secret in Vault, by `MOUNT/PATH#FIELD`: connection strings and masking keys are read from there.

use eod_clients::vault::{KvVersion, MountInfo, SecretMap, SecretRead, Vault, VaultConnectError};
use eod_clients::{Deadline, Error as ClientError, ErrorKind};
use eod_domain::vault::SecretRef;
use serde_json::Value;
use zeroize::Zeroizing;

use super::MaskContext;
use crate::failure::Failure;

/// Remedy if Vault has no credentials, or does not accept them.
const LOGIN_REMEDY: &str = "set VAULT_TOKEN to a valid token, or `vault.auth` in the configuration file";

/// Reads a field. The reference is the value of an option.
pub(super) async fn vault_field(
    context: &MaskContext,
    option: &str,
    reference: &str,
    deadline: &Deadline,
) -> Result<Zeroizing<String>, Failure> {
    let (secret, field) = parsed(option, reference)?;
    let access = context.settings.vault.access(&context.variables);
    let access = access.map_err(|problem| Failure::usage(format!("{option}: {problem}")))?;
    let vault = Vault::new(access, concat!("eod/", env!("CARGO_PKG_VERSION"), " (mask)"));
    let (mount, secret) = vault.split(&secret, deadline).await.map_err(|error| failure(option, &error, None))?;
    let read = vault.read(&mount, secret.path(), None, deadline).await;
    let api_path = api_path(&mount, &secret);
    let read = read.map_err(|error| failure(option, &error, Some(&api_path)))?;
    let missing = |problem: &str| Failure::failed(format!("{option}: secret `{secret}` {problem}"));
    match read {
        SecretRead::Secret(found) => text(&found.data, field).ok_or_else(|| {
            missing(&format!("has no string in field `{field}`")).remedy(fields_remedy(found.data.keys()))
        }),
        SecretRead::Deleted { .. } => {
            Err(missing("is deleted").remedy("restore it with `vault kv undelete`, or name another secret"))
        }
        SecretRead::Absent => Err(missing("does not exist").remedy(format!("write it, or correct {option}"))),
    }
}

/// Secret and field of a reference.
fn parsed<'a>(option: &str, reference: &'a str) -> Result<(SecretRef, &'a str), Failure> {
    let found = reference.split_once('#').filter(|(_, field)| !field.is_empty());
    let (path, field) = found.ok_or_else(|| {
        Failure::usage(format!("{option}: expected MOUNT/PATH#FIELD, such as `secret/preview#dsn`; no field is set"))
    })?;
    let secret = path.parse().map_err(|error| Failure::usage(format!("{option}: {error}")))?;
    Ok((secret, field))
}

fn text(data: &SecretMap, field: &str) -> Option<Zeroizing<String>> {
    data.get(field).and_then(Value::as_str).map(|value| Zeroizing::new(value.to_owned()))
}

fn fields_remedy<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let fields: Vec<_> = fields.map(|field| format!("`{field}`")).collect();
    if fields.is_empty() {
        return "the secret has no fields; write it".to_owned();
    }
    format!("name one of its fields: {}", fields.join(", "))
}

/// Path of the secret in a policy of Vault.
fn api_path(mount: &MountInfo, secret: &SecretRef) -> String {
    match mount.version {
        KvVersion::V1 => format!("{}/{}", mount.path, secret.path()),
        KvVersion::V2 => format!("{}/data/{}", mount.path, secret.path()),
    }
}

/// Failure of a request. `api_path` is the path that a policy has to allow, if it is known.
fn failure(option: &str, error: &ClientError, api_path: Option<&str>) -> Failure {
    let failure = Failure::failed(format!("{option}: {}", error.chain()));
    let remedy = match (VaultConnectError::of(error), error.kind) {
        (Some(VaultConnectError::NoAddress), _) => {
            "set VAULT_ADDR, or `vault.address` in the configuration file".to_owned()
        }
        (Some(VaultConnectError::NoAuth | VaultConnectError::NoToken { .. }), _) | (_, ErrorKind::Unauthenticated) => {
            LOGIN_REMEDY.to_owned()
        }
        (_, ErrorKind::Denied | ErrorKind::NotFound) => match api_path {
            Some(path) => {
                format!("give the token a policy with `path \"{path}\" {{ capabilities = [\"read\"] }}`")
            }
            None => format!("correct {option}, or give the token a policy that allows to read this secret"),
        },
        (_, ErrorKind::Unavailable) => "check VAULT_ADDR, or `vault.address` in the configuration file".to_owned(),
        (_, ErrorKind::Timeout) => "try again, or set a longer --timeout".to_owned(),
        _ => return failure,
    };
    failure.remedy(remedy)
}

#[cfg(test)]
mod tests;
