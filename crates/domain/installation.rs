//! Installation id and the nonce of a create call.

use crate::dns::{DnsError, check_label};
use crate::text::text_type;

text_type! {
    /// Id of an EoD installation: a DNS label. An installation never changes objects of another installation.
    pub struct Installation, check = check_label, error = DnsError
}

impl Default for Installation {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// Random text of one create call. A create recognises its own namespace by it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Nonce(String);

impl Nonce {
    /// Creates a nonce from random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a nonce as recorded on a namespace or in a state.
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The nonce as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
