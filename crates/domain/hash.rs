//! Short hashes for names with changed or cut text, and SHA-256.
//!
//! A short hash has ten characters of a base32 alphabet, about 49 bits. The first character is a letter, so a hash is
//! valid at every position of a DNS label, and a name with a hash never has the form of a name that ends in a number.

use sha2::{Digest, Sha256};

/// Length of a short hash in characters.
pub(crate) const LENGTH: usize = 10;

const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Computes the short hash of a text.
pub(crate) fn short(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let bits = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let mut rest = bits / 26;
    let mut hash = String::with_capacity(LENGTH);
    hash.push(pick(LETTERS, bits % 26));
    for _ in 1..LENGTH {
        hash.push(pick(ALPHABET, rest % 32));
        rest /= 32;
    }
    hash
}

/// True if a text has the form of a short hash.
pub(crate) fn looks_like(text: &str) -> bool {
    text.len() == LENGTH
        && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Computes the SHA-256 of some bytes as 64 lower-case hex digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pick(alphabet: &[u8], index: u64) -> char {
    let byte = usize::try_from(index).ok().and_then(|index| alphabet.get(index));
    char::from(*byte.expect("the index is a remainder of the alphabet's length"))
}

#[cfg(test)]
mod tests;
