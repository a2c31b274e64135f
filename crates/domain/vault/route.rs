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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(source: &str, target: &str) -> Result<Route, Vec<String>> {
        let (source, target) = (source.parse().unwrap(), target.parse().unwrap());
        Route::new(source, target, &Globs::default_sensitive(), &Globs::default_targets())
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_plain_case() {
        let route = route("secret/stage/shop", "secret/preview/pr-1/shop").unwrap();
        assert_eq!(route.source().to_string(), "secret/stage/shop");
        assert_eq!(route.target().to_string(), "secret/preview/pr-1/shop");
        let environment: EnvironmentLabel = "pr-1".parse().unwrap();
        assert_eq!(default_target(&environment, route.source().path()).unwrap().as_str(), "preview/pr-1/shop");
    }

    #[test]
    fn what_must_not_be_copied_is_refused_with_the_pattern() {
        for (source, target, words) in [
            ("secret/sensitive/shop", "secret/preview/a", "source_path: `secret/sensitive/shop` is sensitive"),
            ("secret/stage/Sensitive", "secret/preview/a", "source_path"),
            ("secret/stage/shop", "secret/prod/a", "target_path: `secret/prod/a` lies outside"),
            ("secret/stage/shop", "secret/preview/sensitive/a", "could never be read"),
            ("secret/preview/x", "secret/preview/x", "copy itself"),
            ("secret/preview/x", "secret/preview/x/y", "copy itself"),
            ("secret/preview/x/y", "secret/preview/x", "copy itself"),
        ] {
            let mistakes = route(source, target).unwrap_err();
            assert!(mistakes.iter().any(|mistake| mistake.contains(words)), "{mistakes:?}");
        }
        assert!(route("secret/preview/pr-1", "secret/preview/pr-12").is_ok());
        assert!(route("kv/preview/x", "secret/preview/x").is_ok(), "another mount is another place");
        assert_eq!(route("secret/sensitive/x", "secret/prod/a").unwrap_err().len(), 2);
    }

    #[test]
    fn keys_below_are_checked_one_by_one() {
        let route = route("secret/stage/shop", "secret/preview/pr-1").unwrap();
        let (source, target) = route.key(Some("db/main")).unwrap();
        assert_eq!(
            (source.to_string(), target.to_string()),
            ("secret/stage/shop/db/main".to_owned(), "secret/preview/pr-1/db/main".to_owned())
        );
        assert_eq!(route.key(None).unwrap().1, *route.target());
        assert!(matches!(route.key(Some("sensitive/db")), Err(KeyError::Sensitive { .. })));
        assert!(matches!(route.key(Some("a\u{200b}")), Err(KeyError::Path(_))));
        assert!(route.prunes("sensitive/") && route.prunes("a/sensitive/") && !route.prunes("db/"));
    }

    #[test]
    fn a_pattern_for_one_place_allows_nothing_below_it() {
        let targets = Globs::targets(&["secret/preview/pr-1"]).unwrap();
        let none = Globs::sensitive::<&str>(&[]).unwrap();
        let (source, target) = ("secret/stage".parse().unwrap(), "secret/preview/pr-1".parse().unwrap());
        let route = Route::new(source, target, &none, &targets).unwrap();
        assert_eq!(route.key(Some("db")), Err(KeyError::Outside));
    }

    proptest! {
        #[test]
        fn no_spelling_reaches_a_sensitive_secret(
            before in "(stage/|STAGE/|\\./|\\.\\./|/|data/){0,3}",
            word in "(sensitive|Sensitive|sensit%69ve|sensitive |sensitiv\u{200b}e)",
            after in "(/db|/\\./db|//db|/%2e%2e/db|){1}",
        ) {
            let parsed = format!("secret/{before}{word}{after}").parse::<SecretRef>();
            if let Ok(source) = parsed {
                let target = "secret/preview/a".parse().unwrap();
                prop_assert!(Route::new(source, target, &Globs::default_sensitive(), &Globs::default_targets()).is_err());
            }
        }
    }
}
