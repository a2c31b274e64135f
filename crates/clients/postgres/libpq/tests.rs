use crate::postgres::{PostgresAccess, PostgresSettings};

fn access(text: &str) -> PostgresAccess {
    PostgresAccess::new(&PostgresSettings::parse(text).unwrap()).unwrap()
}

fn environment(access: &PostgresAccess) -> Vec<String> {
    access.libpq_environment().iter().map(|(name, value)| format!("{name}={}", value.as_str())).collect()
}

#[test]
fn settings_become_the_variables_of_libpq() {
    let access = access(
        "postgresql://alice:pa%20ss@db.example:6432/shop?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem\
         &sslkey=/k.pem&application_name=eod&connect_timeout=7&passfile=/p&channel_binding=require\
         &target_session_attrs=standby&options=-c%20geqo%3Doff",
    );
    let found = environment(&access);
    for expected in [
        "PGHOST=db.example",
        "PGPORT=6432",
        "PGDATABASE=shop",
        "PGUSER=alice",
        "PGPASSWORD=pa ss",
        "PGSSLMODE=verify-full",
        "PGSSLROOTCERT=/ca.pem",
        "PGSSLCERT=/c.pem",
        "PGSSLKEY=/k.pem",
        "PGAPPNAME=eod",
        "PGCONNECT_TIMEOUT=7",
        "PGPASSFILE=/p",
        "PGCHANNELBINDING=require",
        "PGTARGETSESSIONATTRS=standby",
        "PGOPTIONS=-c geqo=off",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is missing in {found:?}");
    }
    assert!(!found.iter().any(|variable| variable.starts_with("PGHOSTADDR=")), "{found:?}");
}

#[test]
fn address_of_a_named_host_and_the_folder_of_a_socket_are_kept() {
    let access = access("host=db.example,/run/pg hostaddr=192.0.2.7, port=5433 user=bob dbname=shop");
    let found = environment(&access);
    for expected in ["PGHOST=db.example,/run/pg", "PGHOSTADDR=192.0.2.7,", "PGPORT=5433,5433", "PGDATABASE=shop"] {
        assert!(found.contains(&expected.to_owned()), "{expected} is missing in {found:?}");
    }
    assert!(!found.iter().any(|variable| variable.starts_with("PGPASSWORD=")), "{found:?}");
}

#[test]
fn description_has_neither_user_nor_password() {
    let access = access("postgresql://alice:secret@db.example/shop");
    assert_eq!(access.described(), "db.example:5432/shop");
}
