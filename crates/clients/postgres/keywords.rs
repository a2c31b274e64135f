//! Keywords of libpq, and the two forms of a connection string: a URI, or a list of `keyword=value`.

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::access_error::PostgresAccessError;

/// A keyword with its value.
pub(super) type KeywordValue = (&'static str, Zeroizing<String>);

/// A setting of libpq.
struct Keyword {
    name: &'static str,
    /// The environment variable that sets it.
    variable: Option<&'static str>,
    support: Support,
}

/// Support of a setting by this client.
#[derive(Clone, Copy)]
enum Support {
    Full,
    /// Only these values are accepted. They are what this client does anyway.
    Values(&'static [&'static str]),
}

const fn full(name: &'static str, variable: Option<&'static str>) -> Keyword {
    Keyword { name, variable, support: Support::Full }
}

const fn only(name: &'static str, variable: Option<&'static str>, values: &'static [&'static str]) -> Keyword {
    Keyword { name, variable, support: Support::Values(values) }
}

/// All settings of libpq 18.
const KEYWORDS: &[Keyword] = &[
    full("application_name", Some("PGAPPNAME")),
    full("channel_binding", Some("PGCHANNELBINDING")),
    full("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    full("dbname", Some("PGDATABASE")),
    full("fallback_application_name", None),
    full("host", Some("PGHOST")),
    full("hostaddr", Some("PGHOSTADDR")),
    full("options", Some("PGOPTIONS")),
    full("passfile", Some("PGPASSFILE")),
    full("password", Some("PGPASSWORD")),
    full("port", Some("PGPORT")),
    full("sslcert", Some("PGSSLCERT")),
    full("sslkey", Some("PGSSLKEY")),
    full("sslmode", Some("PGSSLMODE")),
    full("sslrootcert", Some("PGSSLROOTCERT")),
    full("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    full("user", Some("PGUSER")),
    only("client_encoding", Some("PGCLIENTENCODING"), &["UTF8", "utf8", "UTF-8", "utf-8", "auto"]),
    only("gssdelegation", Some("PGGSSDELEGATION"), &["0"]),
    only("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    only("gsslib", Some("PGGSSLIB"), &[]),
    only("keepalives", None, &["1"]),
    only("keepalives_count", None, &[]),
    only("keepalives_idle", None, &[]),
    only("keepalives_interval", None, &[]),
    only("krbsrvname", Some("PGKRBSRVNAME"), &["postgres"]),
    only("load_balance_hosts", Some("PGLOADBALANCEHOSTS"), &["disable"]),
    only("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), &["3.0", "3.2", "latest"]),
    only("min_protocol_version", Some("PGMINPROTOCOLVERSION"), &["3.0"]),
    only("oauth_client_id", None, &[]),
    only("oauth_client_secret", None, &[]),
    only("oauth_issuer", None, &[]),
    only("oauth_scope", None, &[]),
    only("replication", None, &["0", "false", "no", "off"]),
    only("require_auth", Some("PGREQUIREAUTH"), &[]),
    only("requirepeer", Some("PGREQUIREPEER"), &[]),
    only("requiressl", Some("PGREQUIRESSL"), &["0"]),
    only("scram_client_key", None, &[]),
    only("scram_server_key", None, &[]),
    only("service", Some("PGSERVICE"), &[]),
    only("servicefile", None, &[]),
    only("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), &["TLSv1.3"]),
    only("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    only("sslcertmode", Some("PGSSLCERTMODE"), &["allow"]),
    only("sslcompression", Some("PGSSLCOMPRESSION"), &["0"]),
    only("sslcrl", Some("PGSSLCRL"), &[]),
    only("sslcrldir", Some("PGSSLCRLDIR"), &[]),
    only("sslkeylogfile", None, &[]),
    only("sslnegotiation", Some("PGSSLNEGOTIATION"), &["postgres"]),
    only("sslpassword", None, &[]),
    only("sslsni", Some("PGSSLSNI"), &["1"]),
    only("tcp_user_timeout", None, &["0"]),
];

/// Reads a connection string: a URI if it begins with `postgres://` or `postgresql://`.
pub(super) fn parse(text: &str) -> Result<Vec<KeywordValue>, PostgresAccessError> {
    let text = text.trim();
    match ["postgresql://", "postgres://"].iter().find_map(|scheme| text.strip_prefix(scheme)) {
        Some(rest) => uri(rest),
        None => list(text),
    }
}

/// Settings of environment variables. Empty variables count as not set.
pub(super) fn environment(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<KeywordValue>, PostgresAccessError> {
    let mut pairs = Vec::new();
    for keyword in KEYWORDS {
        let Some(name) = keyword.variable else { continue };
        let Some(value) = variable(name).filter(|value| !value.is_empty()).map(Zeroizing::new) else { continue };
        if accepted(keyword, &value).map_err(|_| PostgresAccessError::Unsupported { name })? {
            pairs.push((keyword.name, value));
        }
    }
    Ok(pairs)
}

/// The environment variable of a keyword.
pub(super) fn variable_of(keyword: &str) -> Option<&'static str> {
    KEYWORDS.iter().find(|known| known.name == keyword)?.variable
}

/// Checks one keyword with its value; none if the value has no effect.
pub(super) fn checked(
    name: &str,
    value: Zeroizing<String>,
    position: usize,
) -> Result<Option<KeywordValue>, PostgresAccessError> {
    let keyword = KEYWORDS.iter().find(|keyword| keyword.name == name);
    let keyword = keyword.ok_or(PostgresAccessError::UnknownKeyword { position })?;
    Ok(accepted(keyword, &value)?.then_some((keyword.name, value)))
}

/// True if the setting has an effect here, false if it has none.
fn accepted(keyword: &Keyword, value: &str) -> Result<bool, PostgresAccessError> {
    match keyword.support {
        Support::Full => Ok(true),
        Support::Values(values) if value.is_empty() || values.contains(&value) => Ok(false),
        Support::Values(_) => Err(PostgresAccessError::Unsupported { name: keyword.name }),
    }
}

/// `[user[:password]@][host[:port],...][/database][?keyword=value&...]`, percent-encoded.
fn uri(rest: &str) -> Result<Vec<KeywordValue>, PostgresAccessError> {
    let (main, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = main.split_once('/').unwrap_or((main, ""));
    let (login, places) = match authority.rsplit_once('@') {
        Some((login, places)) => (Some(login), places),
        None => (None, authority),
    };
    let mut pairs = Vec::new();
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        pairs.extend(filled("user", decode(user)?));
        if let Some(password) = password {
            pairs.extend(filled("password", decode(password)?));
        }
    }
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in places.split(',') {
        let (host, port) = host_and_port(place)?;
        hosts.push(decode(host)?.to_string());
        ports.push(decode(port)?.to_string());
    }
    pairs.extend(filled("host", Zeroizing::new(hosts.join(","))).filter(|_| hosts.iter().any(|host| !host.is_empty())));
    if ports.iter().any(|port| !port.is_empty()) {
        pairs.push(("port", Zeroizing::new(ports.join(","))));
    }
    pairs.extend(filled("dbname", decode(database)?));
    for (at, parameter) in parameters.split('&').filter(|parameter| !parameter.is_empty()).enumerate() {
        let (name, value) =
            parameter.split_once('=').ok_or(PostgresAccessError::BadUri { problem: "a parameter has no `=`" })?;
        // The form of JDBC.
        if (name, value) == ("ssl", "true") {
            pairs.push(("sslmode", Zeroizing::new("require".to_owned())));
        } else {
            pairs.extend(checked(name, decode(value)?, at + 1)?);
        }
    }
    Ok(pairs)
}

fn host_and_port(place: &str) -> Result<(&str, &str), PostgresAccessError> {
    if let Some(rest) = place.strip_prefix('[') {
        let bad = PostgresAccessError::BadUri { problem: "an IPv6 address has no closing `]`" };
        let (host, rest) = rest.split_once(']').ok_or(bad)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err(PostgresAccessError::BadUri { problem: "text follows an IPv6 address" }),
        };
    }
    Ok(place.rsplit_once(':').unwrap_or((place, "")))
}

fn filled(name: &'static str, value: Zeroizing<String>) -> Option<KeywordValue> {
    (!value.is_empty()).then_some((name, value))
}

fn decode(text: &str) -> Result<Zeroizing<String>, PostgresAccessError> {
    let bad = |problem| PostgresAccessError::BadUri { problem };
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let digits = rest.get(at + 1..at + 3).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        digits.ok_or_else(|| bad("`%` must be followed by two hexadecimal digits"))?;
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| bad("a decoded part is not UTF-8"))?;
    if decoded.contains('\0') {
        return Err(bad("a part contains the character NUL"));
    }
    Ok(Zeroizing::new(decoded.into_owned()))
}

/// `keyword = value ...`; values may be in single quotes, and `\` escapes the next character.
fn list(text: &str) -> Result<Vec<KeywordValue>, PostgresAccessError> {
    let bad = |problem| PostgresAccessError::BadList { problem };
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    let mut position = 0;
    while !rest.is_empty() {
        position += 1;
        let (name, after) = rest.split_once('=').ok_or_else(|| bad("a keyword has no `=`"))?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(bad("a keyword has no `=`"));
        }
        let after = after.trim_start();
        let mut value = Zeroizing::new(String::new());
        let quoted = after.starts_with('\'');
        let mut characters = after.char_indices().skip(usize::from(quoted));
        let mut end = after.len();
        let mut closed = !quoted;
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => value.push(characters.next().ok_or_else(|| bad("the last character is a `\\`"))?.1),
                '\'' if quoted => {
                    (end, closed) = (at + 1, true);
                    break;
                }
                space if space.is_whitespace() && !quoted => {
                    end = at;
                    break;
                }
                other => value.push(other),
            }
        }
        if !closed {
            return Err(bad("a value has no closing quote"));
        }
        pairs.extend(checked(name, value, position)?);
        rest = after.get(end..).unwrap_or_default().trim_start();
    }
    Ok(pairs)
}
