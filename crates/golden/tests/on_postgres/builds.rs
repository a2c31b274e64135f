//! Builds from a source on another server, as a superuser and as a role with CREATEDB and CREATEROLE.

mod canaries;
mod disarmed;
mod full_disk;
mod kill;
mod logs;
mod refused;
mod result;
mod schema;
mod secrets;
mod standby;
mod statement_kind;
mod statement_proxy;
mod statements;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use eod_clients::postgres::Postgres;
use eod_masking::{MaskingKey, MaskingPolicy, TableName};
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers};

use super::{client, client_named, deadline, policy, run, shop};
use crate::{
    BuildError, BuildProgress, BuildReport, BuildRequest, BuildSettings, BuildStep, GoldenBuild, GoldenName,
    GoldenServer, PublishReport, PublishSettings, ToolSearch,
};

/// Role that reads the source: it cannot write, and it is not a superuser.
const BUILD_READER: &str = "build_reader";
/// Word in all personal values of sources. Nothing else on the preview servers may have it.
const MARKER: &str = "wombat";
/// Such a word for sources with values that reach a preview server.
const LEAKED: &str = "ocelot";
/// Password in a user mapping of the source.
const MAPPED: &str = "wombat-mapped-password";

/// Statement that creates the roles which read sources, if they do not exist.
fn readers() -> String {
    format!(
        "DO $$BEGIN CREATE ROLE {BUILD_READER} LOGIN BYPASSRLS PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data;
           CREATE ROLE build_app LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE build_other;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
    )
}

/// A source with rows, and a preview server.
struct Build {
    preview: &'static PostgresServer,
    /// Role on the preview server.
    role: &'static str,
    /// Server of the source.
    origin: &'static PostgresServer,
    /// Database on the source server.
    source: String,
    /// Role on the source server.
    reader: &'static str,
    installation: String,
    name: GoldenName,
    policy_text: String,
    policy: MaskingPolicy,
    key: MaskingKey,
    settings: BuildSettings,
    progress: Arc<Recorder>,
}

/// Progress that a build has reported.
#[derive(Default)]
struct Recorder {
    steps: Mutex<Vec<BuildStep>>,
    /// Number of tables of each step that reads tables.
    loads: Mutex<Vec<usize>>,
    /// Rows of the last one.
    rows: Mutex<u64>,
    done: Mutex<BTreeSet<String>>,
    notes: Mutex<Vec<String>>,
}

impl BuildProgress for Recorder {
    fn step(&self, step: BuildStep) {
        self.steps.lock().unwrap().push(step);
    }

    fn tables(&self, tables: &[(TableName, u64)]) {
        // Once for the load, and once for the verification.
        self.loads.lock().unwrap().push(tables.len());
        *self.rows.lock().unwrap() = 0;
        self.done.lock().unwrap().clear();
    }

    fn rows(&self, _table: &TableName, rows: u64, _bytes: u64) {
        *self.rows.lock().unwrap() += rows;
    }

    fn table_done(&self, table: &TableName, _rows: u64) {
        self.done.lock().unwrap().insert(table.to_string());
    }

    fn note(&self, text: &str) {
        self.notes.lock().unwrap().push(text.to_owned());
    }
}

/// Server of the sources: a second one of the oldest version, whose programs include `pg_dump`.
fn source_server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers()[0].programs).unwrap())
}

/// Objects that a golden database does not have, or has only if the policy keeps them.
fn extras(owner: &str, marker: &str) -> String {
    format!(
        "CREATE EXTENSION postgres_fdw; CREATE SERVER production FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db.example');
         CREATE USER MAPPING FOR {owner} SERVER production OPTIONS (user 'shop', password '{MAPPED}');
         CREATE FOREIGN TABLE app.remote (id int) SERVER production; COMMENT ON FOREIGN TABLE app.remote IS 'remote';
         CREATE VIEW app.remote_view AS SELECT id FROM app.remote; COMMENT ON VIEW app.remote_view IS 'view';
         CREATE VIEW app.remote_again AS SELECT * FROM app.remote_view;
         CREATE FUNCTION app.event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''event trigger ran''; END';
         CREATE SUBSCRIPTION production CONNECTION 'host=db.example password={MAPPED}' PUBLICATION p WITH (connect = false);
         CREATE PUBLICATION everything FOR ALL TABLES;
         SELECT lo_from_bytea(4711, convert_to(repeat('{marker} ', 400000), 'UTF8'));
         SELECT lo_create(4712);
         GRANT USAGE ON SCHEMA app TO build_app; GRANT SELECT, INSERT ON app.orders TO build_app;
         GRANT SELECT (id) ON app.customers TO build_app; GRANT SELECT ON app.events TO PUBLIC;
         GRANT SELECT ON app.events TO build_other;
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT SELECT ON TABLES TO build_app;
         CREATE POLICY apps ON app.customers TO build_app USING (true);
         CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.event()"
    )
}

