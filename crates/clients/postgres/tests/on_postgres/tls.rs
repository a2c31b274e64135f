//! Modes of TLS, client certificates, channel binding, Unix sockets, kinds of sessions.

use eod_testkit::postgres::{CERTIFIED, PLAIN_ONLY, PostgresServer, SUPERUSER, TLS_ONLY, servers};

use super::{client, connect, deadline, settings};
use crate::{
    ErrorKind,
    postgres::{PostgresConnectError, PostgresFailure},
    server::{ConnectionFailure, ConnectionProblem},
};

/// True if a connection has TLS, or the error.
async fn encrypted(server: &PostgresServer, user: &str, more: &[(&str, &str)]) -> Result<bool, String> {
    match connect(server, user, more).await {
        Ok(session) => Ok(session.is_encrypted()),
        Err(error) => Err(error.chain()),
    }
}

#[tokio::test]
async fn modes_choose_tls_as_libpq_does() {
    for server in servers() {
        for (mode, user, expected) in [
            ("disable", SUPERUSER, Some(false)),
            ("allow", SUPERUSER, Some(false)),
            ("prefer", SUPERUSER, Some(true)),
            ("require", SUPERUSER, Some(true)),
            ("disable", TLS_ONLY, None),
            ("allow", TLS_ONLY, Some(true)),
            ("prefer", TLS_ONLY, Some(true)),
            ("allow", PLAIN_ONLY, Some(false)),
            ("prefer", PLAIN_ONLY, Some(false)),
            ("require", PLAIN_ONLY, None),
        ] {
            let seen = encrypted(server, user, &[("sslmode", mode)]).await;
            assert_eq!(seen.clone().ok(), expected, "{mode} {user}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn certificates_are_verified_by_authority_and_name() {
    for server in servers() {
        let (authority, other) = (&server.certificates.authority, &server.certificates.other_authority);
        let (authority, other) = (authority.to_str().unwrap(), other.to_str().unwrap());
        // The certificate is for `localhost` and not for 127.0.0.1.
        for (mode, root, host, accepted) in [
            ("verify-full", authority, "localhost", true),
            ("verify-full", authority, "127.0.0.1", false),
            ("verify-full", other, "localhost", false),
            ("verify-ca", authority, "127.0.0.1", true),
            ("verify-ca", other, "localhost", false),
            ("require", "", "127.0.0.1", true),
            ("require", authority, "127.0.0.1", true),
            ("require", other, "localhost", false),
        ] {
            let more = [("sslmode", mode), ("sslrootcert", root), ("host", host), ("hostaddr", "127.0.0.1")];
            match connect(server, SUPERUSER, &more).await {
                Ok(session) => assert!(accepted && session.is_encrypted(), "{more:?}"),
                Err(error) => {
                    let problem = ConnectionFailure::of(&error).map(|failure| failure.problem);
                    assert_eq!((accepted, problem), (false, Some(ConnectionProblem::Untrusted)), "{}", error.chain());
                }
            }
        }
        let error = connect(server, SUPERUSER, &[("sslmode", "verify-ca")]).await.unwrap_err();
        assert!(matches!(error.cause(), Some(PostgresConnectError::NoAuthority)), "{}", error.chain());
        let system = encrypted(server, SUPERUSER, &[("sslrootcert", "system")]).await;
        assert!(system.is_err(), "the system does not trust the authority of the kit");
        let absent = [("sslmode", "require"), ("sslrootcert", "/absent/root.pem")];
        let error = connect(server, SUPERUSER, &absent).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.chain().contains("cannot read the certificate authority /absent/root.pem"), "{}", error.chain());
    }
}

#[tokio::test]
async fn client_certificate_logs_in_without_a_password() {
    for server in servers() {
        let files = &server.certificates;
        let (certificate, key) = (files.client.to_str().unwrap(), files.client_key.to_str().unwrap());
        let with = [("sslmode", "require"), ("sslcert", certificate), ("sslkey", key), ("password", "")];
        assert_eq!(encrypted(server, CERTIFIED, &with).await, Ok(true));
        let without = encrypted(server, CERTIFIED, &[("sslmode", "require")]).await.unwrap_err();
        assert!(without.contains("certificate"), "{without}");
        let half = connect(server, CERTIFIED, &[("sslmode", "require"), ("sslcert", certificate)]).await.unwrap_err();
        assert!(matches!(half.cause(), Some(PostgresConnectError::HalfCertificate)), "{}", half.chain());
    }
}

#[tokio::test]
async fn channel_binding_is_used_or_refused() {
    for server in servers() {
        let bound = [("sslmode", "require"), ("channel_binding", "require")];
        assert_eq!(encrypted(server, SUPERUSER, &bound).await, Ok(true));
        let plain = [("sslmode", "disable"), ("channel_binding", "require")];
        let error = connect(server, SUPERUSER, &plain).await.unwrap_err();
        assert!(matches!(error.cause(), Some(PostgresConnectError::ChannelBinding)), "{}", error.chain());
        // A login by certificate has no channel binding.
        let files = &server.certificates;
        let (certificate, key) = (files.client.to_str().unwrap(), files.client_key.to_str().unwrap());
        let certified =
            [("sslmode", "require"), ("sslcert", certificate), ("sslkey", key), ("channel_binding", "require")];
        let error = connect(server, CERTIFIED, &certified).await.unwrap_err();
        assert!(matches!(error.cause(), Some(PostgresConnectError::ChannelBinding)), "{}", error.chain());
    }
}

#[tokio::test]
async fn refused_login_is_unauthenticated() {
    for server in servers() {
        let error = connect(server, SUPERUSER, &[("password", "wrong")]).await.unwrap_err();
        let failure = error.cause::<PostgresFailure>().unwrap();
        assert_eq!((error.kind, failure.sqlstate.as_str()), (ErrorKind::Unauthenticated, "28P01"));
        assert_eq!(error.to_string(), "cannot connect to database `postgres`");
        let error = connect(server, SUPERUSER, &[("password", "")]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
        assert!(matches!(error.cause(), Some(PostgresConnectError::NoPassword)), "{}", error.chain());
        let error = connect(server, SUPERUSER, &[("dbname", "absent")]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{}", error.chain());
    }
}

#[tokio::test]
async fn unix_socket_has_no_tls() {
    for server in servers() {
        let mut settings = settings(server, SUPERUSER, &[("sslmode", "require")]);
        settings.set("host", server.socket_folder.to_str().unwrap()).unwrap();
        settings.set("hostaddr", "").unwrap();
        let session = client(&settings).connect(&deadline()).await.unwrap();
        assert!(!session.is_encrypted());
    }
}

#[tokio::test]
async fn kind_of_session_is_checked() {
    for server in servers() {
        let read_only = ("options", "-c default_transaction_read_only=on");
        for (attributes, options, accepted) in [
            ("read-write", ("options", ""), true),
            ("read-write", read_only, false),
            ("read-only", read_only, true),
            ("read-only", ("options", ""), false),
            ("primary", read_only, true),
            ("standby", ("options", ""), false),
            ("prefer-standby", ("options", ""), true),
        ] {
            let more = [("target_session_attrs", attributes), options];
            match connect(server, SUPERUSER, &more).await {
                Ok(_) => assert!(accepted, "{more:?}"),
                Err(error) => {
                    assert!(!accepted, "{more:?}: {}", error.chain());
                    let cause = error.cause();
                    assert!(matches!(cause, Some(PostgresConnectError::Attributes { .. })), "{}", error.chain());
                }
            }
        }
    }
}
