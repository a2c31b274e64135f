//! Errors of an archive: one variant per rule.

use std::io;

use eod_render::{Location, Refusal, RefusalRule};

/// Rule that an archive violates.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes its rule")]
pub enum ArchiveError {
    #[error("archive size must not be negative, got {0}")]
    DeclaredSize(i64),
    #[error("archive checksum must be a SHA-256 of 64 hexadecimal digits, got `{0}`")]
    DeclaredChecksum(String),
    #[error("archive must have the declared {declared} bytes, got {got}")]
    Size { declared: u64, got: u64 },
    #[error("archive checksum does not match the SHA-256 in the metadata")]
    Checksum,
    #[error("archive was interrupted: the sender disconnected")]
    Interrupted,
    #[error("archive is damaged: {0}")]
    Compression(String),
    #[error("archive has bytes after the end of the compressed data")]
    AfterCompression,
    #[error("archive is incomplete: the two blocks of zeros at its end are missing")]
    NoEnd,
    #[error("archive has bytes other than zero after its end")]
    AfterEnd,
    #[error("compressed archive must have at most {limit} bytes")]
    Compressed { limit: u64 },
    #[error("unpacked archive must have at most {limit} bytes")]
    Unpacked { limit: u64 },
    #[error("unpacked archive must have at most {limit} times the size of the compressed archive")]
    Ratio { limit: u64 },
    #[error("archive must have at most {limit} entries")]
    Entries { limit: usize },
    #[error("files must have at most {limit} bytes in total")]
    Kept { limit: u64 },
    #[error("path must have at most {limit} components, got `{path}`")]
    Depth { path: String, limit: usize },
    #[error("path or link target must have at most {limit} bytes, got `{path}...`")]
    Long { path: String, limit: usize },
    #[error("path must be relative, got `{0}`")]
    Absolute(String),
    #[error("path must not contain `..`, got `{0}`")]
    Upward(String),
    #[error("path must be normalized, got `{0}`")]
    Name(String),
    #[error("path is not UTF-8: `{0}`")]
    NotText(String),
    #[error("duplicate entry `{0}`")]
    Duplicate(String),
    #[error("`{0}` is both a file and a directory")]
    Below(String),
    #[error("hard links are not supported: `{0}`")]
    HardLink(String),
    #[error("unsupported entry `{0}`: supported are files, directories and symbolic links")]
    Special(String),
    #[error("sparse files are not supported: `{0}`")]
    Sparse(String),
    #[error("directory or link with content: `{0}`")]
    Contents(String),
    #[error("link `{0}` has no valid target")]
    Target(String),
    #[error("unsupported entry format: supported are ustar and pax")]
    Format,
    #[error("checksum of an entry's header is wrong")]
    HeaderChecksum,
    #[error("header of `{path}` has an invalid {field}")]
    HeaderField { path: String, field: &'static str },
    #[error("global extended headers are not supported")]
    Global,
    #[error("extended header must have at most {limit} bytes")]
    ExtendedSize { limit: u64 },
    #[error("extended header is malformed")]
    Extended,
    #[error("extended header has `{0}` twice")]
    ExtendedTwice(String),
    #[error("unsupported key `{0}` in an extended header")]
    ExtendedKey(String),
    #[error("extended header without an entry")]
    ExtendedAlone,
}

impl ArchiveError {
    /// Refusal for the user.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(Location::file("the archive from Argo CD"), RefusalRule::File, self, self.remedy())
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::Compressed { .. } | Self::Unpacked { .. } | Self::Kept { .. } | Self::Entries { .. } => {
                "send less: set the Application's annotation argocd.argoproj.io/manifest-generate-paths, and exclude `.git` \
                 in repo-server (`eod-cmp init` prints both settings)"
            }
            Self::Ratio { .. } => "remove the file that is much larger when it is unpacked",
            Self::Depth { .. } | Self::Long { .. } | Self::NotText(_) => "rename the file",
            Self::Size { .. }
            | Self::Checksum
            | Self::Interrupted
            | Self::Compression(_)
            | Self::NoEnd
            | Self::DeclaredSize(_)
            | Self::DeclaredChecksum(_) => "refresh the Application; if it happens again, check repo-server's log",
            _ => {
                "Argo CD's repo-server packs plain files, directories and symbolic links, each once; if repo-server sent \
                 this archive, report it with the name of the entry"
            }
        }
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Self::Interrupted,
            Err(error) => Self::Compression(error.to_string()),
        }
    }
}
