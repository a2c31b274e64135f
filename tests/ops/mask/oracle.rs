//! The scope of migrations beside a real server: each migration of the corpus runs in a database, and every table that the server
//! has seen in use is in the scope that was read from its text.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use eod_clients::postgres::{Postgres, PostgresSession};
use eod_masking::{MigrationScope, RoutineTexts, SqlFile, touched_tables};
use eod_snapshot::{ObservedTables, TouchedTable};
use eod_testkit::{
    command,
    postgres::{PASSWORD, PostgresServer, SUPERUSER, servers},
};

use super::database::{MaskDatabase, deadline};

/// Migrations with their answers. The names of three tables are `{a}`, `{b}` and `{c}`.
const CORPUS: &str = include_str!("../../../crates/masking/scope/corpus.txt");
const TABLES: [&str; 3] = ["customers", "orders", "order_lines"];
/// Columns of all three tables.
const COLUMNS: &str = "\
id int PRIMARY KEY, email text, name text, x int, y int, z int, n int, w int, at timestamptz, doc jsonb, tags text[], a_id int,
b_id int, c_id int, parent int, parent_id int, price numeric, quantity int, total numeric, note text, title text, body text,
created_at timestamptz, deleted_at timestamptz, done boolean, gone boolean, old boolean, paid boolean, ok boolean, city text,
owner text, phone text, first_name text, last_name text, state text, position int, search tsvector, depth int, room int,
since timestamptz, until timestamptz, cancelled boolean, d interval, e numeric, q text, p boolean, other text, third text,
fourth text, sql text";
/// Changes of the database after which a migration is tried again, at most.
const ATTEMPTS: usize = 12;
/// Migrations that must run. The others need extensions, tablespaces, files, or rows of a certain form.
const LEAST: usize = 150;
/// Databases at the same time.
const THREADS: usize = 3;

/// Result of a migration on a server.
enum Trial {
    /// Tables in use that the scope does not have.
    Ran(Vec<String>),
    /// First error that no change of the database removes.
    Refused(String),
}

/// Migrations that have a scope other than all tables.
fn migrations() -> Vec<String> {
    let cases = CORPUS.split("====\n").filter_map(|case| case.split_once("=> "));
    let known = cases.filter(|(_, answer)| !answer.starts_with("ALL "));
    let named = |sql: &str| {
        let marks = ["{a}", "{b}", "{c}"].into_iter().zip(TABLES);
        marks.fold(sql.to_owned(), |sql, (mark, table)| sql.replace(mark, table))
    };
    known.map(|(sql, _)| named(sql)).collect()
}

/// Statement that makes a migration run which has failed with this error; none if there is none.
fn change(error: &str) -> Option<String> {
    let mut quoted = error.split('"').skip(1).step_by(2);
    let (first, second) = (quoted.next()?, quoted.next());
    let all = |sql: &dyn Fn(&str) -> String| TABLES.map(sql).join("; ");
    Some(match second {
        Some(table) if error.ends_with("does not exist") && error.starts_with("column") => {
            format!("ALTER TABLE {table} ADD COLUMN \"{first}\" text")
        }
        Some(table) if error.ends_with("already exists") && error.starts_with("column") => {
            format!("ALTER TABLE {table} DROP COLUMN \"{first}\" CASCADE")
        }
        Some(table) if error.starts_with("constraint") && error.ends_with("does not exist") => {
            format!("ALTER TABLE {table} ADD CONSTRAINT \"{first}\" CHECK (id IS NOT NULL)")
        }
        Some(table) if error.starts_with("trigger") => format!(
            "CREATE TRIGGER \"{first}\" BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION \
             suppress_redundant_updates_trigger()"
        ),
        Some(table) if error.starts_with("policy") => format!("CREATE POLICY \"{first}\" ON {table}"),
        Some(table) if error.starts_with("rule") => {
            format!("CREATE RULE \"{first}\" AS ON DELETE TO {table} DO NOTHING")
        }
        Some(_) => return None,
        None if error.starts_with("column") && error.ends_with("does not exist") => {
            all(&|table| format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS \"{first}\" int"))
        }
        None if error.starts_with("relation") && error.ends_with("already exists") => {
            format!("DROP TABLE \"{first}\" CASCADE")
        }
        None if error.starts_with("relation") || error.starts_with("index") => {
            format!("CREATE UNIQUE INDEX \"{first}\" ON customers (x)")
        }
        None if error.ends_with("is not a view") => {
            format!("DROP TABLE {first} CASCADE; CREATE VIEW {first} AS SELECT 1 AS x")
        }
        None if error.ends_with("is not a materialized view") => {
            format!(
                "DROP TABLE {first} CASCADE; CREATE MATERIALIZED VIEW {first} AS SELECT 1 AS x; CREATE UNIQUE INDEX ON {first} (x)"
            )
        }
        None if error.starts_with("schema") => format!("CREATE SCHEMA \"{first}\""),
        None if error.starts_with("type") => format!("CREATE TYPE \"{first}\" AS ENUM ('a')"),
        None if error.starts_with("sequence") => format!("CREATE SEQUENCE \"{first}\""),
        None if error.starts_with("publication") => format!("CREATE PUBLICATION \"{first}\""),
        None => return None,
    })
}

/// A database of one trial, on a server that all trials share.
struct TrialDatabase<'a> {
    server: &'a PostgresServer,
    runtime: &'a tokio::runtime::Runtime,
    name: String,
}

