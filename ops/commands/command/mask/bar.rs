//! Bar of a progress.

/// Number of characters of a bar.
const BAR: u64 = 20;

/// A bar with a percentage.
pub(super) fn bar(done: u64, total: u64) -> String {
    let done = done.min(total);
    let of =
        |parts: u64| u64::try_from(u128::from(done) * u128::from(parts) / u128::from(total.max(1))).unwrap_or(parts);
    let filled = usize::try_from(of(BAR)).unwrap_or_default();
    let empty = usize::try_from(BAR).unwrap_or_default().saturating_sub(filled);
    format!("[{}{}] {:3}%  ", "#".repeat(filled), "-".repeat(empty), of(100))
}

#[cfg(test)]
mod tests;
