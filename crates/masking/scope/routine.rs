//! Literals with SQL: bodies of routines, and texts of EXECUTE.

use rowan::{TextRange, TextSize};

/// Positions of a text inside of a file.
pub(super) enum Lines<'a> {
    /// A whole file: offsets of its line ends.
    File(Vec<usize>),
    /// A text inside of another text, with a map of positions.
    Inside {
        /// Positions of the outer text.
        outer: &'a Lines<'a>,
        /// Map to the outer text.
        map: &'a dyn Fn(TextRange) -> TextRange,
    },
    /// A text with only the line of its beginning.
    Fixed(u32),
}

impl Lines<'_> {
    pub(super) fn of_file(text: &str) -> Self {
        Self::File(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// Line of a position, from 1.
    pub(super) fn line(&self, at: TextSize) -> u32 {
        match self {
            Self::File(ends) => {
                let at = usize::from(at);
                u32::try_from(ends.partition_point(|end| *end < at)).unwrap_or(u32::MAX).saturating_add(1)
            }
            Self::Inside { outer, map } => outer.line(map(TextRange::empty(at)).start()),
            Self::Fixed(line) => *line,
        }
    }
}

/// Text of an expression that is one string literal without escapes.
pub(super) fn literal(expression: &str) -> Option<String> {
    let expression = expression.trim();
    if let Some(rest) = expression.strip_prefix('$') {
        let (tag, rest) = rest.split_once('$')?;
        let content = rest.strip_suffix('$')?.strip_suffix(tag)?.strip_suffix('$')?;
        return (!content.contains(&format!("${tag}$"))).then(|| content.to_owned());
    }
    let content = expression.strip_prefix('\'')?.strip_suffix('\'')?;
    let without_pairs = content.replace("''", "");
    (!without_pairs.contains('\'')).then(|| content.replace("''", "'"))
}

#[cfg(test)]
mod tests;
