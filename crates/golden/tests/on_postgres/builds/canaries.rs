//! Personal values of every kind in every place of a source: after a build none of them is anywhere on the preview server.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::Path,
    process::Command,
    sync::OnceLock,
};

use aho_corasick::AhoCorasick;
use eod_clients::postgres::{PostgresSession, SqlStatement};
use eod_testkit::postgres::{PASSWORD, PostgresServer, READER, SUPERUSER, servers};

use super::{Build, source_server};
use crate::{
    GoldenName,
    tests::on_postgres::{ROLES, client, deadline, policy, run, values},
};

/// A column with a personal value in all its rows.
struct Canary {
    column: &'static str,
    type_name: &'static str,
    /// Value in SQL; `i` is the number of the row.
    value: &'static str,
    rule: &'static str,
    /// Part of the value's text that is looked for.
    text: &'static str,
}

const fn canary(
    column: &'static str,
    type_name: &'static str,
    value: &'static str,
    rule: &'static str,
    text: &'static str,
) -> Canary {
    Canary { column, type_name, value, rule, text }
}

const CANARIES: &[Canary] = &[
    canary(
        "email",
        "public.citext UNIQUE",
        "'Quokka.Mail' || i || '@shop.example'",
        "{ domain: email }",
        "quokka.mail",
    ),
    canary("login", "text", "'quokka_login' || i", "{ kind: username }", "quokka_login"),
    canary("full_name", "text", "'Quokka Wholename ' || i", "{ kind: full_name }", "quokka wholename"),
    canary("first_name", "varchar(60)", "'Quokkafirst'", "{ kind: first_name }", "quokkafirst"),
    canary("last_name", "varchar(60)", "'Quokkalast'", "{ kind: last_name }", "quokkalast"),
    canary("phone", "text", "'+49 30 83719264' || i", "{ domain: phone }", "+49 30 83719264"),
    canary("caller", "bigint", "4930837192641", "{ kind: phone }", "4930837192641"),
    canary("street", "text", "'Quokkaroad 77'", "{ kind: street }", "quokkaroad 77"),
    canary("city", "text", "'Quokkatown'", "{ kind: city }", "quokkatown"),
    canary("postcode", "text", "'QX83 7ZW'", "{ kind: postcode }", "qx83 7zw"),
    canary("country", "text", "'Quokkaland'", "{ kind: country }", "quokkaland"),
    canary("company", "text", "'Quokka Works GmbH'", "{ kind: company }", "quokka works"),
    canary("iban", "text", "'DE02 8371 9264 0000 5566 77'", "{ kind: iban }", "8371 9264 0000 5566"),
    canary("card", "text", "'4929 8371 9264 5566'", "{ kind: card }", "4929 8371 9264 5566"),
    canary("tax_number", "text", "'83 719264 Q 551'", "{ kind: national_id }", "83 719264 q 551"),
    canary("address", "inet", "'2001:470:1f0b:837:1926:4556:6a7b:8c9d'", "{ kind: ip }", "2001:470:1f0b:837:1926"),
    canary("seen_from", "text", "'83.71.192.64'", "{ kind: ip }", "83.71.192.64"),
    canary("adapter", "macaddr", "'8a:37:19:26:45:5d'", "{ kind: mac }", "8a:37:19:26:45:5d"),
    canary("device", "uuid", "'83719264-5566-4a7b-8c9d-0e1f2a3b4c5d'", "{ kind: uuid }", "83719264-5566-4a7b"),
    canary("page", "text", "'https://quokkapage.example/u/' || i", "{ kind: url }", "quokkapage"),
    canary("agent", "text", "'QuokkaBrowser/7.1'", "{ kind: user_agent }", "quokkabrowser"),
    canary("account", "bigint", "8371926455667", "{ kind: digits }", "8371926455667"),
    canary("reference", "char(24)", "'QK-8371-9264-' || i", "{ kind: digits }", "qk-8371-9264-"),
    canary("balance", "numeric(14,2)", "83719264.55", "{ kind: number_noise }", "83719264.55"),
    canary("ratio", "double precision", "83719264.5566", "{ kind: number_noise }", "83719264.5566"),
    canary("seen", "timestamptz", "'1983-07-19 02:06:45.566771+00'", "{ kind: date_shift }", "1983-07-19 02:06:45.56"),
    canary("born", "date", "date '1923-07-19'", "{ kind: date_shift }", "1923-07-19"),
    canary("notes", "text", "'called quokka-note ' || i", "{ kind: text }", "quokka-note"),
    canary("letter", "text", "repeat('quokka-letter ', 700)", "{ kind: text }", "quokka-letter"),
    canary("novel", "text", "repeat('quokka-novel ', 4000)", "{ kind: text }", "quokka-novel"),
    canary(
        "profile",
        "jsonb",
        "jsonb_build_object('mail', 'quokka-json@shop.example', 'deep', jsonb_build_array('quokka-leaf', 7))",
        "{ kind: json, paths: { \"$.mail\": { domain: email } } }",
        "quokka-leaf",
    ),
    canary("raw", "json", "'{\"a\" : \"quokka-raw\"}'", "{ kind: json }", "quokka-raw"),
    canary("as_text", "text", "'{\"a\": \"quokka-text\"}'", "{ kind: text }", "quokka-text"),
    canary("doc", "xml", "'<person>quokka-xml</person>'", "{ kind: text }", "quokka-xml"),
    canary(
        "tags",
        "public.hstore",
        "public.hstore('mail', 'quokka-tag')",
        "{ kind: constant, value: \"a=>1\" }",
        "quokka-tag",
    ),
    canary("others", "text[]", "ARRAY['Quokkaother', NULL]", "{ kind: full_name }", "quokkaother"),
    canary(
        "home",
        "app.place",
        "'(quokka-home,7)'::app.place",
        "{ kind: constant, value: \"(Street,1)\" }",
        "quokka-home",
    ),
    canary(
        "homes",
        "app.place[]",
        "ARRAY['(quokka-homes,7)'::app.place]",
        "{ kind: constant, value: \"(Street,1)\" }",
        "quokka-homes",
    ),
    canary("nick", "app.nick", "'quokka-nick'", "{ kind: username }", "quokka-nick"),
    canary("span", "app.names", "app.names('quokka-span', 'quokka-spanned')", "{ kind: \"null\" }", "quokka-span"),
    canary("search", "tsvector", "to_tsvector('simple', 'quokkalexeme')", "{ kind: \"null\" }", "quokkalexeme"),
    canary("token", "bytea", "'\\x837192645566778899aabbccddeeff00'", "{ kind: hash }", "837192645566778899aa"),
    canary("password", "text", "'$2b$quokka-hash'", "{ kind: hash }", "quokka-hash"),
];

