//! Ranges of addresses.
//!
//! A range that is nothing but a cloud's metadata address cannot be written down; for a wider one it is known which of
//! these addresses have to be taken out.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::text::as_text;

/// A range of addresses, written with its lowest address: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no range of addresses.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CidrError {
    /// No address, or no prefix.
    #[error("`{0}` is no range of addresses; write for example `10.0.0.0/8`, or `192.0.2.1/32` for one address")]
    Shape(String),
    /// A prefix that is too long.
    #[error("`{text}` has the prefix length {prefix}; at most {max} is possible")]
    Prefix {
        /// What was given.
        text: String,
        /// The prefix length as written.
        prefix: String,
        /// 32 or 128.
        max: u8,
    },
    /// Bits behind the prefix.
    #[error("`{text}` has bits behind its prefix; write `{lowest}`")]
    HostBits {
        /// What was given.
        text: String,
        /// The range it lies in.
        lowest: Cidr,
    },
    /// An IPv4 range in IPv6 clothes.
    #[error("`{0}` is an IPv4 range written as IPv6; write it as IPv4")]
    Mapped(String),
    /// Nothing but instance metadata.
    #[error(
        "`{0}` is the address of the cloud's instance metadata, which hands out the node's credentials; it can never \
            be allowed"
    )]
    Metadata(String),
}

/// Where clouds hand out credentials of the machine: AWS, Google, Azure and others; AWS for containers and pods;
/// Alibaba; AWS over IPv6.
pub(crate) const METADATA: [&str; 6] = [
    "169.254.169.254/32",
    "169.254.170.2/32",
    "169.254.170.23/32",
    "100.100.100.200/32",
    "fd00:ec2::254/128",
    "fd00:ec2::23/128",
];

as_text!(Cidr);

impl Cidr {
    /// Whether every address of `other` lies in this range.
    pub fn contains(self, other: Self) -> bool {
        let same_kind = self.address.is_ipv4() == other.address.is_ipv4();
        same_kind && self.prefix <= other.prefix && lowest(other.address, self.prefix) == self.address
    }

    /// The metadata addresses that lie in this range and must be taken out of it.
    pub(crate) fn metadata(self) -> Vec<&'static str> {
        let inside = |text: &&str| read(text).is_some_and(|(address, prefix)| self.contains(Self { address, prefix }));
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
        let Some(prefix) = prefix.parse::<u8>().ok().filter(|prefix| plain && *prefix <= max) else {
            return Err(CidrError::Prefix { text: text.to_owned(), prefix: prefix.to_owned(), max });
        };
        if let IpAddr::V6(v6) = address
            && v6.to_ipv4_mapped().is_some()
        {
            return Err(CidrError::Mapped(text.to_owned()));
        }
        let cidr = Self { address: lowest(address, prefix), prefix };
        if cidr.address != address {
            return Err(CidrError::HostBits { text: text.to_owned(), lowest: cidr });
        }
        // A policy can take an address out of a range, but not leave an empty one.
        if prefix == max && !cidr.metadata().is_empty() {
            return Err(CidrError::Metadata(text.to_owned()));
        }
        Ok(cidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn read(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    Some((address.parse().ok()?, prefix.parse().ok()?))
}

/// The lowest address of the range with this prefix that the address lies in.
fn lowest(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests;
