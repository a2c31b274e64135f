use super::*;

#[test]
fn reference_has_mount_path_and_field() {
    let (secret, field) = parsed("--key-vault", "secret/team/preview#masking#key").unwrap();
    assert_eq!((secret.to_string().as_str(), field), ("secret/team/preview", "masking#key"));
    for wrong in ["secret/preview", "secret/preview#", "preview#key", "#key"] {
        let failure = parsed("--key-vault", wrong).unwrap_err();
        assert!(failure.text().starts_with("error: --key-vault: "), "{}", failure.text());
    }
}

#[test]
fn missing_credentials_address_and_rights_have_a_remedy() {
    let error = |kind| ClientError::new("Vault", "read", "secret `team/preview`", kind);
    let remedy = |error: &ClientError, path| failure("--key-vault", error, path).remedy_text().unwrap().to_owned();
    let not_set = error(ErrorKind::Invalid).because(VaultConnectError::NoAddress);
    assert_eq!(remedy(&not_set, None), "set VAULT_ADDR, or `vault.address` in the configuration file");
    for unknown in [error(ErrorKind::Invalid).because(VaultConnectError::NoAuth), error(ErrorKind::Unauthenticated)] {
        assert_eq!(remedy(&unknown, None), LOGIN_REMEDY);
    }
    let denied = error(ErrorKind::Denied);
    let policy = "give the token a policy with `path \"secret/data/preview\" { capabilities = [\"read\"] }`";
    assert_eq!(remedy(&denied, Some("secret/data/preview")), policy);
    assert!(remedy(&denied, None).starts_with("correct --key-vault, or give the token a policy"));
    assert!(failure("--key-vault", &error(ErrorKind::Other), None).remedy_text().is_none());
}

#[test]
fn missing_field_names_those_that_exist_without_their_values() {
    assert_eq!(fields_remedy(["dsn", "key"].into_iter()), "name one of its fields: `dsn`, `key`");
    assert_eq!(fields_remedy([].into_iter()), "the secret has no fields; write it");
}
