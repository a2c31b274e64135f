//! Credentials, roles and regions.

use std::time::Duration;

use eod_testkit::route53::TEMPORARY_KEY;

use super::fake::{Fake, deadline};
use crate::{
    ErrorKind,
    route53::{AssumedRole, AwsSettings, IdentityToken, Route53Problem, WebIdentityRole},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/dns";

/// Header `Authorization` of the last call.
fn authorization(fake: &Fake) -> String {
    fake.service.calls().pop().unwrap().call.authorization
}

#[tokio::test(start_paused = true)]
async fn call_is_signed_for_the_default_region_with_the_keys_of_the_profile() {
    let fake = Fake::new();
    fake.client().zones(&deadline()).await.unwrap();
    let signed = authorization(&fake);
    assert!(signed.contains("Credential=AKIACANARYSTATIC0000/") && signed.contains("/us-east-1/route53/"), "{signed}");
}

#[tokio::test(start_paused = true)]
async fn role_is_assumed_with_the_other_credentials() {
    let fake = Fake::new();
    let role = AssumedRole {
        role_arn: ROLE.to_owned(),
        external_id: Some("e-1".to_owned()),
        session_name: None,
        duration: Some(Duration::from_secs(900)),
    };
    let client = fake.client_with(AwsSettings { assume_role: Some(role), ..fake.settings.clone() });
    client.zones(&deadline()).await.unwrap();
    client.zones(&deadline()).await.unwrap();
    let calls = fake.service.calls();
    let actions: Vec<_> = calls.iter().map(|logged| logged.action).collect();
    assert_eq!(actions, ["AssumeRole", "ListHostedZones", "ListHostedZones"], "credentials are used until they expire");
    let sts = &calls[0].call;
    assert!(sts.authorization.contains("Credential=AKIACANARYSTATIC0000/"), "{}", sts.authorization);
    for part in ["RoleSessionName=eod", "DurationSeconds=900", "ExternalId=e-1"] {
        assert!(sts.body.contains(part), "{}", sts.body);
    }
    assert!(authorization(&fake).contains(TEMPORARY_KEY));
}

#[tokio::test(start_paused = true)]
async fn role_is_assumed_with_an_identity_token() {
    let fake = Fake::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "canary-identity-token").unwrap();
    let tokens =
        [IdentityToken::Value("canary-identity-token".to_owned().into()), IdentityToken::File(file.path().to_owned())];
    for token in tokens {
        let role =
            WebIdentityRole { role_arn: ROLE.to_owned(), session_name: Some("ci".to_owned()), duration: None, token };
        let settings = AwsSettings { assume_role_with_web_identity: Some(role), ..fake.settings.clone() };
        fake.client_with(settings).zones(&deadline()).await.unwrap();
        assert!(authorization(&fake).contains(TEMPORARY_KEY));
        let calls = fake.service.calls();
        let sts = &calls[calls.len() - 2].call;
        assert!(sts.authorization.is_empty() && sts.body.contains("WebIdentityToken=canary-identity-token"));
    }
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_and_unreadable_tokens_are_reported_without_a_call() {
    let service = Fake::new();
    let fake = Fake::with_config(service.service.clone(), service.zone.clone(), "[profile test]\nregion = eu-west-1\n");
    let error = fake.client().zones(&deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated, "{}", error.chain());
    assert!(matches!(Route53Problem::of(&error), Some(Route53Problem::NoCredentials(_))), "{error:?}");
    assert_eq!(fake.service.count("ListHostedZones"), (0, 0));

    let token = IdentityToken::File("absent/token".into());
    let role = WebIdentityRole { role_arn: ROLE.to_owned(), session_name: None, duration: None, token };
    let settings = AwsSettings { assume_role_with_web_identity: Some(role), ..fake.settings.clone() };
    let error = fake.client_with(settings).zones(&deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert!(error.chain().contains("cannot read the identity token in absent/token"), "{}", error.chain());
}
