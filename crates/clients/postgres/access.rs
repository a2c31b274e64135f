//! Connection settings: gathered as texts by [`PostgresSettings`], checked by [`PostgresAccess`].

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use secrecy::SecretString;
use strum::VariantNames;
use zeroize::Zeroizing;

use super::{
    access_error::PostgresAccessError,
    keywords,
    modes::{BindingMode, SessionAttributes, SslMode},
};
use crate::server::{AddressOrigin, ServerAddress};

/// Port if none is set.
const DEFAULT_PORT: u16 = 5432;
/// Limit of one attempt to connect if `connect_timeout` is not set. libpq has none, but a server that does not respond
/// would use up the deadline of the operation before the next host is tried.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of a connection by the keywords of libpq, not checked yet. Nothing of them is printed.
#[derive(Clone, Default)]
pub struct PostgresSettings {
    values: BTreeMap<&'static str, Zeroizing<String>>,
    /// Origin of the host.
    origin: AddressOrigin,
    /// Home folder, for the default files of libpq in `.postgresql`.
    home: Option<PathBuf>,
}

/// Checked settings.
#[derive(Clone)]
pub struct PostgresAccess {
    pub(super) hosts: Vec<PostgresHost>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) tls: TlsSettings,
    pub(super) channel_binding: BindingMode,
    pub(super) options: String,
    pub(super) program: String,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) attributes: SessionAttributes,
    origin: AddressOrigin,
}

/// A host to try.
#[derive(Clone, Debug)]
pub(super) struct PostgresHost {
    /// Name for the certificate and the password file.
    pub(super) name: String,
    pub(super) place: HostPlace,
    pub(super) port: u16,
}

/// Address of a host.
#[derive(Clone, Debug)]
pub(super) enum HostPlace {
    /// An address, or a name to resolve.
    Tcp(String),
    /// Folder of a Unix socket.
    Unix(PathBuf),
}

/// Settings of TLS.
#[derive(Clone, Debug)]
pub(super) struct TlsSettings {
    pub(super) mode: SslMode,
    /// Certificates of trusted authorities; none for `~/.postgresql/root.crt` if it exists.
    pub(super) roots: Option<TrustedRoots>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// The folder `~/.postgresql`.
    pub(super) defaults: Option<PathBuf>,
}

/// Value of `sslrootcert`.
#[derive(Clone, Debug)]
pub(super) enum TrustedRoots {
    System,
    File(PathBuf),
}

impl PostgresSettings {
    /// Reads a connection string: a URI, or a list of `keyword=value`.
    ///
    /// # Errors
    ///
    /// The text is not valid, or contains a keyword that is not supported.
    pub fn parse(text: &str) -> Result<Self, PostgresAccessError> {
        let values = keywords::parse(text)?.into_iter().collect();
        Ok(Self { values, ..Self::default() })
    }

    /// Sets one keyword. An empty value counts as not set.
    ///
    /// # Errors
    ///
    /// The keyword does not exist, or is not supported.
    pub fn set(&mut self, keyword: &str, value: &str) -> Result<(), PostgresAccessError> {
        if let Some((keyword, value)) = keywords::checked(keyword, Zeroizing::new(value.to_owned()), 1)? {
            self.values.insert(keyword, value);
        }
        Ok(())
    }

    /// Replaces settings that are not set with the variables `PG*`, and takes the home folder from `HOME`.
    ///
    /// # Errors
    ///
    /// A variable sets something that is not supported.
    pub fn or_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, PostgresAccessError> {
        for (keyword, value) in keywords::environment(&variable)? {
            // A host from the environment must not replace an address from the settings.
            let others = match keyword {
                "host" => "hostaddr",
                "hostaddr" => "host",
                other => other,
            };
            let is_set = |keyword: &str| self.value(keyword).is_some();
            let from_here = matches!(self.origin, AddressOrigin::Variable(_));
            if is_set(keyword) || (others != keyword && is_set(others) && !from_here) {
                continue;
            }
            if others != keyword
                && let Some(name) = keywords::variable_of(keyword)
            {
                self.origin = AddressOrigin::Variable(name);
            }
            self.values.insert(keyword, value);
        }
        self.home = variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        Ok(self)
    }

    /// True if a keyword is set. A caller can refuse a password in a place that others can read.
    pub fn has(&self, keyword: &str) -> bool {
        self.value(keyword).is_some()
    }

    fn value(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    fn text(&self, keyword: &str) -> Option<String> {
        self.value(keyword).map(str::to_owned)
    }

    fn file(&self, keyword: &str) -> Option<PathBuf> {
        self.value(keyword).map(PathBuf::from)
    }
}

impl PostgresAccess {
    /// Checks settings. Reads no file.
    ///
    /// # Errors
    ///
    /// The first mistake.
    pub fn new(settings: &PostgresSettings) -> Result<Self, PostgresAccessError> {
        let hosts = hosts(settings)?;
        let user = settings.text("user").ok_or(PostgresAccessError::Missing { keyword: "user" })?;
        let defaults = settings.home.as_ref().map(|home| home.join(".postgresql"));
        let roots = settings.value("sslrootcert").map(|value| match value {
            "system" => TrustedRoots::System,
            file => TrustedRoots::File(file.into()),
        });
        let mode = ssl_mode(choice(settings, "sslmode")?, matches!(roots, Some(TrustedRoots::System)))?;
        let has_names = settings.value("host").is_some();
        if mode == SslMode::VerifyFull && !has_names {
            return Err(PostgresAccessError::Missing { keyword: "host" });
        }
        let tls =
            TlsSettings { mode, roots, certificate: settings.file("sslcert"), key: settings.file("sslkey"), defaults };
        let password_file =
            settings.file("passfile").or_else(|| settings.home.as_ref().map(|home| home.join(".pgpass")));
        let program = settings.text("application_name").or_else(|| settings.text("fallback_application_name"));
        Ok(Self {
            hosts,
            database: settings.text("dbname").unwrap_or_else(|| user.clone()),
            user,
            password: settings.value("password").map(SecretString::from),
            password_file,
            tls,
            channel_binding: choice(settings, "channel_binding")?.unwrap_or(BindingMode::Prefer),
            options: settings.text("options").unwrap_or_default(),
            program: program.unwrap_or_else(|| "eod".to_owned()),
            connect_timeout: connect_timeout(settings.value("connect_timeout"))?,
            attributes: choice(settings, "target_session_attrs")?.unwrap_or(SessionAttributes::Any),
            origin: settings.origin.clone(),
        })
    }

