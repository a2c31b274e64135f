//! Limits of a native build. A small kustomization can name a large file many times.

/// Bytes that are parsed in total. A file counts each time it is named.
pub(super) const MAX_BYTES: usize = 32 << 20;
/// Comparisons of patches with objects in total: patches times objects, summed over all layers.
pub(super) const MAX_COMPARISONS: usize = 500_000;

/// Remaining budget of a build.
pub(super) struct BuildBudget {
    bytes: usize,
    comparisons: usize,
}

impl BuildBudget {
    /// The budget of one kustomization with everything that it includes.
    pub(super) fn new() -> Self {
        Self { bytes: MAX_BYTES, comparisons: MAX_COMPARISONS }
    }

    /// Charges bytes to parse. False if the budget is exceeded.
    pub(super) fn charge_bytes(&mut self, bytes: usize) -> bool {
        charge(&mut self.bytes, bytes)
    }

    /// Charges the comparison of each patch with each object. False if the budget is exceeded.
    pub(super) fn charge_comparisons(&mut self, patches: usize, objects: usize) -> bool {
        charge(&mut self.comparisons, patches.saturating_mul(objects))
    }
}

fn charge(left: &mut usize, amount: usize) -> bool {
    let rest = left.checked_sub(amount);
    *left = rest.unwrap_or_default();
    rest.is_some()
}
