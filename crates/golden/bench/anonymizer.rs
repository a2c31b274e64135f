//! PostgreSQL Anonymizer: masks a table in place, on a server that has the extension `anon`.

use std::{path::Path, time::Instant};

use eod_testkit::postgres::PostgresServer;

use crate::bench::{
    contestants::{SETTINGS, Servers},
    customers::{INDEXES, TABLE, rows},
};

/// Database that is masked.
const DATABASE: &str = "anonymizer";

/// Rules for the same columns as ours.
const RULES: &str = "\
CREATE EXTENSION anon CASCADE; SELECT anon.init();
SECURITY LABEL FOR anon ON COLUMN app.customers.email IS 'MASKED WITH FUNCTION anon.hash(email)';
SECURITY LABEL FOR anon ON COLUMN app.customers.first_name IS 'MASKED WITH FUNCTION anon.dummy_first_name()';
SECURITY LABEL FOR anon ON COLUMN app.customers.last_name IS 'MASKED WITH FUNCTION anon.dummy_last_name()';
SECURITY LABEL FOR anon ON COLUMN app.customers.phone IS 'MASKED WITH FUNCTION anon.random_phone()';
SECURITY LABEL FOR anon ON COLUMN app.customers.street IS 'MASKED WITH FUNCTION anon.dummy_street_name()';
SECURITY LABEL FOR anon ON COLUMN app.customers.city IS 'MASKED WITH FUNCTION anon.dummy_city_name()';
SECURITY LABEL FOR anon ON COLUMN app.customers.postcode IS 'MASKED WITH FUNCTION anon.random_zip()';
SECURITY LABEL FOR anon ON COLUMN app.customers.born IS 'MASKED WITH FUNCTION anon.random_date()';
SECURITY LABEL FOR anon ON COLUMN app.customers.iban IS 'MASKED WITH FUNCTION anon.hash(iban)';
SECURITY LABEL FOR anon ON COLUMN app.customers.ip IS 'MASKED WITH VALUE NULL';
SECURITY LABEL FOR anon ON COLUMN app.customers.profile IS 'MASKED WITH VALUE NULL'";

/// Seconds on a server of the programs in a `bin` folder, with ANALYZE as for the others.
///
/// # Errors
/// If the server does not start or has no `anon`, or a row stays unmasked.
pub(crate) fn measure(servers: &Servers, programs: &Path, count: u32) -> anyhow::Result<f64> {
    eprintln!("bench: PostgreSQL Anonymizer");
    let settings = [SETTINGS, &[("session_preload_libraries", "anon")]].concat();
    let server = PostgresServer::start_with(programs, &settings).map_err(anyhow::Error::msg)?;
    servers.create(server.port, DATABASE, &[TABLE, &rows(count), INDEXES, "VACUUM (FREEZE, ANALYZE)"])?;
    servers.run(server.port, DATABASE, &[RULES])?;
    servers.run(server.port, "postgres", &["CHECKPOINT"])?;
    let begun = Instant::now();
    servers.run(server.port, DATABASE, &["SELECT anon.anonymize_database()", "ANALYZE app.customers"])?;
    let seconds = begun.elapsed().as_secs_f64();
    servers.check_on(server.port, DATABASE, count)?;
    Ok(seconds)
}
