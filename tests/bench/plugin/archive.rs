//! The stream of a repo-server: metadata, then a tree as `tar.gz`.

use std::io::Write;

use eod_proto::argocd as wire;
use eod_proto::argocd::app_stream_request::Request;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

/// Bytes of the archive in one message: repo-server's default.
const CHUNK: usize = 1024;

/// A packed tree.
pub(super) struct Archive {
    bytes: Vec<u8>,
    checksum: String,
}

impl Archive {
    /// Packs files in the order they come.
    ///
    /// # Errors
    /// If a name is too long for an archive.
    pub(super) fn pack(files: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (name, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, name, text.as_bytes())?;
        }
        let mut compressed = archive.into_inner()?;
        compressed.flush()?;
        let bytes = compressed.finish()?;
        let checksum = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, checksum })
    }

    /// Messages of one call: the Application and its directory, then the archive.
    pub(super) fn messages<'a>(
        &'a self,
        directory: &str,
        variables: &[(&str, String)],
    ) -> impl Iterator<Item = wire::AppStreamRequest> + use<'a> {
        let env = variables.iter().map(|(name, value)| wire::EnvEntry { name: (*name).into(), value: value.clone() });
        let metadata = wire::ManifestRequestMetadata {
            app_name: "shop".to_owned(),
            app_rel_path: directory.to_owned(),
            checksum: self.checksum.clone(),
            size: i64::try_from(self.bytes.len()).unwrap_or(i64::MAX),
            env: env.collect(),
        };
        let pieces = self.bytes.chunks(CHUNK).map(|piece| Request::File(wire::File { chunk: piece.to_vec().into() }));
        let requests = std::iter::once(Request::Metadata(metadata)).chain(pieces);
        requests.map(|request| wire::AppStreamRequest { request: Some(request) })
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}
