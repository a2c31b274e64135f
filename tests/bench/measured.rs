//! One value for each contestant.

/// A value of ours and of the peer; none if that one is not measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pair<T> {
    pub(crate) ours: Option<T>,
    pub(crate) peer: Option<T>,
}

impl<T> Pair<T> {
    /// Calls `with` for both, ours first.
    ///
    /// # Errors
    /// The first error of `with`.
    pub(crate) fn try_map<U>(&self, mut with: impl FnMut(&T) -> anyhow::Result<U>) -> anyhow::Result<Pair<U>> {
        Ok(Pair {
            ours: self.ours.as_ref().map(&mut with).transpose()?,
            peer: self.peer.as_ref().map(with).transpose()?,
        })
    }

    pub(crate) fn map<U>(&self, mut with: impl FnMut(&T) -> U) -> Pair<U> {
        Pair { ours: self.ours.as_ref().map(&mut with), peer: self.peer.as_ref().map(with) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.ours.iter().chain(&self.peer)
    }
}

/// Unit of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
    Megabytes,
    Count,
    Percent,
}

impl Unit {
    /// The value with its unit, rounded.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Seconds => format!("{value:.2} s"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Count => format!("{value}"),
            Self::Percent => format!("{value:.1} %"),
        }
    }
}

/// Megabytes, from the kernel's unit.
#[allow(clippy::cast_precision_loss, reason = "no process has so much memory")]
pub(crate) fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
