//! Connection poolers are noticed.

use eod_testkit::postgres::{PoolMode, SUPERUSER, servers};

use super::connect;
use crate::{ErrorKind, postgres::PostgresConnectError};

#[tokio::test]
async fn pooler_is_refused_in_every_mode() {
    for server in servers() {
        for mode in [PoolMode::Session, PoolMode::Transaction] {
            for ignore_options in [false, true] {
                let pooler = server.pgbouncer(mode, ignore_options);
                let port = pooler.port.to_string();
                let error = connect(server, SUPERUSER, &[("port", port.as_str())]).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Invalid, "{mode:?} {ignore_options}: {}", error.chain());
                let cause = error.cause();
                assert!(matches!(cause, Some(PostgresConnectError::Pooler)), "{mode:?}: {}", error.chain());
            }
        }
    }
}
