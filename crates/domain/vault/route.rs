//! From where to where: the check that stands before every read.
//!
//! A [`Route`] is made of normalised references only, and made once. What is found below its source is asked for key
//! by key ([`Route::key`]), so that a sensitive secret inside a subtree is left out before its value is requested.

use crate::mistake::Mistake;
use crate::vault::globs::Globs;
use crate::vault::path::{PathError, SecretPath};
use crate::vault::provenance::EnvironmentLabel;
use crate::vault::reference::SecretRef;

/// How many folders deep a subtree may be.
pub const DEPTH_LIMIT: usize = 16;
/// How many secrets a subtree may have.
pub const KEY_LIMIT: usize = 500;

/// A source that may be read and a target that may be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    source: SecretRef,
    target: SecretRef,
    sensitive: Globs,
    targets: Globs,
}

/// Why there is no way from this source to this target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// The source must not be copied.
    #[error(
        "`{source_ref}` is sensitive (`vault.sensitive_paths` has `{pattern}`) and is never read or copied; to hand \
         it on as a reference, name it in `sensitive_path`"
    )]
    Sensitive {
        /// The source.
        source_ref: SecretRef,
        /// The pattern that covers it.
        pattern: String,
    },
    /// The target would be sensitive.
    #[error(
        "`{target}` is sensitive (`vault.sensitive_paths` has `{pattern}`), so a copy there could never be read \
         again; choose another target path"
    )]
    SensitiveTarget {
        /// The target.
        target: SecretRef,
        /// The pattern that covers it.
        pattern: String,
    },
    /// The target is not where copies may go.
    #[error(
        "`{target}` lies outside of where copies may go; `vault.target_prefixes` allows {allowed}; choose such a \
         target path, for example `{example}`"
    )]
    Outside {
        /// The target.
        target: SecretRef,
        /// The patterns.
        allowed: String,
        /// A path that would do under the default patterns.
        example: String,
    },
    /// One lies inside the other.
    #[error(
        "`{inner}` is or lies inside `{outer}`, so the copy would copy itself; choose a target path beside the source"
    )]
    Overlap {
        /// The inner one.
        inner: SecretRef,
        /// The outer one.
        outer: SecretRef,
    },
}

/// Why a secret below a source is left out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// Its name, alone or below the target, is no path we accept.
    #[error("its name cannot be used: the path {0}")]
    Path(#[from] PathError),
    /// It must not be copied.
    #[error("it is sensitive (`vault.sensitive_paths` has `{pattern}`)")]
    Sensitive {
        /// The pattern that covers it.
        pattern: String,
    },
    /// Its copy would lie outside of where copies may go.
    #[error("its copy would lie outside of `vault.target_prefixes`")]
    Outside,
}

impl Route {
    /// Checks a source and a target against each other and against the patterns.
    ///
    /// # Errors
    ///
    /// Every mistake there is, at `source_path` or `target_path`.
    pub fn new(source: SecretRef, target: SecretRef, sensitive: &Globs, targets: &Globs) -> Result<Self, Vec<Mistake>> {
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

    /// The source, or the root of the subtree.
    pub fn source(&self) -> &SecretRef {
        &self.source
    }

    /// The target, or the root of the copied subtree.
    pub fn target(&self) -> &SecretRef {
        &self.target
    }

    /// Source and target of the secret that lies `below` the root; of the root itself with none.
    ///
    /// # Errors
    ///
    /// When it must be left out.
    pub fn key(&self, below: Option<&str>) -> Result<(SecretRef, SecretRef), KeyError> {
        let place = |root: &SecretRef| -> Result<SecretRef, PathError> {
            let Some(below) = below else { return Ok(root.clone()) };
            Ok(SecretRef::new(root.mount().clone(), root.path().join(below)?))
        };
        let (source, target) = (place(&self.source)?, place(&self.target)?);
        let pattern = self.sensitive.covering(&source).or_else(|| self.sensitive.covering(&target));
        if let Some(pattern) = pattern {
            return Err(KeyError::Sensitive { pattern: pattern.to_owned() });
        }
        if self.targets.covering(&target).is_none() {
            return Err(KeyError::Outside);
        }
        Ok((source, target))
    }

    /// Whether a folder below the root is sensitive as a whole, so that not even its names are asked for.
    pub fn prunes(&self, folder: &str) -> bool {
        let folder = folder.trim_end_matches('/');
        matches!(self.key(Some(folder)), Err(KeyError::Sensitive { pattern }) if pattern.ends_with("/*"))
    }
}

/// Where a copy goes when nothing is said: `preview/<environment>/<last segment of the source>`.
///
/// # Errors
///
/// When the two together are too long for a path.
pub fn default_target(environment: &EnvironmentLabel, source: &SecretPath) -> Result<SecretPath, PathError> {
    format!("preview/{environment}/{}", source.last_segment()).parse()
}

#[cfg(test)]
mod tests;
