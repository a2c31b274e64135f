//! A disk that is full in the middle of a build: one clear error, nothing left, the published version untouched.

use std::process::Command;

use eod_clients::ErrorKind;
use eod_testkit::postgres::{ADMIN, LoopFileSystem, LoopMount, PostgresServer, SUPERUSER, servers};

use super::{Build, MARKER, source_server};
use crate::{
    BuildError, GoldenState, LoadError, MaskedCopyError,
    tests::on_postgres::{client, deadline, run, values},
};

/// Rows of the table that does not fit, of a kilobyte each.
const ROWS: &str = "\
ALTER EVENT TRIGGER watch DISABLE;
CREATE TABLE app.archive AS SELECT i AS id, string_agg(md5(i::text || j), '') AS text
FROM generate_series(1, 60000) i, generate_series(1, 32) j GROUP BY i";
/// Space in bytes that is left for the build: enough for all other tables.
const SPACE: u64 = 32 << 20;

/// Free bytes of a file system.
fn free(mount: &LoopMount) -> u64 {
    let found = Command::new("df").args(["--output=avail", "--block-size=1"]).arg(&mount.folder).output().unwrap();
    let text = String::from_utf8(found.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_in_the_middle_of_a_build_leaves_the_published_version() {
    let Some(mount) = LoopMount::create(LoopFileSystem::Xfs) else { return };
    let server = PostgresServer::start(&servers().last().unwrap().programs).unwrap();
    // The server of a test lives as long as its builds. WAL is on another file system, as the guide recommends.
    let server: &'static PostgresServer = Box::leak(Box::new(server));
    let mut superuser = client(server, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    let space = format!("CREATE TABLESPACE small LOCATION '{}'", mount.folder.display());
    for sql in
        [space.as_str(), "GRANT CREATE ON TABLESPACE small TO PUBLIC", "ALTER SYSTEM SET default_tablespace = small"]
    {
        run(&mut superuser, sql).await;
    }
    run(&mut superuser, "SELECT pg_reload_conf()").await;

    let build = Build::create(server, ADMIN).await;
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let published = build.publish(1).await.published;
    let mut source = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    run(&mut source, ROWS).await;
    source.close(&deadline()).await.unwrap();
    let text = format!("{}  app.archive: keep\n", build.policy_text);
    let build = build.with_policy(text);
    // The space is reserved and not written.
    let ballast = mount.folder.join("ballast");
    let size = (free(&mount) - SPACE).to_string();
    let reserved = Command::new("fallocate").args(["-l", &size]).arg(&ballast).output().unwrap();
    assert!(reserved.status.success(), "{reserved:?}");

    let error = build.run().await.expect_err("a full disk");
    let BuildError::Copy(copy) = &error else { panic!("{error:?}") };
    let MaskedCopyError::Load(LoadError::Statement { table, source }) = &**copy else { panic!("{error:?}") };
    assert_eq!((table.to_string().as_str(), source.kind), ("app.archive", ErrorKind::Unavailable));
    let text = error.chain();
    assert!(text.contains("cannot load table app.archive") && text.contains("No space left on device"), "{text}");
    assert!(!text.to_lowercase().contains(MARKER), "{text}");

    // Nothing is left, the server runs, and the published version is the former one.
    let mut goldens = build.goldens().await;
    assert_eq!(goldens.look(&build.name.next(), &deadline()).await.unwrap(), GoldenState::Absent);
    assert_eq!(goldens.look(&build.name, &deadline()).await.unwrap(), GoldenState::Finished(published));
    run(&mut superuser, "CHECKPOINT").await;
    let left = free(&mount);
    assert!(left > SPACE / 2, "{left} bytes are free");
    let databases = format!("SELECT datname FROM pg_database WHERE datname LIKE '{}%'", build.name);
    assert_eq!(values(&mut superuser, &databases).await, [format!("({})", build.name)]);

    std::fs::remove_file(ballast).unwrap();
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    // The mount is removed after the server has left it.
    goldens.destroy(&build.name.next(), &deadline()).await.unwrap();
    goldens.destroy(&build.name, &deadline()).await.unwrap();
    for sql in ["ALTER SYSTEM RESET default_tablespace", "SELECT pg_reload_conf()", "DROP TABLESPACE small"] {
        run(&mut superuser, sql).await;
    }
}
