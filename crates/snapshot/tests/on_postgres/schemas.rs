//! Schemas in a shared database: their limits, and all that they share.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use eod_clients::postgres::{Postgres, SqlStatement};
use eod_domain::Installation;
use eod_testkit::postgres::{PASSWORD, PostgresServer, servers};

use super::{ENVIRONMENT, ROLES, client, deadline, left, nonce, password, released, run, superuser, values};
use crate::{CloneError, CloneName, CloneOwner, SchemaServer, SchemaState};

/// A database of schemas.
pub(super) struct SharedDatabase<'s> {
    pub(super) server: &'s PostgresServer,
    /// Role that makes schemas, and owns the database.
    role: &'static str,
    pub(super) installation: Installation,
    pub(super) database: String,
}

/// One shared database per server and role. Some admit all roles, others only those with a grant.
pub(super) async fn shared_databases() -> Vec<SharedDatabase<'static>> {
    let mut databases = Vec::new();
    for server in servers() {
        for role in ROLES {
            databases.push(SharedDatabase::create(server, role).await);
        }
    }
    databases
}

impl<'s> SharedDatabase<'s> {
    pub(super) async fn create(server: &'s PostgresServer, role: &'static str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (database, installation) = (format!("shared_{number}"), format!("schemas-{number}").parse().unwrap());
        let mut session = client(server, role, PASSWORD, "postgres").connect(&deadline()).await.unwrap();
        run(&mut session, &format!("CREATE DATABASE {database} TEMPLATE template0")).await;
        if number % 2 == 1 {
            run(&mut session, &format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")).await;
        }
        Self { server, role, installation, database }
    }

    fn client(&self) -> Postgres {
        client(self.server, self.role, PASSWORD, &self.database)
    }

    pub(super) async fn schemas(&self) -> SchemaServer {
        SchemaServer::connect(&self.client(), &self.installation, &deadline()).await.unwrap()
    }

    /// Roles are those of the whole server, so names have the installation.
    pub(super) fn schema_name(&self, environment: &str) -> CloneName {
        CloneName::of_schema(&format!("{}-{environment}", self.installation).parse().unwrap())
    }

    pub(super) fn owner(&self, environment: &str) -> CloneOwner {
        CloneOwner { environment: environment.parse().unwrap(), installation: self.installation.clone() }
    }

    pub(super) fn described(&self) -> String {
        format!("schema on PostgreSQL {} as {}", self.server.version, self.role)
    }

    async fn created(&self, environment: &str, number: u8) -> CloneName {
        let (name, owner) = (self.schema_name(environment), self.owner(environment));
        let mut schemas = self.schemas().await;
        let made = schemas.create_schema(&name, &owner, &nonce(number), &password(number), &deadline()).await;
        made.unwrap_or_else(|error| panic!("{}: {}", self.described(), error.chain()));
        drop(schemas);
        released(self.server, &name).await;
        name
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_works_in_its_own_schema_only() {
    for shared in shared_databases().await {
        let described = shared.described();
        let (name, other) = (shared.created(ENVIRONMENT, 1).await, shared.created("shop-pr-8", 2).await);
        let app = client(shared.server, &name.login(), password(1).reveal(), &shared.database);
        let mut session = app.connect(&deadline()).await.unwrap();
        let neighbour = client(shared.server, &other.login(), password(2).reveal(), &shared.database);
        let mut neighbour = neighbour.connect(&deadline()).await.unwrap();
        run(&mut neighbour, "CREATE TABLE orders (i int); INSERT INTO orders VALUES (1)").await;
        run(&mut session, "CREATE TABLE orders (i int); ALTER TABLE orders ADD COLUMN note text").await;
        let place = "SELECT schemaname::text FROM pg_tables WHERE tablename = 'orders' AND tableowner = current_user";
        assert_eq!(values(&mut session, place).await, [name.to_string()], "{described}");
        for sql in [
            format!("SELECT * FROM {other}.orders"),
            format!("CREATE TABLE {other}.more (i int)"),
            format!("DROP SCHEMA {other}"),
            format!("DROP SCHEMA {name}"),
            format!("COMMENT ON SCHEMA {name} IS NULL"),
            format!("ALTER SCHEMA {name} RENAME TO more"),
            "CREATE SCHEMA more".to_owned(),
            "CREATE TABLE public.more (i int)".to_owned(),
            "CREATE ROLE more".to_owned(),
            format!("SET ROLE {}", other.login()),
            format!("SET ROLE {}", name.owner()),
        ] {
            let statement = SqlStatement::new("run", "the statement", &sql);
            assert!(session.batch(&statement, &deadline()).await.is_err(), "{described}: {sql}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_share_names_locks_channels_and_extensions() {
    for shared in shared_databases().await {
        let described = shared.described();
        let (name, other) = (shared.created(ENVIRONMENT, 1).await, shared.created("shop-pr-8", 2).await);
        let app = client(shared.server, &name.login(), password(1).reveal(), &shared.database);
        let mut session = app.connect(&deadline()).await.unwrap();
        let neighbour = client(shared.server, &other.login(), password(2).reveal(), &shared.database);
        let mut neighbour = neighbour.connect(&deadline()).await.unwrap();
        run(&mut neighbour, "CREATE TABLE secret_plans (i int); SELECT pg_advisory_lock(7)").await;
        let names = "SELECT tablename::text FROM pg_tables WHERE tablename = 'secret_plans'";
        assert_eq!(values(&mut session, names).await, ["secret_plans"], "{described}: names are visible");
        let lock = "SELECT pg_try_advisory_lock(7)::text";
        assert_eq!(values(&mut session, lock).await, ["false"], "{described}: a lock of a neighbour is in the way");
        // A listener of a channel gets the messages of all schemas: the queue belongs to the database.
        run(&mut session, "LISTEN changes").await;
        run(&mut neighbour, "BEGIN; LISTEN changes; NOTIFY changes, 'hello'; COMMIT").await;
        let queue = "SELECT count(*)::text FROM pg_listening_channels() c WHERE c = 'changes'";
        assert_eq!(values(&mut session, queue).await, ["1"], "{described}");
        let extensions = "SELECT extname::text FROM pg_extension";
        let (ours, theirs) = (values(&mut session, extensions).await, values(&mut neighbour, extensions).await);
        assert_eq!(ours, theirs, "{described}: extensions are those of the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn removal_takes_all_that_the_login_owns_and_nothing_of_others() {
    for shared in shared_databases().await {
        let described = shared.described();
        let (name, other) = (shared.created(ENVIRONMENT, 1).await, shared.created("shop-pr-8", 2).await);
        let mut person = superuser(shared.server, &shared.database).await;
        run(&mut person, "CREATE SCHEMA team; GRANT USAGE, CREATE ON SCHEMA team TO PUBLIC").await;
        let app = client(shared.server, &name.login(), password(1).reveal(), &shared.database);
        let mut session = app.connect(&deadline()).await.unwrap();
        run(
            &mut session,
            "CREATE TABLE team.mine (i int); CREATE TABLE own (i int); CREATE VIEW v AS SELECT * FROM own",
        )
        .await;
        run(&mut person, "CREATE TABLE team.theirs (i int)").await;
        let (owner, mut schemas) = (shared.owner(ENVIRONMENT), shared.schemas().await);
        let removed = schemas.destroy(&name, &owner, None, &deadline()).await;
        removed.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        assert_eq!(left(shared.server, &name).await, [""; 0], "{described}");
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'team'";
        assert_eq!(values(&mut person, tables).await, ["theirs"], "{described}");
        let state = schemas.look(&other, &shared.owner("shop-pr-8"), &deadline()).await.unwrap();
        assert!(matches!(state, SchemaState::Open(..)), "{described}: {state:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_of_another_database_of_the_server_is_refused() {
    let (one, two) =
        (SharedDatabase::create(&servers()[0], ROLES[1]).await, SharedDatabase::create(&servers()[0], ROLES[1]).await);
    let name = one.created(ENVIRONMENT, 1).await;
    let mut schemas = SchemaServer::connect(&two.client(), &one.installation, &deadline()).await.unwrap();
    let owner = one.owner(ENVIRONMENT);
    let made = schemas.create_schema(&name, &owner, &nonce(2), &password(2), &deadline()).await;
    let Err(CloneError::Foreign { reason, .. }) = &made else { panic!("{made:?}") };
    assert_eq!(reason, &format!("it is in database `{}`", one.database));
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_login_acts_as_the_login_and_leaves_its_objects() {
    for shared in shared_databases().await {
        let described = shared.described();
        let (name, owner) = (shared.created(ENVIRONMENT, 1).await, shared.owner(ENVIRONMENT));
        let mut schemas = shared.schemas().await;
        let valid_for = Duration::from_hours(1);
        let made = schemas.create_login(&name, &owner, &nonce(2), &password(2), valid_for, &deadline()).await;
        let login = made.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        let temporary = client(shared.server, &login.role, password(2).reveal(), &shared.database);
        let mut session = temporary.connect(&deadline()).await.unwrap();
        run(&mut session, "CREATE TABLE made (i int)").await;
        run(&mut session, &format!("SET ROLE NONE; CREATE TABLE {name}.own (i int)")).await;
        for _ in 0..2 {
            let closed = schemas.close_login(&name, &login.role, &deadline()).await;
            closed.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        }
        assert_eq!(left(shared.server, &name).await, [name.login(), name.owner()], "{described}");
        let tables = format!("SELECT tableowner::text FROM pg_tables WHERE schemaname = '{name}' ORDER BY tablename");
        let owners = values(&mut superuser(shared.server, &shared.database).await, &tables).await;
        assert_eq!(owners, [name.login(), name.login()], "{described}");
        let error = schemas.close_login(&name, &name.login(), &deadline()).await.unwrap_err();
        assert!(matches!(error, CloneError::ForeignLogin { .. }), "{described}: {error}");
        // A removal of the schema takes its logins along.
        schemas.create_login(&name, &owner, &nonce(3), &password(3), valid_for, &deadline()).await.unwrap();
        schemas.destroy(&name, &owner, None, &deadline()).await.unwrap();
        assert_eq!(left(shared.server, &name).await, [""; 0], "{described}");
    }
}
