//! Advice about PostgreSQL: settings of the server, refused logins and missing privileges.

use eod_clients::Error;
use eod_clients::postgres::{
    MissingPrivilege, PostgresAccessError, PostgresConnectError, PostgresFailure, PostgresPrivilege,
};

pub(super) fn hint(error: &Error) -> Option<String> {
    if error.system != "PostgreSQL" {
        return None;
    }
    let connect = error.cause::<PostgresConnectError>().and_then(connect);
    connect.map(str::to_owned).or_else(|| error.cause::<PostgresFailure>().and_then(failure))
}

fn connect(error: &PostgresConnectError) -> Option<&'static str> {
    Some(match error {
        PostgresConnectError::ChannelBinding => "unset PGCHANNELBINDING, or enable TLS and SCRAM at the server",
        PostgresConnectError::File { .. } | PostgresConnectError::BadFile { .. } => {
            "check `postgres.sslrootcert`, `postgres.sslcert` and `postgres.sslkey`"
        }
        PostgresConnectError::ClientCertificate { .. } | PostgresConnectError::HalfCertificate => {
            "set `postgres.sslcert` and `postgres.sslkey` to a certificate and its key"
        }
        PostgresConnectError::Exposed { .. } => "restrict the file: `chmod 0600 FILE`",
        PostgresConnectError::NoPassword => "set `postgres.password` in the provider block, or PGPASSWORD",
        PostgresConnectError::NoAuthority => "set `postgres.sslrootcert` to the certificate authority of the server",
        PostgresConnectError::Revocations { .. } => "remove the list, or set `postgres.sslrootcert`",
        PostgresConnectError::OldServer { .. } => "use a newer preview server",
        PostgresConnectError::Pooler => {
            "set `postgres.host` and `postgres.port` to the server itself; applications may use the pooler with \
             `postgres.advertise_host`"
        }
        PostgresConnectError::NoTls => "enable TLS at the server, or choose another `postgres.sslmode`",
        PostgresConnectError::NoSystemAuthorities => "install the certificate authorities of the system",
        PostgresConnectError::Attributes { .. } => "unset PGTARGETSESSIONATTRS, and set `postgres.host` to a primary",
        PostgresConnectError::Protocol(_) => return None,
    })
}

fn failure(failure: &PostgresFailure) -> Option<String> {
    if let Some(missing) = &failure.missing {
        return Some(grant(missing));
    }
    match failure.sqlstate.as_str() {
        "25006" => Some("set `postgres.host` to the primary: a standby has no clones".to_owned()),
        state if state.starts_with("28") => Some(
            "check `postgres.user` and `postgres.password` (PGUSER, PGPASSWORD), and pg_hba.conf of the server"
                .to_owned(),
        ),
        "3D000" => Some("check `postgres.database` (PGDATABASE), which is the maintenance database".to_owned()),
        "53100" => Some("free space on the disk of the server, then run again".to_owned()),
        "53300" => Some("raise `max_connections` of the server, or lower `-parallelism`".to_owned()),
        _ => None,
    }
}

/// Statement that gives a missing privilege.
fn grant(missing: &MissingPrivilege) -> String {
    let MissingPrivilege { privilege, object_kind, object } = missing;
    let role = "<role of the provider>";
    let statement = match privilege {
        PostgresPrivilege::CreateDatabase => format!("ALTER ROLE {role} CREATEDB"),
        PostgresPrivilege::CreateRole => format!("ALTER ROLE {role} CREATEROLE"),
        PostgresPrivilege::Membership => format!("GRANT \"{object}\" TO {role} WITH ADMIN OPTION"),
        PostgresPrivilege::Owner => {
            return format!(
                "make the role of the provider a member of the owner of {object_kind} \"{object}\"; \
                 `eod mask golden publish` grants the owners of golden databases to its own role"
            );
        }
        PostgresPrivilege::Superuser => {
            return "only a superuser may do this; change the object as superuser".to_owned();
        }
        other => {
            let word = format!("{other:?}").to_uppercase();
            format!("GRANT {word} ON {} \"{object}\" TO {role}", object_kind.to_uppercase())
        }
    };
    format!("run `{statement}` as an administrator of the server")
}

/// Attribute of the argument `postgres` that an error is about.
pub(crate) fn attribute(error: &PostgresAccessError) -> Option<&'static str> {
    let keyword = match error {
        PostgresAccessError::BadValue { keyword, .. }
        | PostgresAccessError::BadChoice { keyword, .. }
        | PostgresAccessError::Counts { keyword }
        | PostgresAccessError::Missing { keyword } => *keyword,
        PostgresAccessError::WeakSystem => "sslmode",
        PostgresAccessError::BadUri { .. }
        | PostgresAccessError::BadList { .. }
        | PostgresAccessError::UnknownKeyword { .. }
        | PostgresAccessError::Unsupported { .. } => return None,
    };
    let known = ["host", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey"];
    let is_database = keyword == "dbname";
    if is_database { Some("database") } else { known.into_iter().find(|name| *name == keyword) }
}

/// Advice about a mistake in the argument `postgres` or in the environment variables that replace it.
pub(crate) fn access(error: &PostgresAccessError) -> String {
    match error {
        PostgresAccessError::Missing { keyword: "host" } => {
            "set `postgres.host` in the provider block, or PGHOST".to_owned()
        }
        PostgresAccessError::Missing { keyword: "user" } => {
            "set `postgres.user` in the provider block, or PGUSER".to_owned()
        }
        PostgresAccessError::Unsupported { name } => format!("unset {name}"),
        PostgresAccessError::WeakSystem => "set `postgres.sslmode = \"verify-full\"`".to_owned(),
        error => match attribute(error) {
            Some(attribute) => {
                format!("correct `postgres.{attribute}`, or the variable of libpq that replaces it (`PG...`)")
            }
            None => "correct the argument `postgres`, or the variables of libpq (`PG...`)".to_owned(),
        },
    }
}
