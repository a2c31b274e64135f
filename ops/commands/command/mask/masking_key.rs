//! The masking key of a command: from a file, Vault or a variable, never from an argument.

use std::fs;

use eod_masking::MaskingKey;
use zeroize::Zeroizing;

use super::MaskContext;
use super::vault_field::vault_field;
use crate::arguments::MaskKeyArguments;
use crate::failure::Failure;

/// Variable with the masking key.
const KEY_VARIABLE: &str = "EOD_MASKING_KEY";

/// Reads the masking key. No error contains it.
pub(super) async fn masking_key(context: &MaskContext, arguments: &MaskKeyArguments) -> Result<MaskingKey, Failure> {
    let MaskKeyArguments { key_file, key_vault } = arguments;
    if let Some(file) = key_file {
        let secret = fs::read(file).map(Zeroizing::new);
        let secret =
            secret.map_err(|error| Failure::usage(format!("--key-file: cannot read {}: {error}", file.display())))?;
        return key("--key-file", &secret);
    }
    if let Some(reference) = key_vault {
        let secret = vault_field(context, "--key-vault", reference, &context.deadline).await?;
        return key("--key-vault", secret.as_bytes());
    }
    match context.variables.get(KEY_VARIABLE).filter(|secret| !secret.is_empty()) {
        Some(secret) => key(KEY_VARIABLE, secret.as_bytes()),
        None => {
            let remedy = "set EOD_MASKING_KEY, --key-file or --key-vault; create a key with `openssl rand -hex 32`";
            Err(Failure::usage("the masking key is not set").remedy(remedy))
        }
    }
}

fn key(origin: &str, secret: &[u8]) -> Result<MaskingKey, Failure> {
    MaskingKey::from_secret(secret).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

#[cfg(test)]
mod tests;