    /// Name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// These settings with another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// These settings with another login, which has a password and no client certificate.
    #[must_use]
    pub fn with_login(&self, user: impl Into<String>, password: &str) -> Self {
        let mut access = self.clone();
        access.user = user.into();
        access.password = Some(SecretString::from(password));
        access.password_file = None;
        access.tls.certificate = None;
        access.tls.key = None;
        access.tls.defaults = None;
        access
    }

    /// Address of one host for errors.
    pub(super) fn address_of(&self, host: &PostgresHost) -> ServerAddress {
        ServerAddress { server: "PostgreSQL", url: Some(host.to_string()), origin: self.origin.clone() }
    }
}

fn hosts(settings: &PostgresSettings) -> Result<Vec<PostgresHost>, PostgresAccessError> {
    let values = |keyword| -> Vec<&str> {
        settings.value(keyword).map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (values("host"), values("hostaddr"), values("port"));
    let count = names.len().max(addresses.len());
    if count == 0 {
        return Err(PostgresAccessError::Missing { keyword: "host" });
    }
    let fits = |keyword, length, least| {
        if length == count || length == least { Ok(()) } else { Err(PostgresAccessError::Counts { keyword }) }
    };
    fits("host", names.len(), 0)?;
    fits("hostaddr", addresses.len(), 0)?;
    fits("port", ports.len(), ports.len().min(1))?;
    let mut hosts = Vec::new();
    for at in 0..count {
        let name = names.get(at).copied().filter(|name| !name.is_empty());
        let address = addresses.get(at).copied().filter(|address| !address.is_empty());
        let port = ports.get(at).or(ports.first().filter(|_| ports.len() == 1)).copied().unwrap_or_default();
        let port = match port {
            "" => DEFAULT_PORT,
            text => text
                .parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(PostgresAccessError::BadValue { keyword: "port", expected: "a number from 1 to 65535" })?,
        };
        let place = match (address, name) {
            (Some(address), _) => {
                let bad = PostgresAccessError::BadValue { keyword: "hostaddr", expected: "an IP address" };
                HostPlace::Tcp(address.parse::<IpAddr>().map_err(|_| bad)?.to_string())
            }
            (None, Some(folder)) if folder.starts_with('/') => HostPlace::Unix(folder.into()),
            (None, Some(name)) => HostPlace::Tcp(name.to_owned()),
            (None, None) => return Err(PostgresAccessError::Missing { keyword: "host" }),
        };
        let name = name.or(address).unwrap_or_default().to_owned();
        hosts.push(PostgresHost { name, place, port });
    }
    Ok(hosts)
}

fn ssl_mode(value: Option<SslMode>, system: bool) -> Result<SslMode, PostgresAccessError> {
    let mode = value.unwrap_or(if system { SslMode::VerifyFull } else { SslMode::Prefer });
    if system && mode != SslMode::VerifyFull { Err(PostgresAccessError::WeakSystem) } else { Ok(mode) }
}

/// Reads a setting with a closed list of values.
fn choice<T: FromStr + VariantNames>(
    settings: &PostgresSettings,
    keyword: &'static str,
) -> Result<Option<T>, PostgresAccessError> {
    let bad = |_| PostgresAccessError::BadChoice { keyword, supported: T::VARIANTS };
    settings.value(keyword).map(|value| value.parse().map_err(bad)).transpose()
}

/// Limit of one attempt; none if 0 or a negative number is set, as in libpq.
fn connect_timeout(value: Option<&str>) -> Result<Option<Duration>, PostgresAccessError> {
    let Some(text) = value else { return Ok(Some(DEFAULT_CONNECT_TIMEOUT)) };
    let bad = PostgresAccessError::BadValue { keyword: "connect_timeout", expected: "a number of seconds" };
    let seconds: i64 = text.trim().parse().map_err(|_| bad)?;
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

impl PostgresHost {
    /// True for a Unix socket.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.place, HostPlace::Unix(_))
    }

    /// Path of the socket in its folder.
    pub(super) fn socket(&self, folder: &Path) -> PathBuf {
        folder.join(format!(".s.PGSQL.{}", self.port))
    }
}

impl fmt::Display for PostgresHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            HostPlace::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            HostPlace::Tcp(host) => write!(f, "{host}:{}", self.port),
            HostPlace::Unix(folder) => self.socket(folder).display().fmt(f),
        }
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings").field("keywords", &self.values.keys()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PostgresAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        f.debug_struct("PostgresAccess")
            .field("hosts", &hosts)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
