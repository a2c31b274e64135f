//! What the fuzz targets do with their bytes.
//!
//! The server's unit tests call the same functions with the seeds and with damaged seeds, so that the targets stay in
//! order on machines without a fuzzer. The parent module brings the server's items into scope.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use eod_proto::argocd as wire;
use eod_render::{
    Application, NoTools, Parameters, Policy, RawParameter, RawValue, Request, Tree, YamlLimits, parse_policy,
    parse_raw_parameters, read, render_manifests, to_json, to_yaml,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::{AppDirectory, ArchiveLimits, DeclaredArchive, Unpacked, unpack};

/// Small enough to be passed by a small input.
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
/// The policy under which archives are rendered.
const POLICY: &str = "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: ['r.example/'], \
    domain: p.example, stable_services: ['stable/pay:80']}}}";

/// Bytes as YAML or JSON. What is read is written and read again; what is refused has a line and a text.
pub(super) fn yaml(data: &[u8]) {
    let documents = match read(data, &YAML) {
        Ok(documents) => documents,
        Err(faults) => {
            assert!(!faults.is_empty(), "nothing was read, and nothing is wrong");
            assert!(faults.iter().all(|fault| !fault.kind.to_string().is_empty() && !fault.kind.remedy().is_empty()));
            return;
        }
    };
    assert!(documents.len() <= YAML.documents);
    for document in documents.into_iter().filter(|document| !document.root.is_null()) {
        let value = document.root.into_json();
        for text in [to_json(&value), to_yaml(&value)] {
            let mut again = read(text.as_bytes(), &YamlLimits::default()).expect("what is written is read");
            let again = again.pop().expect("one document").root.into_json();
            assert!(again == value, "the value changed on its way: {text}");
        }
    }
}

/// Bytes as a policy. The same bytes are the same policy, and every mistake has a place.
pub(super) fn policy(data: &[u8]) {
    match (parse_policy("policy.yaml", data), parse_policy("policy.yaml", data)) {
        (Ok(one), Ok(other)) => assert!(format!("{one:?}") == format!("{other:?}"), "two policies of one text"),
        (Err(one), Err(other)) => {
            assert!(one == other && !one.as_slice().is_empty());
            assert!(one.as_slice().iter().all(|refusal| refusal.location.file.as_deref() == Some("policy.yaml")));
        }
        _ => panic!("one text is a policy and is none"),
    }
}

/// Bytes as `ARGOCD_APP_PARAMETERS`. What is read is written and read again, typed or refused with its name.
pub(super) fn parameters(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(raw) = parse_raw_parameters(text) else { return };
    let again = parse_raw_parameters(&json(&raw)).expect("what is written is read");
    assert!(again == raw, "the parameters changed on their way");
    match Parameters::parse(&raw) {
        Ok(parameters) => assert!(parameters.replicas > 0 && Parameters::parse(&raw) == Ok(parameters)),
        Err(refusals) => assert!(refusals.as_slice().iter().all(|refusal| refusal.location.object.is_some())),
    }
}

/// Parameters as Argo CD writes them.
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

/// Bytes as a tar, behind a valid compression. What is kept is bounded and packs to the same tree again; what is
/// rendered is whole, and what is refused says why.
pub(super) fn archive(data: &[u8]) {
    // The bytes as they are reach the reader of the compression.
    let _ = unpacked(data);
    let Some(found) = unpacked(&gzip(data)) else { return };
    assert!(found.stats.kept_bytes <= LIMITS.kept && found.stats.entries <= LIMITS.entries);
    if let Ok(files) = found.files.extract("", LIMITS.entries) {
        let again = unpacked(&packed(&files)).expect("what is packed is unpacked");
        assert!(again.files.extract("", LIMITS.entries) == Ok(files), "the tree changed on its way");
    }
    rendered(&found);
}

fn unpacked(archive: &[u8]) -> Option<Unpacked> {
    let declared = DeclaredArchive { size: archive.len() as u64, sha256: Sha256::digest(archive).into() };
    let found = unpack(archive, &declared, &LIMITS, AppDirectory { path: "app" });
    found.map_err(|error| assert!(!error.to_string().is_empty())).ok()
}

fn rendered(found: &Unpacked) {
    let policy: Policy = parse_policy("policy.yaml", POLICY.as_bytes()).expect("it is one");
    let application = Application {
        name: "shop".to_owned(),
        namespace: "shop-pr-7".to_owned(),
        project: "previews".to_owned(),
        ..Application::default()
    };
    let tree = Tree { files: &found.files, directory: "app", above: "" };
    let request = Request { tree, parameters: &[], application: &application, policy: &policy };
    match render_manifests(&request, &NoTools) {
        Ok(rendered) => {
            assert!(!rendered.json_lines().is_empty(), "an empty success");
            for line in rendered.json_lines() {
                let object: serde_json::Value = serde_json::from_str(line).expect("lines are JSON");
                let namespace = object.pointer("/metadata/namespace").and_then(serde_json::Value::as_str);
                let is_ours =
                    object.get("kind").is_some_and(|kind| kind == "Namespace") || namespace == Some("shop-pr-7");
                assert!(is_ours, "an object of somebody else: {line}");
            }
        }
        Err(refusals) => assert!(refusals.as_slice().iter().all(|refusal| !refusal.remedy.is_empty())),
    }
}

/// Bytes as the body of a message that repo-server streams. What is read is written and read again.
pub(super) fn message(data: &[u8]) {
    let Ok(message) = wire::AppStreamRequest::decode(data) else { return };
    let written = message.encode_to_vec();
    let again = wire::AppStreamRequest::decode(written.as_slice()).expect("what is written is read");
    // Written again, because a float that is no number would differ from itself.
    assert!(again.encode_to_vec() == written, "the message changed on its way");
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
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

/// A tar.gz of files as repo-server packs them, names in extended headers.
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
