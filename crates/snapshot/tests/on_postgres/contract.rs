//! Contract of all engines.

use eod_clients::ErrorKind;
use eod_golden::GoldenName;
use eod_testkit::postgres::PostgresServer;

use super::{
    ENVIRONMENT, Golden, client, deadline, goldens, left, nonce, password, released, run,
    schemas::{SharedDatabase, shared_databases},
    superuser,
};
use crate::{CloneError, CloneName, CloneOwner, CloneServer, EngineState, EnvironmentEngine, SchemaServer};

/// An engine with its server.
trait ContractCase {
    type Engine: EnvironmentEngine;

    async fn engine(&self) -> Self::Engine;
    fn origin(&self) -> &<Self::Engine as EnvironmentEngine>::Origin;
    fn server(&self) -> &PostgresServer;
    fn name(&self, environment: &str) -> CloneName;
    fn owner(&self, environment: &str) -> CloneOwner;
    fn described(&self) -> String;
    /// Database of the login.
    fn database(&self, name: &CloneName) -> String;
    /// Statements of the application that create objects.
    fn objects(&self) -> &'static str;
    /// Statement that gives a name to a team. It runs in the maintenance database or in the shared one.
    fn taken(&self, name: &CloneName) -> (String, String);
}

impl ContractCase for Golden<'_> {
    type Engine = CloneServer;

    async fn engine(&self) -> CloneServer {
        self.clones().await
    }

    fn origin(&self) -> &GoldenName {
        &self.name
    }

    fn server(&self) -> &PostgresServer {
        self.server
    }

    fn name(&self, environment: &str) -> CloneName {
        self.clone_name(environment)
    }

    fn owner(&self, environment: &str) -> CloneOwner {
        Golden::owner(self, environment)
    }

    fn described(&self) -> String {
        Golden::described(self)
    }

    fn database(&self, name: &CloneName) -> String {
        name.to_string()
    }

    fn objects(&self) -> &'static str {
        "CREATE SCHEMA own; CREATE TABLE own.made (i int); CREATE SEQUENCE app.numbers; SELECT lo_create(0)"
    }

    fn taken(&self, name: &CloneName) -> (String, String) {
        ("postgres".to_owned(), format!("CREATE DATABASE {name}"))
    }
}

impl ContractCase for SharedDatabase<'_> {
    type Engine = SchemaServer;

    async fn engine(&self) -> SchemaServer {
        self.schemas().await
    }

    fn origin(&self) -> &() {
        &()
    }

    fn server(&self) -> &PostgresServer {
        self.server
    }

    fn name(&self, environment: &str) -> CloneName {
        self.schema_name(environment)
    }

    fn owner(&self, environment: &str) -> CloneOwner {
        SharedDatabase::owner(self, environment)
    }

    fn described(&self) -> String {
        SharedDatabase::described(self)
    }

    fn database(&self, _: &CloneName) -> String {
        self.database.clone()
    }

    fn objects(&self) -> &'static str {
        "CREATE TABLE made (i int); CREATE SEQUENCE numbers; SELECT lo_create(0)"
    }

    fn taken(&self, name: &CloneName) -> (String, String) {
        (self.database.clone(), format!("CREATE SCHEMA {name}"))
    }
}

async fn enters(case: &impl ContractCase, name: &CloneName, secret: &str) -> bool {
    client(case.server(), &name.login(), secret, &case.database(name)).connect(&deadline()).await.is_ok()
}

async fn create(case: &impl ContractCase, environment: &str, number: u8) -> Result<CloneName, CloneError> {
    let (name, owner) = (case.name(environment), case.owner(environment));
    let mut engine = case.engine().await;
    let made = engine.create(case.origin(), &name, &owner, &nonce(number), &password(number), &deadline()).await;
    drop(engine);
    released(case.server(), &name).await;
    made.map(|_| name)
}