/// Run before the table with all kinds.
const BEFORE: &str = "\
CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public; CREATE SCHEMA app;
CREATE TYPE app.place AS (street text, number int); CREATE TYPE app.names AS RANGE (subtype = text);
CREATE DOMAIN app.nick AS varchar(40) CHECK (VALUE <> 'root')";

/// Other places of such values, and objects that hold copies: indexes, statistics, materialized views, large objects.
const PLACES: &str = "\
CREATE TABLE app.visits (id int, day date, email text, ip inet, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE app.visits_old PARTITION OF app.visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.visits_new PARTITION OF app.visits DEFAULT;
CREATE TABLE app.base (id int PRIMARY KEY, note text); CREATE TABLE app.child (secret text) INHERITS (app.base);
CREATE UNLOGGED TABLE app.sessions (id int PRIMARY KEY, login text);
CREATE TABLE app.\"Sent letters\" (id int PRIMARY KEY, \"To\" varchar(60), body text, phone text);
INSERT INTO app.visits SELECT i, date '2024-06-01' + i, 'quokka.mail' || i || '@shop.example', '2001:470:1f0b:837::9'
  FROM generate_series(1, 400) i;
INSERT INTO app.base VALUES (1, 'quokka-base'); INSERT INTO app.child VALUES (2, 'quokka-child', 'quokka-secret');
INSERT INTO app.sessions SELECT i, 'quokka_login' || i FROM generate_series(1, 50) i;
INSERT INTO app.\"Sent letters\" SELECT i, 'quokka.mail' || i || '@shop.example', 'Dear Quokka Wholename ' || i,
  '+49 30 83719264' || i FROM generate_series(1, 200) i;
