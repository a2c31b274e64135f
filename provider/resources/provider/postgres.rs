//! The argument `postgres`: the preview server with golden databases and clones.

use std::collections::BTreeMap;

use eod_clients::postgres::{Postgres, PostgresAccess, PostgresAccessError, PostgresSettings, SslMode};
use tfplugin::{Attr, Config, Diags, Model, Path};

use super::ProviderConfig;
use super::databases::{AdvertisedPlace, ProviderPostgres, access_error};
use crate::explain;

/// Name of the program in the list of sessions.
const PROGRAM: &str = "terraform-provider-eod";
/// Database of the sessions that create and remove databases.
const MAINTENANCE: &str = "postgres";
/// Port if none is set.
const DEFAULT_PORT: u16 = 5432;

/// Connection to the PostgreSQL server with golden databases and clones. It is a server for previews, never that of production.
#[derive(Model)]
pub struct PostgresArgs {
    /// Host of the server, or the folder of a Unix socket. Also from `PGHOST`. There is no default.
    pub host: Option<String>,
    /// Port. Also from `PGPORT`. Default: 5432.
    pub port: Option<u64>,
    /// Role with CREATEDB and CREATEROLE that is a member of the owners of the golden databases. Also from `PGUSER`.
    pub user: Option<String>,
    /// Password of the role. Also from `PGPASSWORD`, or the file of `PGPASSFILE`.
    #[tf(sensitive)]
    pub password: Option<String>,
    /// Maintenance database. Runs that create and remove clones at the same time use the same one. Also from `PGDATABASE`. Default:
    /// `postgres`.
    pub database: Option<String>,
    /// `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`, with libpq's meaning. It is also the `sslmode` of the
    /// credentials of clones. Also from `PGSSLMODE`. Default: `prefer`.
    pub sslmode: Option<String>,
    /// Path of a file with trusted certificate authorities, or `system`. Also from `PGSSLROOTCERT`.
    pub sslrootcert: Option<String>,
    /// Path of the client certificate. Also from `PGSSLCERT`.
    pub sslcert: Option<String>,
    /// Path of the key of the client certificate. Also from `PGSSLKEY`.
    pub sslkey: Option<String>,
    /// Host that pods reach the server at. Default: `host`.
    pub advertise_host: Option<String>,
    /// Port that pods reach the server at. Default: `port`.
    pub advertise_port: Option<u64>,
}

/// Mistakes in the argument, if it is known.
pub(super) fn mistakes(config: Config<'_, ProviderConfig>, environment: &BTreeMap<String, String>) -> Diags {
    let Some(block) = config.nested(ProviderConfig::POSTGRES) else { return Diags::new() };
    let empty = explain::empty_strings(block.object(), &ProviderConfig::POSTGRES.path(), &[]);
    if empty.has_errors() {
        return empty;
    }
    let mut diags = Diags::new();
    if let Attr::Known(args) = config.get(ProviderConfig::POSTGRES)
        && let Err(error) = args.access(environment)
    {
        diags.push(access_error(&error));
    }
    if let Attr::Known(port) = block.get(PostgresArgs::ADVERTISE_PORT)
        && port_of(port).is_none()
    {
        let at = Path::from(ProviderConfig::POSTGRES).attribute(PostgresArgs::ADVERTISE_PORT.name());
        diags.push(explain::invalid(at, &format!("expected a number from 1 to 65535, got {port}")));
    }
    diags
}

/// The server of the argument and the environment variables. It is not contacted.
pub(super) fn server(
    config: Config<'_, ProviderConfig>,
    environment: &BTreeMap<String, String>,
) -> Result<ProviderPostgres, Diags> {
    let place = place(config, environment);
    let args = match config.get(ProviderConfig::POSTGRES) {
        Attr::Unknown => return Ok(ProviderPostgres { server: Attr::Unknown, place }),
        Attr::Known(args) => args,
        Attr::Null => {
            // Variables of libpq are often set for other programs, so a mistake in them fails only a call that uses them.
            let server = access(PostgresSettings::default(), environment).map(Postgres::new);
            return Ok(ProviderPostgres { server: Attr::Known(server), place });
        }
    };
    let access = args.access(environment).map_err(|error| Diags::from(access_error(&error)))?;
    Ok(ProviderPostgres { server: Attr::Known(Ok(Postgres::new(access))), place })
}

/// Place at which applications reach the server, as far as it is known.
fn place(config: Config<'_, ProviderConfig>, environment: &BTreeMap<String, String>) -> Attr<AdvertisedPlace> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let (mut host, mut port, mut sslmode) = (Attr::Null, Attr::Null, Attr::Null);
    match config.nested(ProviderConfig::POSTGRES) {
        Some(block) => {
            host = block.get(PostgresArgs::ADVERTISE_HOST).or(block.get(PostgresArgs::HOST));
            port = block.get(PostgresArgs::ADVERTISE_PORT).or(block.get(PostgresArgs::PORT));
            sslmode = block.get(PostgresArgs::SSLMODE);
        }
        None if config.get(ProviderConfig::POSTGRES).is_unknown() => return Attr::Unknown,
        None => {}
    }
    let host = host.or(Attr::from(variable("PGHOST")));
    let port = port.and_then(|port| Attr::from(port_of(port)));
    // Of several ports the first one is that of the first host; several hosts need `advertise_host`.
    let port = port.or(Attr::from(variable("PGPORT").and_then(|port| port.split(',').next()?.trim().parse().ok())));
    let sslmode = sslmode.or(Attr::from(variable("PGSSLMODE"))).or(Attr::Known(SslMode::Prefer.to_string()));
    let place = host.zip(port.or(Attr::Known(DEFAULT_PORT))).zip(sslmode);
    place.map(|((host, port), sslmode)| AdvertisedPlace { host, port, sslmode })
}

fn port_of(port: u64) -> Option<u16> {
    u16::try_from(port).ok().filter(|port| *port != 0)
}

fn access(
    settings: PostgresSettings,
    environment: &BTreeMap<String, String>,
) -> Result<PostgresAccess, PostgresAccessError> {
    let mut settings = settings.or_environment(|name| environment.get(name).cloned())?;
    settings.set("fallback_application_name", PROGRAM)?;
    if !settings.has("dbname") {
        settings.set("dbname", MAINTENANCE)?;
    }
    PostgresAccess::new(&settings)
}

impl PostgresArgs {
    fn access(self, environment: &BTreeMap<String, String>) -> Result<PostgresAccess, PostgresAccessError> {
        let Self {
            host,
            port,
            user,
            password,
            database,
            sslmode,
            sslrootcert,
            sslcert,
            sslkey,
            advertise_host: _,
            advertise_port: _,
        } = self;
        let mut settings = PostgresSettings::default();
        let keywords = [
            ("host", host),
            ("port", port.map(|port| port.to_string())),
            ("user", user),
            ("password", password),
            ("dbname", database),
            ("sslmode", sslmode),
            ("sslrootcert", sslrootcert),
            ("sslcert", sslcert),
            ("sslkey", sslkey),
        ];
        for (keyword, value) in keywords {
            if let Some(value) = value {
                settings.set(keyword, &value)?;
            }
        }
        access(settings, environment)
    }
}
