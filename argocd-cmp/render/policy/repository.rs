//! Repositories of charts.

use std::fmt;
use std::str::FromStr;

/// Repository of charts, or the prefix of several.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChartRepository {
    /// Protocol.
    pub protocol: ChartProtocol,
    /// Host in lower case, with its port if it has one.
    pub host: String,
    /// Segments of the path.
    pub path: Vec<String>,
}

/// Protocol of a repository of charts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChartProtocol {
    /// A repository with an index, over HTTPS.
    Https,
    /// An OCI registry, over HTTPS.
    Oci,
}

/// An invalid repository of charts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "invalid chart repository `{0}`: expected `https://<host>/<path>` or `oci://<host>/<path>` without user, query, \
     fragment, `..` and `%`"
)]
pub struct ChartRepositoryError(String);

impl ChartRepository {
    /// True if the other repository is this one or below it.
    pub fn contains(&self, other: &Self) -> bool {
        (self.protocol, &self.host) == (other.protocol, &other.host) && other.path.starts_with(&self.path)
    }
}

impl FromStr for ChartRepository {
    type Err = ChartRepositoryError;

    fn from_str(text: &str) -> Result<Self, ChartRepositoryError> {
        let error = || ChartRepositoryError(text.to_owned());
        let (protocol, rest) = text.split_once("://").ok_or_else(error)?;
        let protocol = match protocol {
            "https" => ChartProtocol::Https,
            "oci" => ChartProtocol::Oci,
            _ => return Err(error()),
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if name.is_empty() || !name.bytes().all(is_name) || !is_port {
            return Err(error());
        }
        let path: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
        let is_part = |part: &String| {
            part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~+".contains(&byte))
        };
        if !path.iter().all(is_part) {
            return Err(error());
        }
        Ok(Self { protocol, host: host.to_ascii_lowercase(), path })
    }
}

impl fmt::Display for ChartRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            ChartProtocol::Https => "https",
            ChartProtocol::Oci => "oci",
        };
        write!(f, "{protocol}://{}", self.host)?;
        self.path.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

#[cfg(test)]
mod tests;