CREATE INDEX ON app.people (lower(email::text)); CREATE INDEX ON app.people (last_name, first_name) INCLUDE (phone);
CREATE INDEX ON app.people USING gin (profile); CREATE INDEX ON app.people USING gin (search);
CREATE INDEX ON app.people ((profile ->> 'mail')) WHERE city IS NOT NULL;
CREATE STATISTICS app.cities (mcv) ON city, street FROM app.people;
CREATE STATISTICS app.expressions ON lower(email::text), lower(city) FROM app.people;
CREATE MATERIALIZED VIEW app.contacts AS SELECT p.id, p.email, p.phone, p.letter, l.body FROM app.people p
  LEFT JOIN app.\"Sent letters\" l USING (id);
CREATE INDEX ON app.contacts (phone); CREATE VIEW app.mails AS SELECT email FROM app.people;
SELECT lo_from_bytea(4711, convert_to(repeat('quokka-object ', 9000), 'UTF8'));
DELETE FROM app.people WHERE id > 250; UPDATE app.people SET notes = notes || '!' WHERE id > 200; ANALYZE";

/// Decisions about the other places.
const PLACES_POLICY: &str = "  app.visits: { email: { domain: email }, ip: { kind: ip } }
  app.base: { note: { kind: text } }
  app.child: { note: { kind: text }, secret: { kind: text } }
  app.sessions: empty
  app.Sent letters: { To: { domain: email }, body: { kind: text }, phone: { domain: phone } }
";

/// Texts of values in [`PLACES`].
const PLACED: &[&str] =
    &["quokka-json", "quokka-base", "quokka-child", "quokka-secret", "quokka-object", "2001:470:1f0b:837::9"];

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
    (0..hexadecimal.len()).step_by(2).map(digit).collect()
}

/// Values that are not texts in the bytes of a file, by column.
fn stored() -> BTreeMap<&'static str, Vec<u8>> {
    let seen: jiff::Timestamp = "1983-07-19T02:06:45.566771Z".parse().unwrap();
    // Microseconds since the year 2000.
    let seen = seen.as_microsecond() - 946_684_800_000_000;
    let digits = [8371_i16, 9264, 5500];
    BTreeMap::from([
        ("caller", 4_930_837_192_641_i64.to_le_bytes().to_vec()),
        ("account", 8_371_926_455_667_i64.to_le_bytes().to_vec()),
        ("address", bytes("200104701f0b0837192645566a7b8c9d")),
        ("adapter", bytes("8a371926455d")),
        ("device", bytes("8371926455664a7b8c9d0e1f2a3b4c5d")),
        ("balance", digits.iter().flat_map(|digit| digit.to_le_bytes()).collect()),
        ("ratio", 83719264.5566_f64.to_le_bytes().to_vec()),
        ("seen", seen.to_le_bytes().to_vec()),
        ("token", bytes("837192645566778899aabbccddeeff00")),
    ])
}

fn policy_text() -> String {
    let mut text =
        "version: 1\ndomains:\n  email: { kind: email, fold: lower }\n  phone: { kind: phone }\ntables:\n".to_owned();
    text.push_str("  app.people:\n");
    for canary in CANARIES {
        writeln!(text, "    {}: {}", canary.column, canary.rule).unwrap();
    }
    text + PLACES_POLICY
}

