//! Route of a copy from its source to its target: the check before every read.
//!
//! A [`Route`] contains only normalised references and is created once. Each secret below its source is checked by
//! [`Route::key`], so that a sensitive secret in a subtree is skipped before its value is read.

use crate::mistake::Mistake;
use crate::vault::globs::Globs;
use crate::vault::path::{PathError, SecretPath};
use crate::vault::provenance::EnvironmentLabel;
use crate::vault::reference::SecretRef;

/// Maximum depth of a subtree in folders.
pub const DEPTH_LIMIT: usize = 16;
/// Maximum number of secrets in a subtree.
pub const KEY_LIMIT: usize = 500;

/// Readable source with a writable target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    source: SecretRef,
    target: SecretRef,
    sensitive: Globs,
    targets: Globs,
}

/// Reasons to refuse a source and a target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// The source is sensitive.
    #[error("`{source_ref}` is sensitive (it matches the pattern `{pattern}`) and is never read or copied")]
    Sensitive {
        /// Source of the copy.
        source_ref: SecretRef,
        /// First pattern that matches.
        pattern: String,
    },
    /// The target is sensitive.
    #[error(
        "`{target}` is sensitive (it matches the pattern `{pattern}`), so the copy could never be read again; use another \
            target path"
    )]
    SensitiveTarget {
        /// Target of the copy.
        target: SecretRef,
        /// First pattern that matches.
        pattern: String,
    },
    /// The target is not allowed.
    #[error("`{target}` is not an allowed target: allowed are {allowed}; use for example `{example}`")]
    Outside {
        /// Target of the copy.
        target: SecretRef,
        /// Allowed patterns.
        allowed: String,
        /// Path that matches the default patterns.
        example: String,
    },
    /// One contains the other.
    #[error(
        "`{inner}` is equal to or inside `{outer}`, so the copy would contain itself; use a target path outside of the source"
    )]
    Overlap {
        /// Inner path.
        inner: SecretRef,
        /// Outer path.
        outer: SecretRef,
    },
}

/// Reasons to skip a secret below a source.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The path of the source or of the target is invalid.
    #[error("its path is invalid: {0}")]
    Path(#[from] PathError),
    /// The secret is sensitive.
    #[error("it is sensitive (it matches the pattern `{pattern}`)")]
    Sensitive {
        /// First pattern that matches.
        pattern: String,
    },
    /// The target of its copy is not allowed.
    #[error("its copy would be outside of the allowed targets")]
    Outside,
}

impl Route {
    /// Validates a source and a target against each other and against the patterns.
    ///
    /// # Errors
    ///
    /// All mistakes, with the path `source_path` or `target_path`.
    pub fn new(
        source: SecretRef,
        target: SecretRef,
        sensitive: &Globs,
        targets: &Globs,
    ) -> Result<Self, Vec<Mistake<RouteError>>> {
        let mut mistakes = Vec::new();
        if let Some(pattern) = sensitive.covering(&source) {
            let error = RouteError::Sensitive { source_ref: source.clone(), pattern: pattern.to_owned() };
            mistakes.push(Mistake::at(["source_path"], error));
        }
        if let Some(pattern) = sensitive.covering(&target) {
            let error = RouteError::SensitiveTarget { target: target.clone(), pattern: pattern.to_owned() };
            mistakes.push(Mistake::at(["target_path"], error));
        }
        if targets.covering(&target).is_none() {
            let example = format!("preview/<environment>/{}", source.path().last_segment());
            let error = RouteError::Outside { target: target.clone(), allowed: targets.to_string(), example };
            mistakes.push(Mistake::at(["target_path"], error));
        }
        let overlap = if target.is_inside(&source) {
            Some((&target, &source))
        } else if source.is_inside(&target) {
            Some((&source, &target))
        } else {
            None
        };
        if let Some((inner, outer)) = overlap {
            let error = RouteError::Overlap { inner: inner.clone(), outer: outer.clone() };
            mistakes.push(Mistake::at(["target_path"], error));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self { source, target, sensitive: sensitive.clone(), targets: targets.clone() })
    }

    /// Source, or root of the source subtree.
    pub fn source(&self) -> &SecretRef {
        &self.source
    }

    /// Target, or root of the target subtree.
    pub fn target(&self) -> &SecretRef {
        &self.target
    }

    /// Source and target of the secret at the path `below` the root; of the root itself if none.
    ///
    /// # Errors
    ///
    /// The secret must be skipped.
    pub fn key(&self, below: Option<&str>) -> Result<(SecretRef, SecretRef), KeyError> {
        let join = |root: &SecretRef| -> Result<SecretRef, PathError> {
            let Some(below) = below else { return Ok(root.clone()) };
            Ok(SecretRef::new(root.mount().clone(), root.path().join(below)?))
        };
        let (source, target) = (join(&self.source)?, join(&self.target)?);
        let pattern = self.sensitive.covering(&source).or_else(|| self.sensitive.covering(&target));
        if let Some(pattern) = pattern {
            return Err(KeyError::Sensitive { pattern: pattern.to_owned() });
        }
        if self.targets.covering(&target).is_none() {
            return Err(KeyError::Outside);
        }
        Ok((source, target))
    }

    /// True if a folder below the root is sensitive as a whole, so that it is not even listed.
    pub fn prunes(&self, folder: &str) -> bool {
        let folder = folder.trim_end_matches('/');
        matches!(self.key(Some(folder)), Err(KeyError::Sensitive { pattern }) if pattern.ends_with("/*"))
    }
}

/// Default target of a copy: `preview/<environment>/<last segment of the source>`.
///
/// # Errors
///
/// The path is too long.
pub fn default_target(environment: &EnvironmentLabel, source: &SecretPath) -> Result<SecretPath, PathError> {
    format!("preview/{environment}/{}", source.last_segment()).parse()
}

#[cfg(test)]
mod tests;
