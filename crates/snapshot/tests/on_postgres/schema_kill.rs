//! Runs on schemas that are killed at any moment.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use eod_testkit::postgres::{ADMIN, PASSWORD, servers};

use super::{ENVIRONMENT, client, client_at, deadline, left, nonce, password, run, schemas::SharedDatabase};
use crate::{CloneError, CloneName, CloneOwner, SchemaServer, SchemaState};

/// Rounds with a killed create, and with a killed removal.
const ROUNDS: u32 = 25;
/// Variable with the description of the work of a child.
const CHILD: &str = "EOD_SCHEMA_CHILD";

/// The run that is killed. It is another process, and runs this test only.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_works_on_a_schema() {
    let Ok(described) = std::env::var(CHILD) else { return };
    let fields: Vec<_> = described.split(' ').collect();
    let [port, installation, database, name, work] = fields.as_slice() else { panic!("{described}") };
    let server = client_at(port.parse().unwrap(), ADMIN, PASSWORD, database);
    let owner = CloneOwner { environment: ENVIRONMENT.parse().unwrap(), installation: installation.parse().unwrap() };
    let name: CloneName = name.parse().unwrap();
    let mut schemas = SchemaServer::connect(&server, &owner.installation, &deadline()).await.unwrap();
    if *work == "create" {
        schemas.create_schema(&name, &owner, &nonce(1), &password(1), &deadline()).await.unwrap();
    } else {
        schemas.destroy(&name, &owner, None, &deadline()).await.unwrap();
    }
}

fn child(shared: &SharedDatabase<'_>, name: &CloneName, work: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::on_postgres::schema_kill::child_that_works_on_a_schema", "--test-threads=1"]);
    let SharedDatabase { server, installation, database, .. } = shared;
    command.env(CHILD, format!("{} {installation} {database} {name} {work}", server.port));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Calls until the server has ended the session of the killed run.
async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, CloneError>) -> T {
    let begun = Instant::now();
    loop {
        match call().await {
            Err(CloneError::Busy(_)) if begun.elapsed() < Duration::from_secs(60) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done.unwrap_or_else(|error| panic!("{}", error.chain())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_run_leaves_nothing_or_a_closed_or_a_whole_schema() {
    for server in servers() {
        let shared = SharedDatabase::create(server, ADMIN).await;
        let (name, owner) = (shared.schema_name(ENVIRONMENT), shared.owner(ENVIRONMENT));
        let begun = Instant::now();
        assert!(child(&shared, &name, "create").wait().unwrap().success());
        let whole = begun.elapsed();
        for round in 0..ROUNDS * 2 {
            let work = if round % 2 == 0 { "remove" } else { "create" };
            let mut killed = child(&shared, &name, work);
            std::thread::sleep(whole * (round / 2) / ROUNDS);
            killed.kill().unwrap();
            killed.wait().unwrap();
            let mut schemas = shared.schemas().await;
            let before = schemas.look(&name, &owner, &deadline()).await.unwrap();
            let entered = client(server, &name.login(), password(1).reveal(), &shared.database);
            let entered = entered.connect(&deadline()).await;
            // The server may still end the transaction of the killed run.
            if schemas.look(&name, &owner, &deadline()).await.unwrap() == before {
                match before {
                    SchemaState::Open(..) => {
                        let mut session = entered.unwrap_or_else(|error| panic!("round {round}: {}", error.chain()));
                        run(&mut session, "CREATE TABLE IF NOT EXISTS made (i int)").await;
                    }
                    SchemaState::Absent | SchemaState::Closed(_) => assert!(entered.is_err(), "round {round}"),
                    state @ SchemaState::Foreign { .. } => panic!("round {round}: {state:?}"),
                }
            }
            patiently(async || schemas.destroy(&name, &owner, None, &deadline()).await).await;
            assert_eq!(left(server, &name).await, [""; 0], "{} after round {round}", shared.described());
            if work == "create" {
                patiently(async || schemas.create_schema(&name, &owner, &nonce(1), &password(1), &deadline()).await)
                    .await;
            }
        }
    }
}
