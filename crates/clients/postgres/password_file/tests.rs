use std::{io::Write, os::unix::fs::OpenOptionsExt};

use secrecy::ExposeSecret;

use super::*;

#[test]
fn first_matching_line_has_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
    let lines =
        "# db:5432:shop:alice:no\ndb:5432:other:alice:no\ndb:*:shop:al\\:ice:a\\\\b\\:c\n*:*:*:*:last:ignored\n";
    opened.write_all(lines.as_bytes()).unwrap();
    let found = |user| {
        let password = read(&file, "db", 5432, "shop", user).unwrap();
        password.map(|password| password.expose_secret().to_owned())
    };
    assert_eq!(found("al:ice").as_deref(), Some("a\\b:c"));
    assert_eq!(found("bob").as_deref(), Some("last"));
    assert!(read(&folder.path().join("absent"), "db", 1, "x", "y").unwrap().is_none());

    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = read(&file, "db", 5432, "shop", "bob").unwrap_err();
    assert!(error.to_string().contains("other users can read the password file"), "{error}");
}
