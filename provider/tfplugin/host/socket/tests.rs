use super::*;

fn port(bound: &Bound) -> u16 {
    match &bound.address {
        Address::Tcp(address) => {
            assert!(address.ip().is_loopback());
            address.port()
        }
        Address::Unix(path) => panic!("expected a port, got {path}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_that_cannot_be_is_a_port() {
    let error = || HostError::SocketPath { path: "/x".into(), limit: 100 };
    assert_ne!(port(&or_port(error(), &ProcessEnvironment::default()).unwrap()), 0);
    let held = tcp(0..=0).unwrap();
    let used = port(&held).to_string();
    let full = [("PLUGIN_MIN_PORT", used.as_str()), ("PLUGIN_MAX_PORT", used.as_str())].into_iter().collect();
    assert!(matches!(or_port(error(), &full), Err(HostError::SocketPath { .. })));
    drop(held);
}

#[cfg(unix)]
#[tokio::test]
async fn the_hosts_own_directory_is_never_left_for_a_port() {
    let wish = [("PLUGIN_UNIX_SOCKET_DIR", "/nowhere/at/all")].into_iter().collect();
    assert!(matches!(bind(SocketKind::Unix, &wish, true), Err(HostError::SocketDirectory { .. })));
}

#[tokio::test]
async fn a_port_of_the_range_is_taken_and_a_used_one_skipped() {
    let first = tcp(0..=0).unwrap();
    let used = port(&first);
    let error = tcp(used..=used).err().unwrap();
    assert!(matches!(error, HostError::NoFreePort { low, high, .. } if low == used && high == used));
    let second = tcp(used..=used.saturating_add(50)).unwrap();
    assert!((used + 1..=used.saturating_add(50)).contains(&port(&second)));
}
