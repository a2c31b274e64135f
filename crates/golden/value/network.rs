//! Binary form of addresses and of other groups of bytes.

use std::net::IpAddr;

/// Address family of IPv4 in the binary form.
const IPV4: u8 = 2;
/// Address family of IPv6.
const IPV6: u8 = 3;

/// Text of a UUID.
pub(super) fn uuid_text(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Text of a MAC address of 6 or 8 bytes.
pub(super) fn mac_text(bytes: &[u8]) -> Option<String> {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    matches!(bytes.len(), 6 | 8).then(|| parts.join(":"))
}

/// Text of an address: family, length of the network, true for `cidr`, number of bytes, bytes.
pub(super) fn inet_text(bytes: &[u8]) -> Option<String> {
    let (&[family, bits, is_cidr, length], address) = bytes.split_first_chunk()?;
    let address: IpAddr = match (family, length) {
        (IPV4, 4) => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        (IPV6, 16) => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    let whole = 8 * length;
    if bits > whole {
        return None;
    }
    Some(if bits == whole && is_cidr == 0 { address.to_string() } else { format!("{address}/{bits}") })
}

/// Binary form of an address with or without the length of its network.
pub(super) fn inet_bytes(text: &str, is_cidr: bool) -> Option<Vec<u8>> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (family, address) = match address.parse().ok()? {
        IpAddr::V4(address) => (IPV4, address.octets().to_vec()),
        IpAddr::V6(address) => (IPV6, address.octets().to_vec()),
    };
    let length = u8::try_from(address.len()).ok()?;
    let bits = bits.unwrap_or(8 * length);
    if bits > 8 * length {
        return None;
    }
    Some([&[family, bits, u8::from(is_cidr), length], address.as_slice()].concat())
}

/// Bytes of hexadecimal digits.
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
