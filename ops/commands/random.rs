//! Random bytes of the operating system.

use crate::failure::Failure;

/// Random bytes, for nonces and passwords.
///
/// # Errors
/// The operating system has no randomness.
pub(crate) fn random<const COUNT: usize>() -> Result<[u8; COUNT], Failure> {
    let mut bytes = [0; COUNT];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| Failure::failed(format!("cannot read random bytes: {error}")))?;
    Ok(bytes)
}
