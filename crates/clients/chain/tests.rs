use super::*;

#[derive(Debug, thiserror::Error)]
#[error("layer")]
struct Layer(#[source] io::Error);

#[test]
fn errors_inside_of_io_errors_are_found() {
    let inner = rustls::Error::General("bad".into());
    let layer = Layer(io::Error::new(io::ErrorKind::InvalidData, inner));
    assert!(find::<rustls::Error>(&layer).is_some());
    assert!(find::<serde_json::Error>(&layer).is_none());
}

#[test]
fn the_root_is_the_last_text() {
    let layer = Layer(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused"));
    assert_eq!(root(&layer), "connection refused");
}