/// Creates the source on the source server.
async fn create_source(name: &str) {
    let mut session = client(source_server(), SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    run(&mut session, &super::readers()).await;
    run(&mut session, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    let mut inside = client(source_server(), SUPERUSER, name).connect(&deadline()).await.unwrap();
    let list = |item: fn(&Canary) -> String| CANARIES.iter().map(item).collect::<Vec<_>>().join(", ");
    let columns = list(|canary| format!("{} {}", canary.column, canary.type_name));
    run(&mut inside, BEFORE).await;
    let table = format!(
        "CREATE TABLE app.people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns}, \
           loud text GENERATED ALWAYS AS (upper(full_name)) STORED); \
         ALTER TABLE app.people ALTER letter SET STORAGE EXTERNAL; \
         INSERT INTO app.people ({}) SELECT {} FROM generate_series(1, 300) i",
        list(|canary| canary.column.to_owned()),
        list(|canary| canary.value.to_owned())
    );
    run(&mut inside, &table).await;
    run(&mut inside, PLACES).await;
    inside.close(&deadline()).await.unwrap();
}

fn build_of(preview: &'static PostgresServer, role: &'static str, source: &str) -> Build {
    let text = policy_text();
    Build {
        preview,
        role,
        origin: source_server(),
        source: source.to_owned(),
        reader: if role == SUPERUSER { SUPERUSER } else { super::BUILD_READER },
        installation: format!("canaries-{role}").replace('_', "-"),
        name: GoldenName::new(&format!("canary_{role}_g")).unwrap(),
        policy: policy(&text),
        policy_text: text,
        key: crate::tests::on_postgres::key(),
        settings: crate::BuildSettings { workers: 3, ..crate::BuildSettings::default() },
        progress: std::sync::Arc::default(),
    }
}

/// Search for all values, as texts and as they are stored, with the name of each pattern.
fn search() -> (AhoCorasick, Vec<String>) {
    let mut patterns: Vec<(String, Vec<u8>)> =
        CANARIES.iter().map(|canary| (canary.column.to_owned(), canary.text.as_bytes().to_vec())).collect();
    patterns.extend(PLACED.iter().map(|text| ((*text).to_owned(), text.as_bytes().to_vec())));
    patterns.extend(stored().into_iter().map(|(column, bytes)| (format!("{column} as stored"), bytes)));
    // A part of most of the texts, also of those that were cut or masked in part.
    patterns.push(("quokka".to_owned(), b"quokka".to_vec()));
    let (names, patterns): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
    (AhoCorasick::builder().ascii_case_insensitive(true).build(patterns).unwrap(), names)
}

/// Names of patterns in all files of a folder, with one file of each, and the number of files.
fn found_in(folder: &Path) -> (BTreeMap<String, String>, usize) {
    let (search, names) = search();
    let (mut found, mut files, mut folders) = (BTreeMap::new(), 0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
                continue;
            }
            // Sockets cannot be read, and files of replaced rows disappear at any time.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            files += 1;
            for value in search.find_overlapping_iter(&bytes) {
                found.entry(names[value.pattern().as_usize()].clone()).or_insert_with(|| path.display().to_string());
            }
        }
    }
    (found, files)
}

