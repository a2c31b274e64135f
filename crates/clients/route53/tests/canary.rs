//! Credentials are in no log, error or `Debug` text; and the environment of the process, in processes of their own.

use std::{process::Command, sync::Arc};

use eod_testkit::own_process::{LogBuffer, is_alone};
use eod_testkit::route53::{FakeRoute53, Route53Answer, Route53Fault, TEMPORARY_KEY};

use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
};

use super::fake::{Fake, creation, deadline};
use crate::{
    retry::RetryPolicy,
    route53::{
        AssumedRole, AwsAccess, AwsSettings, IdentityToken, Route53, Route53Limits, SILENT_TARGETS, WebIdentityRole,
        ZoneWriters,
    },
};

const ROLE: &str = "arn:aws:iam::123456789012:role/dns";

/// Variable that tells a process of this test binary to run the test of the environment.
const CHILD: &str = "EOD_TEST_ROUTE53_CHILD";

/// Settings for a server on loopback.
fn settings(fake: &Fake, server: &FakeRoute53) -> AwsSettings {
    let url = Some(server.url().to_owned());
    AwsSettings { route53_endpoint: url.clone(), sts_endpoint: url, ..fake.settings.clone() }
}

fn client(settings: AwsSettings) -> Arc<Route53> {
    let retry = RetryPolicy { first_pause: std::time::Duration::from_millis(10), ..Route53Limits::default().retry };
    let limits = Route53Limits { retry, ..Route53Limits::default() };
    Arc::new(Route53::new(AwsAccess::new(settings).unwrap(), limits))
}

#[tokio::test]
async fn credentials_are_in_no_log_error_or_debug_text() {
    if !is_alone("route53::tests::canary::credentials_are_in_no_log_error_or_debug_text") {
        return;
    }
    let (all, shown) = (LogBuffer::default(), LogBuffer::default());
    let silent = SILENT_TARGETS.map(|target| (target, LevelFilter::OFF));
    let layer = |buffer: &LogBuffer, targets: Targets| {
        let buffer = buffer.clone();
        tracing_subscriber::fmt::layer().with_writer(move || buffer.clone()).with_filter(targets)
    };
    let everything = Targets::new().with_default(LevelFilter::TRACE);
    let layers = layer(&shown, everything.clone().with_targets(silent)).and_then(layer(&all, everything));
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layers));

    let server = FakeRoute53::start();
    let zone = server.service().create_zone("acme.example", false).parse().unwrap();
    let keys = "[profile test]\naws_access_key_id = AKIACANARYSTATIC0000\naws_secret_access_key = canary-static-secret\n\
                aws_session_token = canary-static-token\n";
    let fake = Fake::with_config(server.service().clone(), zone, keys);
    let token = IdentityToken::Value("canary-identity-token".to_owned().into());
    let identity = WebIdentityRole { role_arn: ROLE.to_owned(), session_name: None, duration: None, token };
    let role = AssumedRole { role_arn: ROLE.to_owned(), external_id: None, session_name: None, duration: None };
    let logins = [
        settings(&fake, &server),
        AwsSettings { assume_role: Some(role), ..settings(&fake, &server) },
        AwsSettings { assume_role_with_web_identity: Some(identity), ..settings(&fake, &server) },
    ];
    let mut texts = Vec::new();
    for (n, settings) in logins.into_iter().enumerate() {
        let client = client(settings);
        client.zones(&deadline()).await.unwrap();
        client.all_records(&fake.zone, &deadline()).await.unwrap();
        let writers = ZoneWriters::new(Arc::clone(&client));
        writers.apply(&fake.zone, creation(&format!("pr-{n}")), &deadline()).await.unwrap();
        let refused = writers.apply(&fake.zone, creation(&format!("pr-{n}")), &deadline()).await.unwrap_err();
        let expired = Route53Fault::Answer(Route53Answer::error(403, "ExpiredToken", "The security token is expired"));
        server.service().inject(|action, _| action == "GetHostedZone", 1, expired);
        let expired = client.zone(&fake.zone, &deadline()).await.unwrap_err();
        for error in [refused, expired] {
            texts.push(format!("{error} {} {error:?}", error.chain()));
        }
        texts.push(format!("{client:?} {writers:?}"));
    }
    let (all, shown) = (all.text(), shown.text());
    assert!(all.contains("aws_smithy_runtime") && !shown.contains("aws_smithy_runtime"), "{shown}");
    assert!(shown.contains("eod_clients::send: request"), "{shown}");
    let ids = ["AKIACANARY", TEMPORARY_KEY];
    assert!(ids.iter().all(|id| all.contains(id)), "the targets are still necessary");
    assert_absent(&all, &["canary-"]);
    texts.push(shown);
    texts.iter().for_each(|text| assert_absent(text, &["canary-", "AKIACANARY", TEMPORARY_KEY]));
}

