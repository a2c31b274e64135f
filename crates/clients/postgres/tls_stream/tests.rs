use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PKCS_RSA_SHA384, PKCS_RSA_SHA512,
};

use super::*;

fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
    let key = KeyPair::generate_for(algorithm).unwrap();
    CertificateParams::default().self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn end_point_is_hashed_by_the_function_of_the_signature() {
    for (algorithm, hash) in [
        (&PKCS_ECDSA_P256_SHA256, &digest::SHA256),
        (&PKCS_ECDSA_P384_SHA384, &digest::SHA384),
        (&PKCS_RSA_SHA256, &digest::SHA256),
        (&PKCS_RSA_SHA384, &digest::SHA384),
        (&PKCS_RSA_SHA512, &digest::SHA512),
    ] {
        let certificate = certificate(algorithm);
        assert_eq!(end_point(&certificate).as_deref(), Some(digest::digest(hash, &certificate).as_ref()));
    }
    assert_eq!(end_point(&certificate(&PKCS_ED25519)), None, "Ed25519 has no hash function of its own");
}

#[test]
fn cut_certificate_has_no_end_point() {
    let certificate = certificate(&PKCS_ECDSA_P256_SHA256);
    for length in 0..certificate.len() {
        assert_eq!(end_point(&certificate[..length]), None, "{length}");
    }
    assert_eq!(end_point(&[0x30, 0x85, 1, 1, 1, 1, 1]), None);
}