impl Build {
    /// A source, and a build of it.
    async fn create(preview: &'static PostgresServer, role: &'static str) -> Self {
        Self::create_with(preview, role, MARKER).await
    }

    /// A source with a word in all personal values, and a build of it.
    async fn create_with(preview: &'static PostgresServer, role: &'static str, marker: &str) -> Self {
        Self::create_on(source_server(), preview, role, marker).await
    }

    /// A source on a server, and a build of it.
    async fn create_on(
        server: &'static PostgresServer,
        preview: &'static PostgresServer,
        role: &'static str,
        marker: &str,
    ) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (source, owner) = (format!("build_{number}"), format!("build_owner_{number}"));
        let mut session = client(server, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
        run(&mut session, &format!("{}; CREATE ROLE {owner}", readers())).await;
        run(&mut session, &format!("CREATE DATABASE {source} TEMPLATE template0")).await;
        run(&mut session, &format!("GRANT CREATE ON DATABASE {source} TO {owner}")).await;
        let mut inside = client(server, SUPERUSER, &source).connect(&deadline()).await.unwrap();
        run(&mut inside, &shop::EXTENSIONS.replace("OWNER", &owner)).await;
        run(&mut inside, &format!("SET ROLE {owner}")).await;
        run(&mut inside, shop::TABLES).await;
        let rows = shop::ROWS.replace("canary", marker).replace("CANARY", &marker.to_uppercase());
        run(&mut inside, &rows.replace("Canary", &marker.to_uppercase())).await;
        run(&mut inside, shop::DEFINITIONS).await;
        run(&mut inside, "RESET ROLE").await;
        run(&mut inside, &extras(&owner, marker)).await;
        inside.close(&deadline()).await.unwrap();
        let policy_text = shop::POLICY.replace("version: 1\n", "version: 1\nroles: [build_app]\n");
        Self {
            preview,
            role,
            origin: server,
            source,
            reader: if role == ADMIN { BUILD_READER } else { SUPERUSER },
            installation: format!("builds-{number}"),
            name: GoldenName::new(&format!("built_{number}")).unwrap(),
            policy: policy(&policy_text),
            policy_text,
            key: super::key(),
            settings: BuildSettings { workers: 3, attempts: 2, ..BuildSettings::default() },
            progress: Arc::default(),
        }
    }

    fn with_policy(mut self, text: String) -> Self {
        self.policy = policy(&text);
        self.policy_text = text;
        self
    }

    /// The installation is the name of its sessions.
    fn server(&self) -> Postgres {
        client_named(self.preview, self.role, "postgres", &self.installation)
    }

    fn source(&self) -> Postgres {
        client(self.origin, self.reader, &self.source)
    }

    /// Runs the build.
    async fn run(&self) -> Result<BuildReport, BuildError> {
        self.run_within(&deadline()).await
    }

    async fn run_within(&self, deadline: &eod_clients::Deadline) -> Result<BuildReport, BuildError> {
        let (server, source) = (self.server(), self.source());
        self.described(&server, &source).run(deadline).await
    }

    fn described<'a>(&'a self, server: &'a Postgres, source: &'a Postgres) -> GoldenBuild<'a> {
        let request = BuildRequest {
            server,
            installation: &self.installation,
            name: &self.name,
            policy: &self.policy,
            policy_text: self.policy_text.as_bytes(),
            key: &self.key,
            settings: self.settings.clone(),
            progress: self.progress.clone(),
        };
        let tools = ToolSearch { folder: Some(servers()[0].programs.clone()), path: None };
        GoldenBuild { request, source, tools }
    }

    async fn goldens(&self) -> GoldenServer {
        GoldenServer::connect(&self.server(), &self.installation, &deadline()).await.unwrap()
    }

    async fn publish(&self, keep: usize) -> PublishReport {
        let settings = PublishSettings { valid_for: Duration::from_secs(86400), keep };
        self.goldens().await.publish(&self.name, settings, &deadline()).await.unwrap()
    }

    /// A clone of the published version, as a database with this name.
    async fn clone_as(&self, database: &str) -> Postgres {
        let mut session = self.server().connect(&deadline()).await.unwrap();
        run(&mut session, &format!("CREATE DATABASE {database} TEMPLATE {} STRATEGY FILE_COPY", self.name)).await;
        client(self.preview, SUPERUSER, database)
    }

    /// Name for messages.
    fn label(&self) -> String {
        format!("PostgreSQL {} as {}", self.preview.version, self.role)
    }
}

/// One build per preview server and role.
async fn all() -> Vec<Build> {
    let mut builds = Vec::new();
    for preview in servers() {
        for role in super::ROLES {
            builds.push(Build::create(preview, role).await);
        }
    }
    builds
}

/// One build of each role, on different preview servers.
async fn some() -> [Build; 2] {
    let (first, last) = (&servers()[0], servers().last().unwrap());
    [Build::create(first, SUPERUSER).await, Build::create(last, ADMIN).await]
}
