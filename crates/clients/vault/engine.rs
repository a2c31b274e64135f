//! Secrets engines and their versions.

use eod_domain::vault::MountPath;

/// Version of the key-value engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KvVersion {
    /// Without versions and metadata.
    V1,
    /// With versions and metadata.
    V2,
}

/// A mounted key-value engine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MountInfo {
    /// Mount path.
    pub path: MountPath,
    /// KV version.
    pub version: KvVersion,
}

impl MountInfo {
    /// A mount of version 2. Mounts with copies are of that version.
    pub fn v2(path: MountPath) -> Self {
        Self { path, version: KvVersion::V2 }
    }
}
