use super::*;

fn environment(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn settings_have_priority_over_environment_variables() {
    let environment = environment(&[("VAULT_ADDR", "https://env"), ("VAULT_NAMESPACE", "team"), ("VAULT_TOKEN", "t")]);
    let settings = VaultSettings { address: Some("https://block".to_owned()), ..VaultSettings::default() };
    let settings = settings.or_environment(environment).unwrap();
    assert_eq!(settings.address.as_deref(), Some("https://block"));
    assert_eq!(settings.namespace.as_deref(), Some("team"));
    assert!(matches!(settings.auth, Some(Auth::Token(_))));
    assert_eq!(VaultAccess::new(settings).unwrap().describe(), "Vault at https://block, namespace `team`");
}

#[test]
fn empty_variables_count_as_not_set() {
    let empty =
        environment(&[("VAULT_ADDR", ""), ("VAULT_TOKEN", ""), ("VAULT_SKIP_VERIFY", ""), ("VAULT_CACERT", "")]);
    let settings = VaultSettings::default().or_environment(empty).unwrap();
    assert_eq!(settings.skip_verify, None);
    assert!(settings.address.is_none() && settings.auth.is_none() && settings.ca_cert.is_none());
    let access = VaultAccess::new(settings).unwrap();
    assert!(!access.skip_verify && matches!(access.authority, Authority::System));
}

#[test]
fn skip_verify_has_the_booleans_of_the_official_client() {
    for (text, expected) in [("1", Some(true)), ("True", Some(true)), ("0", Some(false)), ("F", Some(false))] {
        let settings =
            VaultSettings::default().or_environment(|name| (name == "VAULT_SKIP_VERIFY").then(|| text.to_owned()));
        assert_eq!(settings.unwrap().skip_verify, expected);
    }
    let wrong = VaultSettings::default().or_environment(environment(&[("VAULT_SKIP_VERIFY", "yes")]));
    assert_eq!(wrong.unwrap_err(), VaultAccessError::BadBool { variable: "VAULT_SKIP_VERIFY", got: "yes".to_owned() });
    let given = VaultSettings { skip_verify: Some(false), ..VaultSettings::default() };
    let given = given.or_environment(environment(&[("VAULT_SKIP_VERIFY", "true")])).unwrap();
    assert_eq!(given.skip_verify, Some(false));
}

#[test]
fn addresses() {
    let parse =
        |text: &str| VaultAccess::new(VaultSettings { address: Some(text.to_owned()), ..VaultSettings::default() });
    for good in ["https://vault:8200", "http://127.0.0.1:8200/", "https://host/vault", " https://host "] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for bad in ["vault:8200", "vault", "unix:///run/x", "https://u:p@host", "https://host?x=1", "ftp://host"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn logins() {
    let parse = |auth: Auth| VaultAccess::new(VaultSettings { auth: Some(auth), ..VaultSettings::default() });
    let token = |text: &str| Auth::Token(text.to_owned().into());
    assert!(parse(token("hvs.x")).is_ok());
    assert_eq!(parse(token("x\n")).unwrap_err(), VaultAccessError::Unsendable { field: "auth.token" });
    assert_eq!(parse(token("")).unwrap_err(), VaultAccessError::Empty { field: "auth.token" });
    let role = |mount: &str| Auth::AppRole {
        role_id: "r".to_owned(),
        secret_id: "s".to_owned().into(),
        mount: Some(mount.to_owned()),
    };
    assert!(parse(role("team/approle/")).is_ok());
    for bad in ["../token", "auth/approle", "a//b"] {
        assert!(parse(role(bad)).is_err(), "{bad}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let auth = Auth::AppRole { role_id: "role".to_owned(), secret_id: "canary".to_owned().into(), mount: None };
    let settings = VaultSettings { auth: Some(auth), ..VaultSettings::default() };
    let shown = format!("{settings:?} {:?}", VaultAccess::new(settings.clone()).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    let token = VaultSettings { auth: Some(Auth::Token("canary".to_owned().into())), ..VaultSettings::default() };
    let shown = format!("{token:?} {:?}", VaultAccess::new(token.clone()).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}
