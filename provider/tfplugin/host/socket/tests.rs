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
async fn a_port_replaces_a_socket_that_cannot_be_created() {
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
async fn a_port_never_replaces_the_directory_of_the_host() {
    let wish = [("PLUGIN_UNIX_SOCKET_DIR", "/nowhere/at/all")].into_iter().collect();
    assert!(matches!(bind(SocketKind::Unix, &wish, true), Err(HostError::SocketDirectory { .. })));
}

#[tokio::test]
async fn the_first_free_port_of_the_range_is_used() {
    let first = tcp(0..=0).unwrap();
    let used = port(&first);
    let error = tcp(used..=used).err().unwrap();
    assert!(matches!(error, HostError::NoFreePort { low, high, .. } if low == used && high == used));
    let second = tcp(used..=used.saturating_add(50)).unwrap();
    assert!((used + 1..=used.saturating_add(50)).contains(&port(&second)));
}
