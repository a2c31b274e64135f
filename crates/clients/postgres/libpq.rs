//! Settings as the environment of programs that use libpq, such as `pg_dump`.

use std::path::Path;

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::access::{HostPlace, PostgresAccess, PostgresHost, TrustedRoots};

/// Variables of libpq with their values. A password is one of them.
pub type LibpqEnvironment = Vec<(&'static str, Zeroizing<String>)>;

impl PostgresAccess {
    /// Variables `PG*` with these settings. A program gets them as its environment, which other users cannot read; on its
    /// command line every user could read them.
    pub fn libpq_environment(&self) -> LibpqEnvironment {
        let mut found: LibpqEnvironment = Vec::new();
        let mut set = |name, value: String| {
            if !value.is_empty() {
                found.push((name, Zeroizing::new(value)));
            }
        };
        let list = |text: &dyn Fn(&PostgresHost) -> String| self.hosts.iter().map(text).collect::<Vec<_>>().join(",");
        let text = |path: &Path| path.display().to_string();
        set(
            "PGHOST",
            list(&|host| match &host.place {
                HostPlace::Unix(folder) => text(folder),
                HostPlace::Tcp(_) => host.name.clone(),
            }),
        );
        // The name is that of the certificate; the address is where the connection goes.
        let address = |host: &PostgresHost| match &host.place {
            HostPlace::Tcp(address) if *address != host.name => address.clone(),
            _ => String::new(),
        };
        if self.hosts.iter().any(|host| !address(host).is_empty()) {
            set("PGHOSTADDR", list(&address));
        }
        set("PGPORT", list(&|host| host.port.to_string()));
        set("PGUSER", self.user.clone());
        set("PGDATABASE", self.database.clone());
        set("PGAPPNAME", self.program.clone());
        set("PGOPTIONS", self.options.clone());
        set("PGSSLMODE", self.tls.mode.to_string());
        match &self.tls.roots {
            Some(TrustedRoots::System) => set("PGSSLROOTCERT", "system".to_owned()),
            Some(TrustedRoots::File(file)) => set("PGSSLROOTCERT", text(file)),
            None => {}
        }
        set("PGSSLCERT", self.tls.certificate.as_deref().map(text).unwrap_or_default());
        set("PGSSLKEY", self.tls.key.as_deref().map(text).unwrap_or_default());
        set("PGCHANNELBINDING", self.channel_binding.to_string());
        set("PGTARGETSESSIONATTRS", self.attributes.to_string());
        let seconds = self.connect_timeout.map_or(0, |limit| limit.as_secs().max(2));
        set("PGCONNECT_TIMEOUT", seconds.to_string());
        set("PGPASSFILE", self.password_file.as_deref().map(text).unwrap_or_default());
        set(
            "PGPASSWORD",
            self.password.as_ref().map(|password| password.expose_secret().to_owned()).unwrap_or_default(),
        );
        found
    }

    /// Hosts, ports and database, for messages and reports. It contains neither user nor password.
    pub fn described(&self) -> String {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        format!("{}/{}", hosts.join(","), self.database)
    }
}

#[cfg(test)]
mod tests;