/// From nothing to nothing.
async fn lives_and_ends_without_a_trace(case: &impl ContractCase) {
    let described = case.described();
    let (name, owner) = (case.name(ENVIRONMENT), case.owner(ENVIRONMENT));
    let mut engine = case.engine().await;
    engine.remove(&name, &owner, None, &deadline()).await.unwrap();
    assert_eq!(engine.state(&name, &owner, &deadline()).await.unwrap(), EngineState::Absent, "{described}");
    drop(engine);
    released(case.server(), &name).await;
    create(case, ENVIRONMENT, 1).await.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
    let mut engine = case.engine().await;
    let EngineState::Open(facts) = engine.state(&name, &owner, &deadline()).await.unwrap() else {
        panic!("{described}");
    };
    assert_eq!(facts.login, name.login(), "{described}");
    assert!(enters(case, &name, password(1).reveal()).await, "{described}");
    assert!(!enters(case, &name, "wrong").await, "{described}");
    engine.change_password(&name, &owner, &password(2), &deadline()).await.unwrap();
    assert!(!enters(case, &name, password(1).reveal()).await, "{described}");
    assert!(enters(case, &name, password(2).reveal()).await, "{described}");
    // With a session, and with an object of the application.
    let app = client(case.server(), &name.login(), password(2).reveal(), &case.database(&name));
    let mut session = app.connect(&deadline()).await.unwrap();
    run(&mut session, case.objects()).await;
    for _ in 0..2 {
        let removed = engine.remove(&name, &owner, None, &deadline()).await;
        removed.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
        assert_eq!(left(case.server(), &name).await, [""; 0], "{described}");
    }
    let error = engine.change_password(&name, &owner, &password(2), &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::NotBegun(_)), "{described}: {error}");
}

/// Another run, another environment, and names of others.
async fn refuses_what_is_not_its_own(case: &impl ContractCase) {
    let described = case.described();
    let name = create(case, ENVIRONMENT, 1).await.unwrap_or_else(|error| panic!("{described}: {}", error.chain()));
    let owner = case.owner(ENVIRONMENT);
    let error = create(case, ENVIRONMENT, 2).await.unwrap_err();
    assert!(matches!(error, CloneError::Exists(_)), "{described}: {error}");
    let mut engine = case.engine().await;
    let error = engine.remove(&name, &owner, Some(&nonce(2)), &deadline()).await.unwrap_err();
    assert!(matches!(error, CloneError::Successor(_)), "{described}: {error}");
    let mut second = case.engine().await;
    for error in [
        second.create(case.origin(), &name, &owner, &nonce(2), &password(2), &deadline()).await.err(),
        second.remove(&name, &owner, None, &deadline()).await.err(),
    ] {
        assert!(matches!(error, Some(CloneError::Busy(_))), "{described}: {error:?}");
    }
    let taken = case.name("taken");
    let (database, sql) = case.taken(&taken);
    run(&mut superuser(case.server(), &database).await, &sql).await;
    for (name, environment, expected) in
        [(&name, "shop-pr-8", "environment `shop-pr-7`"), (&taken, "taken", "does not exist")]
    {
        let owner = case.owner(environment);
        for error in [
            engine.create(case.origin(), name, &owner, &nonce(2), &password(2), &deadline()).await.err(),
            engine.remove(name, &owner, None, &deadline()).await.err(),
        ] {
            let error = error.unwrap_or_else(|| panic!("{described}: {name}"));
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{described}: {error}");
            assert!(error.to_string().contains(expected), "{described}: {error}");
        }
    }
    assert!(enters(case, &name, password(1).reveal()).await, "{described}");
    engine.remove(&name, &owner, Some(&nonce(1)), &deadline()).await.unwrap();
    assert_eq!(left(case.server(), &name).await, [""; 0], "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clones_fulfil_the_contract() {
    for case in goldens().await {
        lives_and_ends_without_a_trace(&case).await;
        refuses_what_is_not_its_own(&case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_fulfil_the_contract() {
    for case in shared_databases().await {
        lives_and_ends_without_a_trace(&case).await;
        refuses_what_is_not_its_own(&case).await;
    }
}
