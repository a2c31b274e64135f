use super::*;

fn refused(settings: AwsSettings) -> String {
    AwsAccess::new(settings).unwrap_err().to_string()
}

#[test]
fn invalid_settings_name_their_argument() {
    let settings = AwsSettings::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        refused(AwsSettings { region: text(""), ..settings() }),
        "region is an empty string; set a value, or remove the argument"
    );
    for endpoint in ["route53", "ftp://host", "http://"] {
        let error = refused(AwsSettings { route53_endpoint: text(endpoint), ..settings() });
        assert!(error.starts_with(&format!("endpoints.route53 `{endpoint}` is not a URL")), "{error}");
    }
    let role = AssumedRole { role_arn: "dns".to_owned(), external_id: None, session_name: None, duration: None };
    let error = refused(AwsSettings { assume_role: Some(role.clone()), ..settings() });
    assert!(error.starts_with("assume_role.role_arn `dns` is not the ARN of a role"), "{error}");
    let role = AssumedRole { role_arn: "arn:aws:iam::123456789012:role/dns".to_owned(), ..role };
    let named = AssumedRole { session_name: text("a b"), ..role.clone() };
    assert!(refused(AwsSettings { assume_role: Some(named), ..settings() }).contains("is not a session name"));
    let short = AssumedRole { duration: Some(Duration::from_secs(60)), ..role.clone() };
    assert!(
        refused(AwsSettings { assume_role: Some(short), ..settings() })
            .ends_with("from 15 minutes to 12 hours, got 60 s")
    );
    AwsAccess::new(AwsSettings { assume_role: Some(role), route53_endpoint: text("http://127.0.0.1:1"), ..settings() })
        .unwrap();
}

#[test]
fn identity_token_is_not_shown() {
    let token = IdentityToken::Value("canary".to_owned().into());
    let role_arn = "arn:aws:iam::123456789012:role/dns".to_owned();
    let role = WebIdentityRole { role_arn, session_name: None, duration: None, token };
    let access =
        AwsAccess::new(AwsSettings { assume_role_with_web_identity: Some(role), ..AwsSettings::default() }).unwrap();
    assert!(!format!("{access:?}").contains("canary"), "{access:?}");
}
