//! [`Attr`]: a value as it stands while a plan is being made, when it may not be known yet.

/// The value of an attribute during validate and plan.
///
/// Terraform evaluates configurations before everything is known: an attribute can wait for another resource.
/// There is deliberately no accessor that turns `Unknown` into a default; a `match` has to say what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attr<T> {
    /// The attribute is not set.
    Null,
    /// The attribute is set, to something that is known only later.
    Unknown,
    /// The attribute is set to this value.
    Known(T),
}

impl<T> Attr<T> {
    /// Applies `f` to a known value and passes the other two on.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(f(value)),
        }
    }

    /// Like [`Attr::map`] where `f` itself may answer null or unknown.
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

    /// A null becomes `fallback`; an unknown stays unknown.
    #[must_use]
    pub fn or(self, fallback: Attr<T>) -> Attr<T> {
        match self {
            Self::Null => fallback,
            other => other,
        }
    }

    /// `Some` for null and known, `None` for unknown: the form in which optional arguments are used.
    pub fn settled(self) -> Option<Option<T>> {
        match self {
            Self::Null => Some(None),
            Self::Unknown => None,
            Self::Known(value) => Some(Some(value)),
        }
    }

    /// The value, where it is known.
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

    /// Whether the value is known only later.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether the attribute is not set.
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
