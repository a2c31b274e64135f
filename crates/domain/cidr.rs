//! IP address ranges.
//!
//! A range that contains only the instance metadata address of a cloud is invalid. For a wider range,
//! [`Cidr::metadata`] returns the metadata addresses to exclude.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::text::serde_as_text;

/// Address range in CIDR notation, written with its lowest address: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cidr(IpNet);

/// Reasons to refuse a text as an address range.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CidrError {
    /// The address or the prefix length is missing.
    #[error("invalid address range `{0}`: expected for example `10.0.0.0/8`, or `192.0.2.1/32` for one address")]
    Shape(String),
    /// The prefix length is too long.
    #[error("address range `{text}` must have a prefix length of at most {max}, got {prefix:?}")]
    Prefix {
        /// Input text.
        text: String,
        /// Prefix length as written.
        prefix: String,
        /// Maximum prefix length: 32 or 128.
        max: u8,
    },
    /// Bits are set after the prefix.
    #[error("address range `{text}` has bits after its prefix; write `{lowest}`")]
    HostBits {
        /// Input text.
        text: String,
        /// Range that contains the address.
        lowest: Cidr,
    },
    /// An IPv4 range as IPv4-mapped IPv6 addresses.
    #[error("address range `{0}` is an IPv4 range written as IPv6; write it as IPv4")]
    Mapped(String),
    /// Only instance metadata.
    #[error(
        "address range `{0}` is the instance metadata address of a cloud, which returns the node's credentials; it is \
            never allowed"
    )]
    Metadata(String),
}

/// Addresses with credentials of the machine: AWS, Google, Azure and others; AWS for containers and pods; Alibaba; AWS
/// over IPv6.
pub(crate) const METADATA: [&str; 6] = [
    "169.254.169.254/32",
    "169.254.170.2/32",
    "169.254.170.23/32",
    "100.100.100.200/32",
    "fd00:ec2::254/128",
    "fd00:ec2::23/128",
];

serde_as_text!(Cidr);

impl Cidr {
    /// True if this range contains every address of `other`.
    pub fn contains(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Metadata addresses of this range, which must be excluded from it.
    pub(crate) fn metadata(self) -> Vec<&'static str> {
        let inside = |text: &&str| text.parse::<IpNet>().is_ok_and(|metadata| self.0.contains(&metadata));
        METADATA.into_iter().filter(inside).collect()
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let shape = || CidrError::Shape(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(shape)?;
        let address: IpAddr = address.parse().map_err(|_| shape())?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        let plain = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let net = prefix.parse::<u8>().ok().filter(|_| plain).and_then(|prefix| IpNet::new(address, prefix).ok());
        let net = net.ok_or_else(|| CidrError::Prefix { text: text.to_owned(), prefix: prefix.to_owned(), max })?;
        if let IpAddr::V6(v6) = address
            && v6.to_ipv4_mapped().is_some()
        {
            return Err(CidrError::Mapped(text.to_owned()));
        }
        let cidr = Self(net.trunc());
        if cidr.0 != net {
            return Err(CidrError::HostBits { text: text.to_owned(), lowest: cidr });
        }
        // A network policy can exclude an address from a range, but not leave an empty range.
        if net.prefix_len() == max && !cidr.metadata().is_empty() {
            return Err(CidrError::Metadata(text.to_owned()));
        }
        Ok(cidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
