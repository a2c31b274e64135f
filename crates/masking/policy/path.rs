//! Paths into JSON documents, such as `$.address.street`, `$.tags[*]` and `$..email`.

use std::fmt;
use std::str::FromStr;

use crate::json::JsonStep;

/// A path. It matches a value and everything inside of it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JsonPath(Vec<Segment>);

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Segment {
    Key(String),
    Item(usize),
    /// `.*` and `[*]`: all values of an object or list.
    Any,
    /// `..key`: the key at any depth.
    Deep(String),
}

/// Text that is not a path.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonPathError {
    /// Path that does not begin with `$`.
    #[error("path `{0}` does not begin with `$`")]
    NoRoot(String),
    /// Part that is not supported.
    #[error("invalid path `{path}` at `{rest}`")]
    Invalid {
        /// Path.
        path: String,
        /// Part of the path that begins with the problem.
        rest: String,
    },
}

impl JsonPath {
    /// True if the path matches the value at the steps, or a value around it.
    pub fn matches(&self, steps: &[JsonStep]) -> bool {
        self.specificity(steps).is_some()
    }

    /// Order of paths that match one value: the path to the innermost value is the most specific one, and among these the
    /// path with the most exact steps. None if the path does not match.
    pub(crate) fn specificity(&self, steps: &[JsonStep]) -> Option<(usize, usize)> {
        let exact = self.0.iter().filter(|segment| matches!(segment, Segment::Key(_) | Segment::Item(_))).count();
        depth(&self.0, steps).map(|depth| (depth, exact))
    }
}

/// Number of steps to the innermost value that segments match.
fn depth(segments: &[Segment], steps: &[JsonStep]) -> Option<usize> {
    let Some((segment, segments)) = segments.split_first() else { return Some(0) };
    if let Segment::Deep(key) = segment {
        let is_key = |step: &JsonStep| matches!(step, JsonStep::Key(found) if found == key);
        let found = steps.iter().enumerate().filter(|(_, step)| is_key(step));
        let depths = found.filter_map(|(at, _)| Some(at + 1 + depth(segments, steps.get(at + 1..)?)?));
        return depths.max();
    }
    let (step, steps) = steps.split_first()?;
    let is_equal = match (segment, step) {
        (Segment::Key(expected), JsonStep::Key(found)) => expected == found,
        (Segment::Item(expected), JsonStep::Item(found)) => expected == found,
        (Segment::Any, _) => true,
        _ => false,
    };
    if is_equal { depth(segments, steps).map(|depth| depth + 1) } else { None }
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.strip_prefix('$').ok_or_else(|| JsonPathError::NoRoot(text.to_owned()))?;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let invalid = || JsonPathError::Invalid { path: text.to_owned(), rest: rest.to_owned() };
            let (segment, after) = segment(rest).ok_or_else(invalid)?;
            segments.push(segment);
            rest = after;
        }
        Ok(Self(segments))
    }
}

/// First segment, and the text after it.
fn segment(text: &str) -> Option<(Segment, &str)> {
    if let Some(rest) = text.strip_prefix("[\"") {
        let (key, rest) = rest.split_once("\"]")?;
        return Some((Segment::Key(key.to_owned()), rest));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        let segment = if index == "*" { Segment::Any } else { Segment::Item(index.parse().ok()?) };
        return Some((segment, rest));
    }
    let (is_deep, rest) = match text.strip_prefix("..") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('.')?),
    };
    let (key, rest) = rest.split_at_checked(rest.find(['.', '[']).unwrap_or(rest.len()))?;
    let is_plain = !key.is_empty() && !key.contains(['*', ']', '"', ' ', '$']);
    match (is_deep, key) {
        (false, "*") => Some((Segment::Any, rest)),
        _ if !is_plain => None,
        (true, _) => Some((Segment::Deep(key.to_owned()), rest)),
        (false, _) => Some((Segment::Key(key.to_owned()), rest)),
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for segment in &self.0 {
            match segment {
                Segment::Key(key) if key.contains(['.', '[', ' ', '*', '$', '"', ']']) => write!(f, "[\"{key}\"]")?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Item(item) => write!(f, "[{item}]")?,
                Segment::Any => f.write_str("[*]")?,
                Segment::Deep(key) => write!(f, "..{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
