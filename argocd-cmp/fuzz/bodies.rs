//! Bodies of the fuzz targets.
//!
//! The server's unit tests call the same functions with the seeds and with damaged seeds, so the targets are tested
//! without a fuzzer. The parent module imports the server's items.
//!
//! `cargo check -p eod-cmp-fuzz` compiles the targets on stable Rust. A run needs a nightly compiler and `cargo-fuzz`:
//!
//! ```sh
//! cargo +nightly fuzz run --fuzz-dir argocd-cmp/fuzz archive argocd-cmp/fuzz/seeds/archive
//! ```

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use eod_proto::argocd as wire;
use eod_render::{
    Application, NoTools, Parameters, Policy, RawParameter, RawValue, RenderInput, Tree, YamlLimits, parse_policy,
    parse_raw_parameters, read, render_manifests, to_json, to_yaml,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::{AppDirectory, ArchiveLimits, DeclaredArchive, Unpacked, unpack};

/// Limits that a small input exceeds.
const LIMITS: ArchiveLimits = ArchiveLimits {
    compressed: 1 << 20,
    unpacked: 4 << 20,
    ratio: 50,
    free: 64 << 10,
    entries: 100,
    depth: 8,
    name: 300,
    kept: 64 << 10,
    file_inside: 16 << 10,
    file_outside: 4 << 10,
};
const YAML: YamlLimits = YamlLimits { bytes: 64 << 10, documents: 16, depth: 24, nodes: 4000, repeated: 2000 };
/// Policy for the archives.
const POLICY: &str = "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: ['r.example/'], \
    domain: p.example, stable_services: ['stable/pay:80']}}}";

/// Reads bytes as YAML or JSON. Valid documents are written and read again; errors have a text and a remedy.
pub(super) fn yaml(data: &[u8]) {
    let documents = match read(data, &YAML) {
        Ok(documents) => documents,
        Err(faults) => {
            assert!(!faults.is_empty(), "an error without a fault");
            assert!(faults.iter().all(|fault| !fault.kind.to_string().is_empty() && !fault.kind.remedy().is_empty()));
            return;
        }
    };
    assert!(documents.len() <= YAML.documents);
    for document in documents.into_iter().filter(|document| !document.root.is_null()) {
        let value = document.root.into_json();
        for text in [to_json(&value), to_yaml(&value)] {
            let mut again = read(text.as_bytes(), &YamlLimits::default()).expect("written text is valid");
            let again = again.pop().expect("one document").root.into_json();
            assert!(again == value, "the value has changed: {text}");
        }
    }
}

/// Reads bytes as a policy. The result is deterministic, and every error has a location.
pub(super) fn policy(data: &[u8]) {
    match (parse_policy("policy.yaml", data), parse_policy("policy.yaml", data)) {
        (Ok(one), Ok(other)) => {
            assert!(format!("{one:?}") == format!("{other:?}"), "two different policies of one text");
        }
        (Err(one), Err(other)) => {
            assert!(one == other && !one.as_slice().is_empty());
            assert!(one.as_slice().iter().all(|refusal| refusal.location.file.as_deref() == Some("policy.yaml")));
        }
        _ => panic!("one text is valid and invalid"),
    }
}

/// Reads bytes as `ARGOCD_APP_PARAMETERS`. Valid parameters are written and read again; refusals have a name.
pub(super) fn parameters(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(raw) = parse_raw_parameters(text) else { return };
    let again = parse_raw_parameters(&json(&raw)).expect("written text is valid");
    assert!(again == raw, "the parameters have changed");
    match Parameters::parse(&raw) {
        Ok(parameters) => assert!(parameters.replicas > 0 && Parameters::parse(&raw) == Ok(parameters)),
        Err(refusals) => assert!(refusals.as_slice().iter().all(|refusal| refusal.location.object.is_some())),
    }
}

/// Parameters in the JSON form of Argo CD.
fn json(raw: &[RawParameter]) -> String {
    let one = |parameter: &RawParameter| {
        let (key, value) = match &parameter.value {
            RawValue::Text(text) => ("string", serde_json::json!(text)),
            RawValue::List(items) => ("array", serde_json::json!(items)),
            RawValue::Map(map) => ("map", serde_json::json!(map)),
        };
        let mut entry = serde_json::Map::from_iter([("name".to_owned(), serde_json::json!(parameter.name))]);
        entry.insert(key.to_owned(), value);
        serde_json::Value::Object(entry)
    };
    raw.iter().map(one).collect::<serde_json::Value>().to_string()
}

/// Reads bytes as a tar, compressed and uncompressed. Kept files are within the limits and can be packed again; a
/// render is complete, or every refusal has a remedy.
pub(super) fn archive(data: &[u8]) {
    // The uncompressed bytes reach the decompression.
    let _ = unpacked(data);
    let Some(found) = unpacked(&gzip(data)) else { return };
    assert!(found.stats.kept_bytes <= LIMITS.kept && found.stats.entries <= LIMITS.entries);
    if let Ok(files) = found.files.extract("", LIMITS.entries) {
        let again = unpacked(&packed(&files)).expect("a packed tree is valid");
        assert!(again.files.extract("", LIMITS.entries) == Ok(files), "the tree has changed");
    }
    rendered(&found);
}

fn unpacked(archive: &[u8]) -> Option<Unpacked> {
    let declared = DeclaredArchive { size: archive.len() as u64, sha256: Sha256::digest(archive).into() };
    let found = unpack(archive, &declared, &LIMITS, AppDirectory { path: "app" });
    found.map_err(|error| assert!(!error.to_string().is_empty())).ok()
}

fn rendered(found: &Unpacked) {
    let policy: Policy = parse_policy("policy.yaml", POLICY.as_bytes()).expect("valid policy");
    let application = Application {
        name: "shop".to_owned(),
        namespace: "shop-pr-7".to_owned(),
        project: "previews".to_owned(),
        ..Application::default()
    };
    let tree = Tree { files: &found.files, directory: "app", above: "" };
    let request = RenderInput { tree, parameters: &[], application: &application, policy: &policy };
    match render_manifests(&request, &NoTools) {
        Ok(rendered) => {
            assert!(!rendered.json_lines().is_empty(), "an empty success");
            for line in rendered.json_lines() {
                let object: serde_json::Value = serde_json::from_str(line).expect("lines are JSON");
                let namespace = object.pointer("/metadata/namespace").and_then(serde_json::Value::as_str);
                let is_of_environment =
                    object.get("kind").is_some_and(|kind| kind == "Namespace") || namespace == Some("shop-pr-7");
                assert!(is_of_environment, "object of another namespace: {line}");
            }
        }
        Err(refusals) => assert!(refusals.as_slice().iter().all(|refusal| !refusal.remedy.is_empty())),
    }
}

/// Reads bytes as a message of repo-server's stream. A valid message is written and read again.
pub(super) fn message(data: &[u8]) {
    let Ok(message) = wire::AppStreamRequest::decode(data) else { return };
    let written = message.encode_to_vec();
    let again = wire::AppStreamRequest::decode(written.as_slice()).expect("written text is valid");
    // The encoded bytes are compared, because NaN is not equal to itself.
    assert!(again.encode_to_vec() == written, "the message has changed");
    if let Some(wire::app_stream_request::Request::Metadata(metadata)) = message.request {
        let declared = DeclaredArchive::parse(metadata.size, &metadata.checksum);
        assert!(declared.is_ok() || metadata.size < 0 || !is_digest(&metadata.checksum));
        for entry in &metadata.env {
            parameters(entry.value.as_bytes());
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// Packs files as a tar.gz like repo-server, with names in extended headers.
fn packed(files: &BTreeMap<String, Arc<[u8]>>) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, content) in files {
        let record = |length: usize| format!("{length} path={path}\n");
        let length = (0..).find(|length| record(*length).len() == *length).expect("some length fits");
        entry(&mut tar, b'x', record(length).as_bytes());
        entry(&mut tar, b'0', content);
    }
    tar.resize(tar.len() + 1024, 0);
    gzip(&tar)
}

fn entry(tar: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let mut header = [0_u8; 512];
    let size = format!("{:011o}\0", content.len());
    let fields: [(usize, &[u8]); 8] = [
        (0, b"x"),
        (100, b"0000644\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, size.as_bytes()),
        (136, b"00000000000\0"),
        (148, b"        "),
        (257, b"ustar\x0000"),
    ];
    for (at, bytes) in fields {
        header[at..at + bytes.len()].copy_from_slice(bytes);
    }
    header[156] = kind;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&header);
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}
