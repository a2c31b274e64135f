//! Proxy variables of the environment, for servers without a configured proxy.
//!
//! `HTTPS_PROXY` or `HTTP_PROXY` applies by the scheme of the server, unless `NO_PROXY` names the server: a host, an
//! address, a domain with everything below it, a network in CIDR notation, or `*`. Entries may have a port. As in
//! client-go, loopback addresses never use a proxy.

use std::{collections::BTreeMap, net::IpAddr};

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy variables of the environment.
#[derive(Clone, Default)]
pub(super) struct ProxyRules {
    https: Option<String>,
    http: Option<String>,
    exceptions: String,
}

impl ProxyRules {
    /// Reads the variables; upper case names have priority.
    pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| {
            let names = [name.to_owned(), name.to_lowercase()];
            names.iter().find_map(|name| environment.get(name)).filter(|value| !value.is_empty()).cloned()
        };
        Self { https: get("HTTPS_PROXY"), http: get("HTTP_PROXY"), exceptions: get("NO_PROXY").unwrap_or_default() }
    }

    /// The URL of the proxy for a server, if there is one.
    pub(super) fn proxy_for(&self, server: &Uri) -> Option<String> {
        let https = server.scheme_str() == Some("https");
        let proxy = if https { self.https.as_ref() } else { self.http.as_ref() }?;
        let host = server.host()?.trim_matches(['[', ']']);
        let port = server.port_u16().unwrap_or(if https { 443 } else { 80 });
        let loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if loopback || host.eq_ignore_ascii_case("localhost") || self.excepts(server, port) {
            return None;
        }
        // A proxy without a scheme is common in these variables and means http.
        Some(if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") })
    }

    fn excepts(&self, server: &Uri, port: u16) -> bool {
        let entries: Vec<&str> = self.exceptions.split(',').filter_map(|entry| host_of(entry.trim(), port)).collect();
        // The matcher decides about the exceptions only, so any proxy can be used.
        let matcher = Matcher::builder().all("http://proxy").no(entries.join(",")).build();
        matcher.intercept(server).is_none()
    }
}

/// The host of an entry of `NO_PROXY`; `None` if the entry is for another port. The matcher supports neither ports nor
/// `*.example.com`.
fn host_of(entry: &str, port: u16) -> Option<&str> {
    let (host, only) = match entry.rsplit_once(':') {
        // An IPv6 address contains colons; it has a port only after brackets.
        Some((host, digits)) if !host.contains(':') || host.ends_with(']') => (host, digits.parse::<u16>().ok()),
        _ => (entry, None),
    };
    let host = host.trim_matches(['[', ']']);
    only.is_none_or(|only| only == port).then(|| host.strip_prefix('*').filter(|rest| !rest.is_empty()).unwrap_or(host))
}

#[cfg(test)]
mod tests;
