//! Deterministic random numbers.

/// Generator (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Generator for one event, independent of all others.
    pub(super) fn of(seed: u64, event: u64) -> Self {
        let mut random = Self(seed ^ event.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Number below a limit.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        i64::try_from(self.next() >> 1).unwrap() % limit.max(1)
    }

    /// True in a percentage of all cases.
    pub(super) fn percent(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of several values.
    pub(super) fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.below(i64::try_from(values.len()).unwrap())).unwrap()].clone()
    }
}
