//! Connections that are reset or stalled.

use std::time::Duration;

use eod_testkit::{
    postgres::{SUPERUSER, servers},
    tcp_proxy::{TcpProxy, Traffic},
};

use super::{connect, deadline, short, statement, value};
use crate::{
    ErrorKind,
    server::{ConnectionFailure, ConnectionProblem},
};

#[tokio::test]
async fn reset_during_a_statement_has_an_unknown_outcome() {
    for server in servers() {
        let proxy = TcpProxy::start(server.port);
        let port = proxy.address.port().to_string();
        let mut session = connect(server, SUPERUSER, &[("port", port.as_str())]).await.unwrap();
        let (sleep, limit) = (statement("SELECT pg_sleep(600)"), deadline());
        let (result, ()) = tokio::join!(session.query(&sleep, &[], &limit), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            proxy.set(Traffic::Reset);
        });
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Unavailable, true), "{}", error.chain());
        let problem = ConnectionFailure::of(&error).map(|failure| failure.problem);
        assert_eq!(problem, Some(ConnectionProblem::Broken), "{}", error.chain());
        assert!(error.chain().contains(&format!("127.0.0.1:{port}")), "{}", error.chain());
    }
}

#[tokio::test]
async fn stalled_statement_times_out_and_ends_its_session() {
    for server in servers() {
        let proxy = TcpProxy::start(server.port);
        let port = proxy.address.port().to_string();
        let mut session = connect(server, SUPERUSER, &[("port", port.as_str())]).await.unwrap();
        proxy.set(Traffic::Stalled);
        let error = session.batch(&statement("SELECT 1"), &short()).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Timeout, true), "{}", error.chain());
        // The statement, and one cancel request or two.
        assert!(proxy.accepted() >= 2);
        let error = session.batch(&statement("SELECT 1"), &deadline()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{}", error.chain());
    }
}

#[tokio::test]
async fn next_host_is_tried_if_one_cannot_be_reached() {
    for server in servers() {
        let proxy = TcpProxy::start(server.port);
        proxy.set(Traffic::Stalled);
        let ports = format!("{},1,{}", proxy.address.port(), server.port);
        let hosts = [
            ("host", "localhost,localhost,localhost"),
            ("hostaddr", "127.0.0.1,127.0.0.1,127.0.0.1"),
            ("port", ports.as_str()),
            ("connect_timeout", "1"),
        ];
        let mut session = connect(server, SUPERUSER, &hosts).await.unwrap();
        assert_eq!(value(&mut session, "1").await, "1");

        let error = connect(server, SUPERUSER, &[("port", "1")]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let text = "cannot connect to database `postgres`: PostgreSQL at 127.0.0.1:1 cannot be reached: ";
        assert!(error.chain().starts_with(text), "{}", error.chain());
    }
}

#[tokio::test]
async fn stalled_login_times_out() {
    for server in servers() {
        let proxy = TcpProxy::start(server.port);
        proxy.set(Traffic::Stalled);
        let port = proxy.address.port().to_string();
        let settings = super::settings(server, SUPERUSER, &[("port", port.as_str())]);
        let error = super::client(&settings).connect(&short()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{}", error.chain());
    }
}