impl TrialDatabase<'_> {
    fn session(&self, database: &str) -> PostgresSession {
        let client: Postgres = MaskDatabase::client_of(self.server, database);
        self.runtime.block_on(client.connect(&deadline())).unwrap_or_else(|error| panic!("{}", error.chain()))
    }

    /// Error of statements.
    fn run(&self, database: &str, sql: &str) -> Result<(), String> {
        let mut session = self.session(database);
        let statement = eod_clients::postgres::SqlStatement::new("run", "a statement", sql);
        let done = self.runtime.block_on(session.batch(&statement, &deadline()));
        self.runtime.block_on(session.close(&deadline())).unwrap_or_else(|error| panic!("{}", error.chain()));
        done.map_err(|error| error.chain())
    }

    /// Runs a migration in a new database with some changes. The error is the first one of the server.
    fn attempt(&self, sql: &str, changes: &[String]) -> Result<Vec<TouchedTable>, String> {
        let name = &self.name;
        let created = format!("CREATE DATABASE {name} TEMPLATE oracle_base");
        self.run("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
        self.run("postgres", &created).unwrap_or_else(|error| panic!("{error}"));
        for change in changes {
            self.run(name, change)?;
        }
        let mut observer = self.session(name);
        let before = self.observed(&mut observer);
        let mut psql = Command::new(servers()[0].programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--dbname", name]);
        psql.arg(format!("--port={}", self.server.port)).arg(format!("--username={SUPERUSER}"));
        let finished = command::run(psql.env("PGPASSWORD", PASSWORD).stdout(Stdio::piped()), sql);
        let touched = before.touched_until(&self.observed(&mut observer));
        if finished.code == Some(0) {
            return Ok(touched);
        }
        let line = finished.stderr.lines().find_map(|line| line.split_once("ERROR:  ")).map(|(_, message)| message);
        Err(line.unwrap_or(finished.stderr.trim()).to_owned())
    }

    fn observed(&self, session: &mut PostgresSession) -> ObservedTables {
        let read = self.runtime.block_on(ObservedTables::read(session, &deadline()));
        read.unwrap_or_else(|error| panic!("{}", error.chain()))
    }

    fn trial(&self, sql: &str) -> Trial {
        let scope = touched_tables(&[SqlFile { name: "m.sql", content: sql.as_bytes() }], &RoutineTexts::new());
        let mut changes = Vec::new();
        loop {
            match self.attempt(sql, &changes) {
                Ok(touched) => return Trial::Ran(missed(&scope, &touched)),
                Err(error) => match change(&error) {
                    Some(change) if changes.len() < ATTEMPTS && !changes.contains(&change) => changes.push(change),
                    _ => return Trial::Refused(error),
                },
            }
        }
    }
}

/// Tables that were used and are not in the scope.
fn missed(scope: &MigrationScope, touched: &[TouchedTable]) -> Vec<String> {
    if !scope.all_tables.is_empty() {
        return Vec::new();
    }
    let is_known = |used: &str| {
        let (schema, name) = used.split_once('.').unwrap();
        let is_same = |table: &eod_masking::SqlName| table.schema.as_deref().is_none_or(|found| found == schema);
        scope.tables.keys().any(|table| table.name == name && is_same(table))
    };
    let used = touched.iter().flat_map(|table| [Some(&table.table), table.renamed_to.as_ref()]).flatten();
    used.filter(|name| !is_known(name)).cloned().collect()
}

#[test]
fn no_table_that_a_server_sees_in_use_is_missing_in_a_scope() {
    let server = servers().last().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let base = TrialDatabase { server, runtime: &runtime, name: "oracle_base".to_owned() };
    base.run("postgres", "CREATE DATABASE oracle_base TEMPLATE template0").unwrap();
    for table in TABLES {
        base.run("oracle_base", &format!("CREATE TABLE {table} ({COLUMNS})")).unwrap();
        base.run("oracle_base", &format!("INSERT INTO {table} (id, x, email) VALUES (1, 1, 'a'), (2, 2, 'b')"))
            .unwrap();
    }
    for role in ["app", "owner"] {
        // Roles belong to the whole server.
        drop(base.run("postgres", &format!("CREATE ROLE {role}")));
    }
    let (all, next) = (migrations(), AtomicUsize::new(0));
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (all, next, results) = (&all, &next, &results);
            let database = TrialDatabase { server, runtime: &runtime, name: format!("oracle_{number}") };
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(sql) = all.get(at) else { break };
                    let trial = database.trial(sql);
                    results.lock().unwrap().push((at, trial));
                }
                database.run("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name)).unwrap();
            });
        }
    });
    let results = results.into_inner().unwrap();
    let mut wrong = Vec::new();
    let mut refused: BTreeSet<String> = BTreeSet::new();
    let mut ran = 0;
    for (at, trial) in &results {
        match trial {
            Trial::Ran(missed) if missed.is_empty() => ran += 1,
            Trial::Ran(missed) => wrong.push(format!("{missed:?} missing in the scope of {}", all[*at])),
            Trial::Refused(error) => drop(refused.insert(format!("{error}: {:.70}", all[*at].replace('\n', " ")))),
        }
    }
    println!("{ran} of {} migrations ran; refused by the server:\n{}", all.len(), Vec::from_iter(refused).join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran >= LEAST, "{ran} of {} ran", all.len());
}