/// The search finds each value in the files of the source, so that it would find it elsewhere.
async fn source_has_all_values_in_its_files(source: &str) {
    let mut session = client(source_server(), SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    run(&mut session, "CHECKPOINT").await;
    let oid = values(&mut session, &format!("SELECT oid FROM pg_database WHERE datname = '{source}'")).await;
    let (found, _) = found_in(&source_server().data_folder().join("base").join(oid[0].trim_matches(['(', ')'])));
    let (_, names) = search();
    let stored = stored();
    // Compressed, or stored as a number without a pattern that is long enough.
    let compressed = ["novel", "quokka-object"];
    let numbers = ["born", "2001:470:1f0b:837::9"];
    let is_searched = |name: &&String| {
        let is_text = !compressed.contains(&name.as_str()) && !numbers.contains(&name.as_str());
        is_text && !stored.contains_key(name.as_str())
    };
    let missed: BTreeSet<_> = names.iter().filter(is_searched).filter(|name| !found.contains_key(*name)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// Queries that find a text in the rows of a relation.
fn rows_with_a_value(relation: &str) -> String {
    let texts = CANARIES.iter().map(|canary| canary.text).chain(PLACED.iter().copied()).chain(["quokka"]);
    let list: Vec<_> = texts.map(|text| format!("'{text}'")).collect();
    format!(
        "SELECT t FROM {relation} x, unnest(ARRAY[{}]) t WHERE position(t IN lower(x::text)) > 0 LIMIT 5",
        list.join(", ")
    )
}

/// Names of the relations of a database in SQL.
async fn relations(session: &mut PostgresSession) -> Vec<String> {
    let sql = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = 'app' AND c.relkind IN ('r', 'p', 'm', 'v') ORDER BY 1";
    let rows = session.query(&SqlStatement::new("read", "the relations", sql), &[], &deadline()).await;
    rows.unwrap_or_else(|error| panic!("{}", error.chain())).iter().map(|row| row.get(0)).collect()
}

async fn no_role_finds_a_value(build: &Build, clone: &str) {
    let label = build.label();
    let mut superuser = client(build.preview, SUPERUSER, clone).connect(&deadline()).await.unwrap();
    run(
        &mut superuser,
        &format!("GRANT USAGE ON SCHEMA app TO {READER}; GRANT SELECT ON ALL TABLES IN SCHEMA app TO {READER}"),
    )
    .await;
    let relations = relations(&mut superuser).await;
    assert!(relations.len() >= 10, "{label}: {relations:?}");
    let statistics = ["pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"].map(str::to_owned);
    for role in [READER, SUPERUSER] {
        let mut session = client(build.preview, role, clone).connect(&deadline()).await.unwrap();
        run(&mut session, "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'").await;
        for relation in relations.iter().chain(&statistics) {
            let found = values(&mut session, &rows_with_a_value(relation)).await;
            assert_eq!(found, [""; 0], "{label}: {role}: {relation}");
        }
        // The rows and the statistics are there.
        for sql in ["SELECT count(*) FROM app.people", "SELECT count(*) FROM app.contacts"] {
            assert_eq!(values(&mut session, sql).await, ["(250)"], "{label}: {role}");
        }
        let sql = "SELECT 1 FROM pg_stats WHERE tablename = 'people' AND attname = 'city'";
        assert_eq!(values(&mut session, sql).await.len(), 1, "{label}: {role}");
    }
    let sql = "SELECT 1 FROM pg_stats_ext WHERE statistics_name = 'cities' AND most_common_vals IS NOT NULL";
    assert_eq!(values(&mut superuser, sql).await.len(), 1, "{label}");
    superuser.close(&deadline()).await.unwrap();
}

/// Output of `pg_dump` with all rows and large objects.
fn dump(server: &PostgresServer, database: &str) -> Vec<u8> {
    let output = Command::new(servers()[0].programs.join("pg_dump"))
        .args(["--host=127.0.0.1", "--blobs", &format!("--port={}", server.port), &format!("--username={SUPERUSER}")])
        .arg(database)
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_value_of_any_kind_is_nowhere_on_the_preview_server() {
    let source = "canaries";
    create_source(source).await;
    source_has_all_values_in_its_files(source).await;
    let (search, names) = search();
    let names_in = |bytes: &[u8]| -> BTreeSet<String> {
        search.find_overlapping_iter(bytes).map(|found| names[found.pattern().as_usize()].clone()).collect()
    };
    let dumped = names_in(&dump(source_server(), source));
    assert!(CANARIES.iter().all(|canary| dumped.contains(canary.column)), "{dumped:?}");

    // Servers of their own, so that all their files and their whole WAL can be searched.
    static PREVIEWS: OnceLock<Vec<PostgresServer>> = OnceLock::new();
    let start = || servers().iter().map(|server| PostgresServer::start(&server.programs).unwrap()).collect();
    for preview in PREVIEWS.get_or_init(start) {
        for role in ROLES {
            let build = build_of(preview, role, source);
            let label = build.label();
            let report = build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
            assert!(report.values > 800, "{label}: {}", report.values);
            for role in [role, READER, SUPERUSER] {
                let entered = client(preview, role, build.name.next().as_str()).connect(&deadline()).await;
                assert!(entered.is_err(), "{label}: {role}");
            }
            build.publish(0).await;
            let clone = format!("clone_{}", build.name);
            build.clone_as(&clone).await;
            no_role_finds_a_value(&build, &clone).await;
            if preview.version == servers()[0].version {
                assert_eq!(names_in(&dump(preview, &clone)), BTreeSet::new(), "{label}");
            }
        }
        let mut session = client(preview, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
        run(&mut session, "CHECKPOINT").await;
        assert_eq!(values(&mut session, "SELECT current_setting('wal_compression')").await, ["(off)"]);
        // Data files with WAL, and the log.
        let (found, files) = found_in(&preview.data_folder());
        assert!(files > 1000, "{files}");
        assert_eq!(found, BTreeMap::new(), "PostgreSQL {}", preview.version);
        assert_eq!(names_in(preview.log().as_bytes()), BTreeSet::new(), "PostgreSQL {}", preview.version);
    }
}
