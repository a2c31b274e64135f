use super::*;

fn verifier(client: &[u8]) -> Pinned {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Pinned { client: CertificateDer::from(client.to_vec()), provider }
}

#[test]
fn only_equal_bytes_are_accepted() {
    let pinned = verifier(b"certificate");
    let verify = |der: &[u8]| pinned.verify_client_cert(&CertificateDer::from(der.to_vec()), &[], UnixTime::now());
    assert!(verify(b"certificate").is_ok());
    assert!(verify(b"certificatf").is_err());
    assert!(verify(b"").is_err());
    assert!(pinned.client_auth_mandatory());
}

#[test]
fn the_curve_of_terraform_is_offered() {
    // Without this scheme a Go client does not send its certificate.
    assert!(verifier(b"").supported_verify_schemes().contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
}

#[test]
fn the_configuration_is_valid_for_the_host() {
    let tls = Tls::pinned(CertificateDer::from(vec![1])).unwrap();
    assert_eq!(tls.config.alpn_protocols, [b"h2"]);
    assert_eq!(tls.config.send_tls13_tickets, 0);
    assert!(tls.certificate.len() > 100);
}
