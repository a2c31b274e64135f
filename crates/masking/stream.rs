//! Deterministic choices for one value.

use crate::key::DomainKey;

/// Characters of generated identifiers: lower-case letters and digits that cannot be confused.
const BASE32: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Bytes that depend on key, purpose and value only.
pub(crate) struct Stream<'a> {
    key: &'a DomainKey,
    purpose: u8,
    value: &'a [u8],
    counter: u32,
    block: [u8; 32],
    used: usize,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(key: &'a DomainKey, purpose: u8, value: &'a [u8]) -> Self {
        Self { key, purpose, value, counter: 1, block: key.code(purpose, 0, value), used: 0 }
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            self.block = self.key.code(self.purpose, self.counter, self.value);
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        byte
    }

    pub(crate) fn bits(&mut self) -> u64 {
        (0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte()))
    }

    /// Number below a limit. The distribution differs from uniform by less than limit / 2^64.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// Item of a list; the following item if the choice is the refused one.
    pub(crate) fn pick(&mut self, list: &[&'static str], refused: &str) -> &'static str {
        let length = u64::try_from(list.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(self.below(length)).unwrap_or_default();
        let found = list.get(at).copied().unwrap_or_default();
        if found == refused { list.get((at + 1) % list.len().max(1)).copied().unwrap_or_default() } else { found }
    }

    /// Characters with five bits each.
    pub(crate) fn base32(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(BASE32.get(usize::from(self.byte() & 31)).copied().unwrap_or(b'a'))).collect()
    }

    /// Hexadecimal digits with four bits each.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from_digit(u32::from(self.byte() & 15), 16).unwrap_or('0')).collect()
    }
}

/// Fast generator for filler text, seeded by a stream.
pub(crate) struct Filler(u64);

impl Filler {
    pub(crate) fn new(stream: &mut Stream<'_>) -> Self {
        Self(stream.bits())
    }

    /// Next number: the function `splitmix64`.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
