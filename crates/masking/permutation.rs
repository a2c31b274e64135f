//! Keyed permutations of digits. Two different inputs never have one output, and no input is its own output.
//!
//! The positions of an input may have different radices, so a permutation keeps the form of its input: a digit stays a
//! digit, a letter stays a letter. A Feistel network over the positions mixes them. It is used twice, as
//! `decrypt(encrypt(x) + 1)`: this is one cycle through all inputs, so an output always differs from its input.
//!
//! Inputs of one position have few values, and anybody can list them. They are permuted by a shuffled table.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};

use crate::key::DomainKey;

/// Number of rounds of the Feistel network. Small inputs need more rounds than large ones.
const ROUNDS: u8 = 10;

/// Number of positions with offsets from one hash: 16 positions of radix 36 use 83 of 128 bits.
const POSITIONS_PER_HASH: usize = 16;

/// One place of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Value, below the radix.
    pub(crate) value: u8,
    /// Number of values, at least 2.
    pub(crate) radix: u8,
}

/// Permutes an input in place. `tweak` separates uses of one key.
pub(crate) fn permute(key: &DomainKey, tweak: u8, positions: &mut [Place]) {
    let network = Feistel { key, tweak };
    match positions {
        [] => {}
        [single] => network.shuffle(single),
        _ => {
            network.encrypt(positions);
            increment(positions);
            network.decrypt(positions);
        }
    }
}

/// Adds one, with the first position as the highest; the largest input becomes zero.
fn increment(positions: &mut [Place]) {
    for position in positions.iter_mut().rev() {
        position.value += 1;
        if position.value < position.radix {
            return;
        }
        position.value = 0;
    }
}

struct Feistel<'a> {
    key: &'a DomainKey,
    tweak: u8,
}

impl Feistel<'_> {
    fn encrypt(&self, positions: &mut [Place]) {
        for round in 0..ROUNDS {
            self.round(positions, round, |value, offset, radix| (value + offset) % radix);
        }
    }

    fn decrypt(&self, positions: &mut [Place]) {
        for round in (0..ROUNDS).rev() {
            self.round(positions, round, |value, offset, radix| (value + radix - offset) % radix);
        }
    }

    /// Changes one half by offsets that depend on the other half.
    fn round(&self, positions: &mut [Place], round: u8, change: impl Fn(u16, u16, u16) -> u16) {
        let (left, right) = positions.split_at_mut(positions.len() / 2);
        let (changed, source) = if round.is_multiple_of(2) { (left, right) } else { (right, left) };
        for (number, part) in changed.chunks_mut(POSITIONS_PER_HASH).enumerate() {
            let mut bits = self.hash(round, number, source);
            for position in part {
                let radix = u128::from(position.radix.max(1));
                let offset = u16::try_from(bits % radix).unwrap_or_default();
                bits /= radix;
                let value = change(u16::from(position.value), offset, u16::from(position.radix.max(1)));
                position.value = u8::try_from(value).unwrap_or_default();
            }
        }
    }

    fn hash(&self, round: u8, number: usize, source: &[Place]) -> u128 {
        let mut hasher = SipHasher24::new_with_key(self.key.sip());
        hasher.write(&[self.tweak, round]);
        hasher.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
        for position in source {
            hasher.write(&[position.value, position.radix]);
        }
        hasher.finish128().into()
    }

    /// Permutes one position by a cycle through a shuffled list of its values.
    fn shuffle(&self, position: &mut Place) {
        let mut values: Vec<u8> = (0..position.radix).collect();
        for end in (1..values.len()).rev() {
            let bits = self.hash(ROUNDS, end, &[Place { value: 0, radix: position.radix }]);
            let other = usize::try_from(bits % (end as u128 + 1)).unwrap_or_default();
            values.swap(end, other);
        }
        let at = values.iter().position(|value| *value == position.value).unwrap_or_default();
        if let Some(next) = values.get((at + 1) % values.len().max(1)) {
            position.value = *next;
        }
    }
}

#[cfg(test)]
mod tests;
