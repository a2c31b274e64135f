//! Image references in normalized form.
//!
//! The grammar is that of <https://github.com/distribution/reference>. Without a host the registry is Docker Hub, and a
//! name there without a path is in `library`: `postgres:16` is `docker.io/library/postgres:16`. Other forms are
//! refused, so that no container runtime can interpret a reference differently.

use std::fmt;
use std::str::FromStr;

/// An image reference.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Image {
    /// Name without tag and digest.
    pub name: ImageName,
    /// Tag, if set.
    pub tag: Option<String>,
    /// Digest with its algorithm, if set.
    pub digest: Option<String>,
}

/// Name of an image: host and path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ImageName {
    host: String,
    path: Vec<String>,
}

/// Prefix of image names: a host and the first segments of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registry {
    host: String,
    path: Vec<String>,
}

/// Errors of an image reference, image name or registry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ImageError {
    /// Not an image reference.
    #[error("invalid image reference `{0}`: expected [host[:port]/]path[:tag][@digest] in lower case")]
    Shape(String),
    /// A reference with a tag or digest instead of a name.
    #[error("invalid image name `{0}`: expected a name without tag and digest")]
    NotOnlyAName(String),
    /// Not a registry.
    #[error("invalid registry `{0}`: expected a host, or a host and the first segments of a path")]
    Registry(String),
}

const HUB: &str = "docker.io";

impl Registry {
    /// True if the image is from this registry. Whole segments of the path are compared.
    pub fn contains(&self, image: &ImageName) -> bool {
        self.host == image.host && image.path.starts_with(&self.path)
    }
}

impl Image {
    /// Reference of a name and a tag; none if the tag is invalid.
    pub fn with_tag(name: ImageName, tag: &str) -> Option<Self> {
        is_tag(tag).then(|| Self { name, tag: Some(tag.to_owned()), digest: None })
    }
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let shape = || ImageError::Shape(text.to_owned());
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon after the last slash begins a tag, a colon before it a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) || digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(shape());
        }
        let name = parse_name(name).ok_or_else(shape)?;
        Ok(Self { name, tag: tag.map(ToOwned::to_owned), digest: digest.map(ToOwned::to_owned) })
    }
}

impl FromStr for ImageName {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let image: Image = text.parse()?;
        if image.tag.is_some() || image.digest.is_some() {
            return Err(ImageError::NotOnlyAName(text.to_owned()));
        }
        Ok(image.name)
    }
}

impl FromStr for Registry {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let error = || ImageError::Registry(text.to_owned());
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let mut parts = trimmed.split('/');
        let first = parts.next().unwrap_or_default();
        let (host, path): (String, Vec<&str>) = if is_host(first) {
            (canonical_host(first), parts.collect())
        } else {
            (HUB.to_owned(), trimmed.split('/').collect())
        };
        if !path.iter().all(|part| is_component(part)) {
            return Err(error());
        }
        Ok(Self { host, path: path.into_iter().map(ToOwned::to_owned).collect() })
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path.join("/"))
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path.join("/"))
    }
}

fn parse_name(text: &str) -> Option<ImageName> {
    const LONGEST: usize = 255;
    if text.len() > LONGEST {
        return None;
    }
    let (host, mut path): (String, Vec<&str>) = match text.split_once('/') {
        Some((first, rest)) if is_host(first) => (canonical_host(first), rest.split('/').collect()),
        _ => (HUB.to_owned(), text.split('/').collect()),
    };
    if host == HUB && path.len() == 1 {
        path.insert(0, "library");
    }
    let fits = path.iter().all(|part| is_component(part));
    fits.then(|| ImageName { host, path: path.into_iter().map(ToOwned::to_owned).collect() })
}

/// True if the first segment of a name is a host: it has a dot or a port, or is `localhost`.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let has_port =
        port.is_some_and(|port| !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()));
    (name.contains('.') || has_port || name == "localhost")
        && (port.is_none() || has_port)
        && name.split('.').all(label)
}

fn canonical_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" => HUB.to_owned(),
        _ => host,
    }
}

/// True for lower-case letters and digits with `.`, `_`, `__` or dashes between them.
fn is_component(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|part| !part.is_empty());
    text.bytes().next().is_some_and(is_inner)
        && text.bytes().last().is_some_and(is_inner)
        && separators.into_iter().all(|part| matches!(part, "." | "_" | "__") || part.bytes().all(|byte| byte == b'-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