#[track_caller]
fn assert_absent(text: &str, canaries: &[&str]) {
    let found: Vec<&str> = text.lines().filter(|line| canaries.iter().any(|canary| line.contains(canary))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn output_of_a_credential_process_is_in_no_error() {
    let server = FakeRoute53::start();
    let zone: eod_domain::dns::ZoneId = server.service().create_zone("acme.example", false).parse().unwrap();
    for program in ["echo canary-output", "sh -c 'echo canary-output; echo no session >&2; exit 1'"] {
        let config = format!("[profile test]\ncredential_process = {program}\n");
        let fake = Fake::with_config(server.service().clone(), zone.clone(), &config);
        let error = client(settings(&fake, &server)).zones(&deadline()).await.unwrap_err();
        assert!(error.chain().contains("the AWS credentials cannot be loaded"), "{}", error.chain());
        assert_absent(&format!("{} {error:?}", error.chain()), &["canary-"]);
        assert_eq!(program.contains("exit 1"), error.chain().contains("no session"), "{}", error.chain());
    }
}

/// Runs in a process of its own, with the environment of the test below.
#[tokio::test]
async fn child_lists_zones_with_its_environment() {
    let Ok(endpoint) = std::env::var(CHILD) else { return };
    let explicit = Some(endpoint).filter(|endpoint| !endpoint.is_empty());
    let settings = AwsSettings { route53_endpoint: explicit.clone(), sts_endpoint: explicit, ..AwsSettings::default() };
    let result = client(settings).zones(&deadline()).await;
    match result {
        Ok(zones) => println!("zones: {}", zones.len()),
        Err(error) => println!("error: {}", error.chain()),
    }
}

/// Output of the child with these variables and no others of AWS.
fn child(endpoint: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "route53::tests::canary::child_lists_zones_with_its_environment", "--nocapture"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let home = tempfile::tempdir().unwrap();
    command.env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true").env(CHILD, endpoint);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn empty_variables_of_the_environment_count_as_unset() {
    let server = FakeRoute53::start();
    server.service().create_zone("acme.example", false);
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAX"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let with = |more: &[(&'static str, &'static str)]| [&keys[..], more].concat();

    let empty = with(&[("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_ROUTE_53", ""), ("AWS_REGION", "")]);
    assert!(child(server.url(), &empty).contains("zones: 1"));
    let by_environment: Vec<(&str, &str)> =
        keys.iter().copied().chain([("AWS_ENDPOINT_URL_ROUTE_53", server.url()), ("AWS_ENDPOINT_URL", "")]).collect();
    assert!(child("", &by_environment).contains("zones: 1"));

    let calls = server.service().calls();
    assert!(calls.iter().all(|logged| logged.call.authorization.contains("/us-east-1/route53/")), "no region is set");
}

#[test]
fn empty_endpoint_does_not_stop_the_web_identity_of_the_environment() {
    let server = FakeRoute53::start();
    server.service().create_zone("acme.example", false);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "canary-identity-token").unwrap();
    let file = token.path().to_str().unwrap();
    let variables = [("AWS_ENDPOINT_URL", ""), ("AWS_WEB_IDENTITY_TOKEN_FILE", file), ("AWS_ROLE_ARN", ROLE)];
    assert!(child(server.url(), &variables).contains("zones: 1"));
}

#[test]
fn missing_credentials_are_reported() {
    let server = FakeRoute53::start();
    let text = child(server.url(), &[]);
    let expected = "error: cannot list hosted zones: the AWS credentials cannot be loaded";
    assert!(text.contains(expected), "{text}");
    assert!(server.service().calls().is_empty());
}
