//! Builds that are killed at any moment: the database is closed and marked, and the next build is whole. The kill at each kind
//! of statement is in [`super::statements`].

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use eod_testkit::postgres::{ADMIN, READER, SUPERUSER, servers};

use super::Build;
use crate::{
    GoldenState, VersionStage,
    tests::on_postgres::{client, client_at, deadline, run},
};

/// Rounds with a killed builder, and with a killed server process.
const ROUNDS: u32 = 12;
/// Variable with the description of the build that a child runs.
const CHILD: &str = "EOD_GOLDEN_CHILD_BUILD";

/// The builder that is killed. It is another process, and runs this test only.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_builds() {
    let Ok(described) = std::env::var(CHILD) else { return };
    let mut fields = described.split(' ');
    let mut next = || fields.next().unwrap().to_owned();
    let (preview, source_port, programs) = (next(), next(), next());
    let (source, installation, name) = (next(), next(), next());
    let at = |port: &str, user, database| client_at(port.parse().unwrap(), user, database, &installation);
    let (server, source) = (at(&preview, ADMIN, "postgres"), at(&source_port, SUPERUSER, &source));
    let text = super::shop::POLICY.replace("version: 1\n", "version: 1\nroles: [build_app]\n");
    let policy = super::policy(&text);
    let request = crate::BuildRequest {
        server: &server,
        installation: &installation,
        name: &crate::GoldenName::new(&name).unwrap(),
        policy: &policy,
        policy_text: text.as_bytes(),
        key: &super::super::key(),
        settings: crate::BuildSettings::default(),
        progress: std::sync::Arc::new(()),
    };
    let tools = crate::ToolSearch { folder: Some(programs.into()), path: None };
    let build = crate::GoldenBuild { request, source: &source, tools };
    build.run(&deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
}

/// Another process that builds. `port` is that of the preview server or of a proxy in front of it.
pub(super) fn child(build: &Build, port: u16) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::on_postgres::builds::kill::child_that_builds", "--test-threads=1"]);
    let described = [
        port.to_string(),
        super::source_server().port.to_string(),
        servers()[0].programs.display().to_string(),
        build.source.clone(),
        build.installation.clone(),
        build.name.to_string(),
    ];
    command.env(CHILD, described.join(" ")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Only the builder's role and superusers can enter what a killed build has left, and it is not published.
pub(super) async fn what_is_left_is_closed_and_marked(build: &Build) {
    let next = build.name.next();
    let reader = client(build.preview, READER, next.as_str()).connect(&deadline()).await;
    assert!(reader.is_err(), "{}", build.label());
    let state = build.goldens().await.look(&next, &deadline()).await.unwrap();
    assert!(!matches!(state, GoldenState::Foreign { .. }), "{state:?}");
    let listed = build.goldens().await.list(&deadline()).await.unwrap();
    let is_good = listed.iter().all(|version| {
        matches!(version.state, VersionStage::Unfinished | VersionStage::Built) && version.name == build.name.as_str()
    });
    assert!(is_good, "{listed:?}");
}

pub(super) async fn next_build_is_whole(build: &Build) {
    let mut done = build.run().await;
    let begun = Instant::now();
    while matches!(&done, Err(error) if error.to_string().contains("is running"))
        && begun.elapsed() < Duration::from_secs(60)
    {
        // The server notices the end of the killed builder.
        tokio::time::sleep(Duration::from_millis(100)).await;
        done = build.run().await;
    }
    let report = done.unwrap_or_else(|error| panic!("{}: {}", build.label(), error.chain()));
    assert_eq!(report.tables.iter().find(|table| table.name.name == "customers").unwrap().rows, 201);
    let listed = build.goldens().await.list(&deadline()).await.unwrap();
    assert_eq!(listed.iter().map(|version| version.state).collect::<Vec<_>>(), [VersionStage::Built], "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_builder_leaves_a_closed_database_and_the_next_build_is_whole() {
    let build = Build::create(servers().last().unwrap(), ADMIN).await;
    let begun = Instant::now();
    assert!(child(&build, build.preview.port).status().unwrap().success());
    let whole = begun.elapsed();
    for round in 0..ROUNDS {
        let mut child = child(&build, build.preview.port).spawn().unwrap();
        tokio::time::sleep(whole * round / ROUNDS).await;
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        what_is_left_is_closed_and_marked(&build).await;
    }
    next_build_is_whole(&build).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_server_process_fails_the_build_and_the_next_one_is_whole() {
    let build = Build::create(servers().last().unwrap(), ADMIN).await;
    let begun = Instant::now();
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    let whole = begun.elapsed();
    let mut superuser = client(build.preview, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    for round in 0..ROUNDS {
        let pause = whole * round / ROUNDS;
        let end = async {
            tokio::time::sleep(pause).await;
            // SIGKILL of a process would restart the whole server, and with it the other tests.
            let sql = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = '{0}' OR application_name LIKE '{0}:%' OR datname = '{1}'",
                build.installation,
                build.name.next()
            );
            run(&mut superuser, &sql).await;
        };
        let (done, ()) = tokio::join!(build.run(), end);
        if done.is_err() {
            what_is_left_is_closed_and_marked(&build).await;
        }
    }
    next_build_is_whole(&build).await;
}
