//! Functions for addresses of machines, user agents and UUIDs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Masker, cut};
use crate::{
    key::DomainKey,
    shape::{hex_digits, permute_all, permute_hex, permute_outside},
    stream::Stream,
    words::USER_AGENTS,
};

/// First part of all URLs.
const BASE: &str = "https://example.com/";
/// Length of [`BASE`].
pub(super) const URL_BASE: u32 = 20;
/// Characters of a URL that depend on a hash: 100 bits.
pub(super) const URL_CHARACTERS: u32 = 20;
/// Longest URL.
pub(super) const URL: u32 = URL_BASE + URL_CHARACTERS;
/// Longest user agent.
pub(super) const USER_AGENT: u32 = 150;
/// Longest address with the length of its network.
pub(super) const IP: u32 = 43;
/// Shortest column for all addresses: `2001:db8::ffff/128`.
pub(super) const SHORTEST_IP: u32 = 18;

/// IPv4 networks that are reserved for documentation (RFC 5737).
const RANGES: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];

/// An IPv4 address of [`RANGES`], or an IPv6 address of `2001:db8::/32` (RFC 3849). The length of a network stays, and a
/// network without host bits stays one.
pub(super) fn ip(masker: &Masker, value: &str) -> String {
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, length.parse::<u8>().ok()),
        None => (value, None),
    };
    let mut stream = Stream::new(&masker.key, 11, value.as_bytes());
    let found = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(old)) => {
            let at = usize::try_from(stream.below(3)).unwrap_or_default();
            let [a, b, c] = RANGES.get(at).copied().unwrap_or_default();
            let host = u8::try_from(stream.below(254) + 1).unwrap_or(1);
            let new = [a, b, c, if old.octets() == [a, b, c, host] { host % 254 + 1 } else { host }];
            let mask = |bits: u32| u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or_default();
            let bits = length.map_or(32, u32::from);
            let is_network = old.to_bits() & !mask(bits) == 0;
            let new = Ipv4Addr::from(new).to_bits();
            Ipv4Addr::from_bits(if is_network { new & mask(bits) } else { new }).to_string()
        }
        Ok(IpAddr::V6(old)) => {
            // Shorter columns have no room for all groups.
            let groups = if masker.limit() < IP { 1 } else { 6 };
            let bits = u128::from(stream.bits()) << 64 | u128::from(stream.bits());
            let hash = if groups == 1 { bits & 0xffff } else { bits >> 32 };
            let mask = |bits: u32| u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or_default();
            let bits = length.map_or(128, u32::from);
            let is_network = old.to_bits() & !mask(bits) == 0;
            let new = 0x2001_0db8 << 96 | hash;
            Ipv6Addr::from_bits(if is_network { new & mask(bits) } else { new }).to_string()
        }
        Err(_) => return permute_all(&masker.key, value),
    };
    length.map_or_else(|| found.clone(), |length| format!("{found}/{length}"))
}

/// Permutes the digits of a MAC address. The second digit, which marks groups and local addresses, stays.
pub(super) fn mac(key: &DomainKey, value: &str) -> String {
    let is_mac = |text: &str| matches!(hex_digits(text, ":-."), Some(12 | 16));
    if is_mac(value) { permute_hex(key, value, |number| number != 1) } else { permute_outside(key, value, is_mac) }
}

/// Permutes the digits of a UUID. The digits of its version and variant stay.
pub(super) fn uuid(key: &DomainKey, value: &str) -> String {
    let is_uuid = |text: &str| hex_digits(text, "-{}") == Some(32);
    if is_uuid(value) {
        permute_hex(key, value, |number| number != 12 && number != 16)
    } else {
        permute_outside(key, value, is_uuid)
    }
}

pub(super) fn url(masker: &Masker, value: &str) -> String {
    let room = masker.limit().saturating_sub(URL_BASE).min(URL_CHARACTERS);
    let mut stream = Stream::new(&masker.key, 12, value.as_bytes());
    format!("{BASE}{}", stream.base32(usize::try_from(room).unwrap_or_default()))
}

pub(super) fn user_agent(masker: &Masker, value: &str) -> String {
    let found = Stream::new(&masker.key, 13, value.as_bytes()).pick(USER_AGENTS, value);
    cut(found, usize::try_from(masker.limit()).unwrap_or(usize::MAX))
}
