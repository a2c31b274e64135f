//! Reproducible pseudorandom choices.

/// A 64-bit linear congruential generator; only the upper half of its state is used.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: usize) -> Self {
        let mut draws = Self((seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0bad_5eed_0bad_5eed);
        draws.below(2);
        draws
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// True with a probability in percent.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.permille(10 * percent)
    }

    /// True with a probability in tenths of a percent.
    pub(super) fn permille(&mut self, permille: usize) -> bool {
        self.below(1000) < permille
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The text with a probability in percent, else the empty text.
    pub(super) fn text(&mut self, percent: usize, text: &str) -> String {
        if self.percent(percent) { text.to_owned() } else { String::new() }
    }
}
