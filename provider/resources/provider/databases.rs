//! [`ProviderPostgres`]: the PostgreSQL server of the provider block, and the clones on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use eod_clients::Deadline;
use eod_clients::postgres::{Postgres, PostgresAccessError};
use eod_snapshot::{CloneName, CloneServer, InspectedClone};
use futures::lock::Mutex;
use tfplugin::{Attr, Diag, Path};

use super::{Context, ProviderConfig};
use crate::explain;

/// All clones of the installation by name.
pub(crate) type Clones = BTreeMap<CloneName, InspectedClone>;

/// PostgreSQL server of the provider.
pub(super) struct ProviderPostgres {
    /// The server, or the reason that the environment variables do not describe one.
    pub(super) server: Attr<Result<Postgres, PostgresAccessError>>,
    /// Place at which applications reach the server; null if no host is set.
    pub(super) place: Attr<AdvertisedPlace>,
}

/// Place at which applications reach the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AdvertisedPlace {
    /// Host.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// `sslmode` of the credentials.
    pub(crate) sslmode: String,
}

impl AdvertisedPlace {
    /// True if the host is one name or address, and not a list or the folder of a Unix socket.
    pub(crate) fn is_one_host(&self) -> bool {
        !self.host.is_empty() && !self.host.starts_with('/') && !self.host.contains(',')
    }
}

/// Clones that this process has read. Terraform refreshes with a process of its own, so one query is enough for all of them.
#[derive(Default)]
pub(super) struct CloneReadings(Mutex<Option<Arc<Clones>>>);

impl Context {
    /// The PostgreSQL server.
    ///
    /// # Errors
    /// The provider block is not known yet, or no server is configured.
    pub(crate) fn postgres(&self) -> Result<&Postgres, Diag> {
        match &self.postgres.server {
            Attr::Known(Ok(server)) => Ok(server),
            Attr::Known(Err(error)) => Err(access_error(error)),
            Attr::Null | Attr::Unknown => Err(unknown_postgres_error()),
        }
    }

    /// True if the PostgreSQL server is known.
    pub(crate) fn is_postgres_known(&self) -> bool {
        !self.postgres.server.is_unknown()
    }

    /// Place at which applications reach the server. Null if no host is set; then the first call fails.
    pub(crate) fn advertised(&self) -> Attr<&AdvertisedPlace> {
        self.postgres.place.as_ref()
    }

    /// All clones of the installation, read once per process.
    ///
    /// # Errors
    /// The server is not known, or cannot be read.
    pub(crate) async fn clones(&self, deadline: &Deadline) -> Result<Arc<Clones>, Diag> {
        let (server, installation) = (self.postgres()?, self.installation()?);
        let remote = |error: eod_clients::Error| explain::remote(&error);
        let interrupted = |reason: eod_clients::deadline::Interruption| {
            let error = eod_clients::Error::new("PostgreSQL", "read", "the clones", reason.into());
            remote(error.because(reason))
        };
        let mut read = deadline.run(self.clones.0.lock()).await.map_err(interrupted)?;
        if let Some(clones) = &*read {
            return Ok(Arc::clone(clones));
        }
        let mut session = CloneServer::connect(server, installation, deadline).await.map_err(remote)?;
        let clones = Arc::new(session.inspect(deadline).await.map_err(remote)?);
        *read = Some(Arc::clone(&clones));
        Ok(clones)
    }
}

/// The error for a call that needs an argument that is not known yet.
fn unknown_postgres_error() -> Diag {
    Diag::error("PostgreSQL is not known yet")
        .detail(
            "The argument `postgres` of the provider depends on a value that is known only after apply, and no other server is \
             used instead.",
        )
        .hint("first apply the resources that the argument depends on, with `-target` or in a separate configuration")
        .at(ProviderConfig::POSTGRES)
}

/// The diagnostic of a mistake in the argument, or in the variables that replace it.
pub(super) fn access_error(error: &PostgresAccessError) -> Diag {
    let path = Path::from(ProviderConfig::POSTGRES);
    let path = match explain::postgres::attribute(error) {
        Some(attribute) => path.attribute(attribute),
        None => path,
    };
    Diag::error("Invalid access to PostgreSQL").cause(error).hint(explain::postgres::access(error)).at(path)
}
