//! Masking keys: the key of a golden database, and the keys that are derived from it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Minimum size of a masking key in bytes.
pub const MIN_KEY_BYTES: usize = 32;

/// Minimum number of different bytes in a masking key. A random key of 32 hexadecimal digits has 14 on average.
const MIN_DIFFERENT_BYTES: usize = 8;

/// Invalid masking key. The messages do not contain the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MaskingKeyError {
    /// Key that is too short.
    #[error(
        "the masking key must have at least {MIN_KEY_BYTES} bytes, got {bytes}; create one with `openssl rand -hex 32`"
    )]
    TooShort {
        /// Size of the key, without white space at its ends.
        bytes: usize,
    },
    /// Key that is not random.
    #[error(
        "the masking key must have at least {MIN_DIFFERENT_BYTES} different bytes, got {different}; create one with \
         `openssl rand -hex 32`"
    )]
    NotRandom {
        /// Number of different bytes.
        different: usize,
    },
}

/// Key of all masked values of a golden database. It is removed from memory when it is dropped, and it cannot be printed.
///
/// A person with the key can check a guess of a masked value, so masked data is pseudonymous as long as the key exists.
pub struct MaskingKey(Zeroizing<[u8; 32]>);

impl MaskingKey {
    /// Key from the bytes of a secret. White space at its ends, such as the newline of a file, does not count.
    ///
    /// # Errors
    ///
    /// [`MaskingKeyError`] if the secret is too short or not random.
    pub fn from_secret(secret: &[u8]) -> Result<Self, MaskingKeyError> {
        let secret = secret.trim_ascii();
        if secret.len() < MIN_KEY_BYTES {
            return Err(MaskingKeyError::TooShort { bytes: secret.len() });
        }
        let mut seen = [false; 256];
        for byte in secret {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        let different = seen.iter().filter(|seen| **seen).count();
        seen.zeroize();
        if different < MIN_DIFFERENT_BYTES {
            return Err(MaskingKeyError::NotRandom { different });
        }
        Ok(Self(derived(secret, b"eod masking key 1", b"")))
    }

    /// Check value: 16 hexadecimal digits that are equal for equal keys. The key cannot be computed from it.
    pub fn check_value(&self) -> String {
        let check = derived(&*self.0, b"eod key check 1", b"");
        check.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Key of a domain. Columns of one domain have equal outputs for equal inputs; other domains are independent of it.
    pub fn domain(&self, name: &str) -> DomainKey {
        let master = derived(&*self.0, b"eod domain 1", name.as_bytes());
        let rounds = derived(&*master, b"eod rounds 1", b"");
        let mut sip = Zeroizing::new([0; 16]);
        for (to, from) in sip.iter_mut().zip(rounds.iter()) {
            *to = *from;
        }
        DomainKey { mac: hmac(&*master), sip }
    }
}

/// Key of one domain, which cannot be printed. Its state is removed from memory when it is dropped.
#[derive(Clone)]
pub struct DomainKey {
    mac: Hmac<Sha256>,
    sip: Zeroizing<[u8; 16]>,
}

impl DomainKey {
    /// Message authentication code of a value for one purpose.
    pub(crate) fn code(&self, purpose: u8, counter: u32, value: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(&[purpose]);
        mac.update(&counter.to_be_bytes());
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// Key of the round function of permutations.
    pub(crate) fn sip(&self) -> &[u8; 16] {
        &self.sip
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    // HMAC accepts keys of all sizes.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

/// Derived key for a label and a context.
fn derived(key: &[u8], label: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = hmac(key);
    mac.update(label);
    mac.update(&[0]);
    mac.update(context);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;
