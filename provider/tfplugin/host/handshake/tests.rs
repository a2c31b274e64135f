use super::*;

#[test]
fn the_line_has_six_fields() {
    let der = CertificateDer::from(vec![0xff, 0xfe, 0xfd, 0xfc]);
    let unix = Address::Unix("/run/x/plugin.sock".to_owned());
    assert_eq!(line(&unix, Some(&der), false), "1|6|unix|/run/x/plugin.sock|grpc|//79/A");
    assert_eq!(line(&unix, None, false), "1|6|unix|/run/x/plugin.sock|grpc|");
    let tcp = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 10_001)));
    assert_eq!(line(&tcp, None, false), "1|6|tcp|127.0.0.1:10001|grpc|");
}

#[test]
fn the_line_has_a_seventh_field_for_multiplexing() {
    let tcp = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(line(&tcp, None, true), "1|6|tcp|127.0.0.1:1|grpc||false");
}

#[test]
fn reattach_is_json_in_single_quotes() {
    let meta =
        Meta { name: "demo", registry_address: "registry.terraform.io/acme/demo", version: "1.2.3", silent: &[] };
    let text = reattach(&meta, &Address::Unix("/a/b'c".to_owned()), 42);
    let json = text.strip_prefix("TF_REATTACH_PROVIDERS='").unwrap().strip_suffix('\'').unwrap().replace("'\\''", "'");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let provider = &value["registry.terraform.io/acme/demo"];
    assert_eq!(provider["ProtocolVersion"], json!(6));
    assert_eq!(provider["Pid"], json!(42));
    assert_eq!(provider["Test"], json!(true));
    assert_eq!(provider["Addr"], json!({ "Network": "unix", "String": "/a/b'c" }));
}
