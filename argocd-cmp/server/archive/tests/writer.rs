//! Writer of tar archives, including invalid ones.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::super::DeclaredArchive;

/// Tar under construction.
#[derive(Clone, Default)]
pub(crate) struct Tar {
    bytes: Vec<u8>,
    time: u64,
}

impl Tar {
    pub(crate) fn time(&mut self, time: u64) -> &mut Self {
        self.time = time;
        self
    }

    pub(crate) fn file(&mut self, path: &str, content: &str) -> &mut Self {
        self.raw(path.as_bytes(), b'0', content.as_bytes())
    }

    pub(crate) fn directory(&mut self, path: &str) -> &mut Self {
        self.raw(path.as_bytes(), b'5', b"")
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) -> &mut Self {
        self.header(path.as_bytes(), b'2', 0, |header| put(header, 157, target.as_bytes()))
    }

    /// Adds an extended header with records of the correct length.
    pub(crate) fn extended(&mut self, records: &[(&str, &str)]) -> &mut Self {
        let records: String = records.iter().map(|(key, value)| record(key, value)).collect();
        self.raw(b"PaxHeaders.0/x", b'x', records.as_bytes())
    }

    /// Adds an entry of any kind with content.
    pub(crate) fn raw(&mut self, name: &[u8], kind: u8, content: &[u8]) -> &mut Self {
        self.header(name, kind, content.len() as u64, |_| ());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a header, which `change` modifies before its checksum is computed.
    pub(crate) fn header(
        &mut self,
        name: &[u8],
        kind: u8,
        size: u64,
        change: impl FnOnce(&mut [u8; 512]),
    ) -> &mut Self {
        let mut header = [0; 512];
        put(&mut header, 0, name);
        put(&mut header, 100, b"0000644\0");
        put(&mut header, 108, b"0000000\0");
        put(&mut header, 116, b"0000000\0");
        put(&mut header, 124, format!("{size:011o}\0").as_bytes());
        put(&mut header, 136, format!("{:011o}\0", self.time).as_bytes());
        header[156] = kind;
        put(&mut header, 257, b"ustar\x0000");
        change(&mut header);
        sum(&mut header);
        self.bytes.extend_from_slice(&header);
        self
    }

    /// Bytes without the end of the archive.
    pub(crate) fn open_ended(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Bytes with the two blocks of zeros at the end.
    pub(crate) fn end(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }
}

pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

pub(crate) fn put(header: &mut [u8; 512], at: usize, bytes: &[u8]) {
    header[at..at + bytes.len()].copy_from_slice(bytes);
}

fn sum(header: &mut [u8; 512]) {
    put(header, 148, b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    put(header, 148, format!("{sum:06o}\0 ").as_bytes());
}

/// Corrects the checksum of every block that looks like a header.
pub(crate) fn mend(bytes: &mut [u8]) {
    for block in bytes.as_chunks_mut::<512>().0 {
        if &block[257..262] == b"ustar" {
            sum(block);
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Correct size and checksum of an archive.
pub(crate) fn sent(bytes: &[u8]) -> DeclaredArchive {
    DeclaredArchive { size: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
}
