//! [`Attr`]: the value of an attribute during planning: null, unknown or known.

/// Value of an attribute during validate and plan.
///
/// Terraform evaluates a configuration before every value is known: an attribute can depend on a resource that is not
/// yet applied. No accessor turns `Unknown` into a default; each `match` must handle it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attr<T> {
    /// The attribute is not set.
    Null,
    /// The attribute is set, but its value is not known yet.
    Unknown,
    /// The attribute is set to this value.
    Known(T),
}

impl<T> Attr<T> {
    /// Applies `f` to a known value; null and unknown are unchanged.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(f(value)),
        }
    }

    /// Like [`Attr::map`], if `f` itself can return null or unknown.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Attr<U>) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => f(value),
        }
    }

    /// Pairs two values: unknown if either is unknown, else null if either is null.
    pub fn zip<U>(self, other: Attr<U>) -> Attr<(T, U)> {
        match (self, other) {
            (Self::Known(a), Attr::Known(b)) => Attr::Known((a, b)),
            (Self::Unknown, _) | (_, Attr::Unknown) => Attr::Unknown,
            (Self::Null, _) | (_, Attr::Null) => Attr::Null,
        }
    }

    /// Replaces null with `fallback`; unknown stays unknown.
    #[must_use]
    pub fn or(self, fallback: Attr<T>) -> Attr<T> {
        match self {
            Self::Null => fallback,
            other => other,
        }
    }

    /// Returns `Some` for null and known values, and `None` for unknown. Use it for optional arguments.
    pub fn settled(self) -> Option<Option<T>> {
        match self {
            Self::Null => Some(None),
            Self::Unknown => None,
            Self::Known(value) => Some(Some(value)),
        }
    }

    /// Returns the value if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(value),
        }
    }

    /// True if the value is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// True if the attribute is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

#[cfg(test)]
mod tests;
