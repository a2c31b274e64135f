use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::*;

/// Length of the header of an RSA-2048 key in PKCS#8; the key in PKCS#1 follows it.
const PKCS8_HEADER: usize = 26;

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

#[test]
fn keys_in_pkcs1_and_pkcs8_sign_the_same_claims() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let app = GitHubApp { id: "Iv1.a".into(), installation: 7, private_key_file: file.clone() };
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pkcs8 = pem("PRIVATE KEY", key.serialized_der());
    let pkcs1 = pem("RSA PRIVATE KEY", &key.serialized_der()[PKCS8_HEADER..]);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let public = RsaKeyPair::from_pkcs8(key.serialized_der()).unwrap();
    for text in [pkcs8, pkcs1] {
        std::fs::write(&file, text).unwrap();
        let header = app.jwt(now).unwrap();
        assert!(header.is_sensitive());
        let jwt = header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        let (_, claims) = signed.split_once('.').unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims, json!({ "iat": 999_940, "exp": 1_000_540, "iss": "Iv1.a" }));
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.public_key().as_ref());
        verifier.verify(signed.as_bytes(), &signature).unwrap();
    }
}

#[test]
fn files_without_an_rsa_key_are_named_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let app = GitHubApp { id: "1".into(), installation: 7, private_key_file: file.clone() };
    assert!(app.jwt(SystemTime::UNIX_EPOCH + LIFE).unwrap_err().to_string().contains("key.pem"));
    let elliptic = pem("PRIVATE KEY", KeyPair::generate().unwrap().serialized_der());
    for text in ["canary", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n", &elliptic] {
        std::fs::write(&file, text).unwrap();
        let error = app.jwt(SystemTime::UNIX_EPOCH + LIFE).unwrap_err();
        assert!(error.to_string().contains("key.pem") && !format!("{error:?}").contains("canary"), "{error:?}");
    }
}
