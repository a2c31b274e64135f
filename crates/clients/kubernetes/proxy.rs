//! Which proxy a server is reached through, when none is configured: the variables that everything else obeys.
//!
//! `HTTPS_PROXY` or `HTTP_PROXY` by the server's scheme, unless `NO_PROXY` names the server: an exact host or
//! address, a domain and everything under it, a network in CIDR form, each with an optional port, or `*`. Loopback
//! is never proxied, as in client-go.

use std::{collections::BTreeMap, net::IpAddr};

use http::Uri;

/// The proxy variables of the environment.
#[derive(Clone, Default)]
pub(super) struct ProxyRules {
    https: Option<String>,
    http: Option<String>,
    exceptions: Vec<String>,
}

impl ProxyRules {
    /// Reads the variables, upper case first.
    pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| {
            let names = [name.to_owned(), name.to_lowercase()];
            names.iter().find_map(|name| environment.get(name)).filter(|value| !value.is_empty()).cloned()
        };
        let exceptions = get("NO_PROXY").unwrap_or_default();
        Self {
            https: get("HTTPS_PROXY"),
            http: get("HTTP_PROXY"),
            exceptions: exceptions.split(',').map(|entry| entry.trim().to_lowercase()).collect(),
        }
    }

    /// The proxy for a server, if it has one.
    pub(super) fn proxy_for(&self, server: &Uri) -> Option<String> {
        let https = server.scheme_str() == Some("https");
        let proxy = if https { self.https.as_ref() } else { self.http.as_ref() }?;
        let host = server.host()?.trim_matches(['[', ']']).to_lowercase();
        let port = server.port_u16().unwrap_or(if https { 443 } else { 80 });
        let address: Option<IpAddr> = host.parse().ok();
        let local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        if local || self.exceptions.iter().any(|entry| excepts(entry, &host, address, port)) {
            return None;
        }
        // A proxy without a scheme is common in these variables and means http.
        Some(if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") })
    }
}

fn excepts(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
        return in_network(network, bits, address).unwrap_or(false);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        // An IPv6 address has colons of its own and no port unless it is in brackets.
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (entry, None),
    };
    let name = name.trim_matches(['[', ']']).trim_start_matches("*.").trim_start_matches('.');
    let same = host == name || (address.is_none() && host.ends_with(&format!(".{name}")));
    same && wanted.is_none_or(|wanted| wanted == port)
}

/// Whether an address is in a network; none when the network is no network.
fn in_network(network: &str, bits: &str, address: IpAddr) -> Option<bool> {
    let network: IpAddr = network.parse().ok()?;
    let bits: u32 = bits.parse().ok()?;
    Some(match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32u32.checked_sub(bits)?).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128u32.checked_sub(bits)?).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests;
