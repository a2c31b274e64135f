//! Why an archive is refused: one variant per rule.

use std::io;

use eod_render::{Location, Refusal, RefusalRule};

/// A rule that an archive breaks.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is the rule that its message states")]
pub enum ArchiveError {
    #[error("the metadata states {0} bytes, and a size cannot be negative")]
    StatedSize(i64),
    #[error("the metadata states the checksum `{0}`, and a SHA-256 in hexadecimal has 64 digits")]
    StatedChecksum(String),
    #[error("the metadata states {stated} bytes, and {got} came")]
    Size { stated: u64, got: u64 },
    #[error("the SHA-256 of what came is not the one that the metadata states")]
    Checksum,
    #[error("the sender went away in the middle of the archive")]
    Interrupted,
    #[error("the compressed data are damaged: {0}")]
    Compression(String),
    #[error("bytes follow the end of the compressed data")]
    AfterCompression,
    #[error("the archive ends without its two blocks of zeros: a part is missing")]
    NoEnd,
    #[error("bytes other than zero follow the end of the archive")]
    AfterEnd,
    #[error("the compressed archive is larger than {limit} bytes")]
    Compressed { limit: u64 },
    #[error("the archive unpacks to more than {limit} bytes")]
    Unpacked { limit: u64 },
    #[error("the archive unpacks to more than {limit} times its size")]
    Ratio { limit: u64 },
    #[error("the archive has more than {limit} entries")]
    Entries { limit: usize },
    #[error("the files to be kept have more than {limit} bytes")]
    Kept { limit: u64 },
    #[error("`{path}` has more than {limit} parts")]
    Depth { path: String, limit: usize },
    #[error("a name or a link's target is longer than {limit} bytes: `{path}...`")]
    Long { path: String, limit: usize },
    #[error("`{0}` is an absolute name")]
    Absolute(String),
    #[error("`{0}` contains `..`")]
    Upward(String),
    #[error("`{0}` is no name in its shortest form")]
    Name(String),
    #[error("the name `{0}` is no UTF-8 text")]
    NotText(String),
    #[error("`{0}` stands in the archive twice")]
    Duplicate(String),
    #[error("`{0}` is a file and a directory at once")]
    Below(String),
    #[error("`{0}` is a hard link")]
    HardLink(String),
    #[error("`{0}` is a device, a pipe or something else that is no file, directory or symbolic link")]
    Special(String),
    #[error("`{0}` is a sparse file")]
    Sparse(String),
    #[error("`{0}` is a directory or a link and states contents")]
    Contents(String),
    #[error("the link `{0}` has no target, or one with a zero byte")]
    Target(String),
    #[error("an entry is in another form than ustar or pax")]
    Format,
    #[error("the checksum of an entry's header is wrong")]
    HeaderChecksum,
    #[error("the header of `{path}` states no readable {field}")]
    HeaderField { path: String, field: &'static str },
    #[error("the archive has a global extended header")]
    Global,
    #[error("an extended header has more than {limit} bytes")]
    ExtendedSize { limit: u64 },
    #[error("an extended header is malformed")]
    Extended,
    #[error("an extended header states `{0}` twice")]
    ExtendedTwice(String),
    #[error("an extended header states `{0}`, which changes how the archive is read")]
    ExtendedKey(String),
    #[error("an extended header is followed by no entry of its own")]
    ExtendedAlone,
}

impl ArchiveError {
    /// The refusal that a developer reads.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(Location::file("the archive from Argo CD"), RefusalRule::File, self, self.remedy())
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::Compressed { .. } | Self::Unpacked { .. } | Self::Kept { .. } | Self::Entries { .. } => {
                "send less: set the Application's annotation argocd.argoproj.io/manifest-generate-paths, and let \
                 repo-server leave out `.git` (`eod-cmp init` prints both settings)"
            }
            Self::Ratio { .. } => "remove the file that is made to grow when it is unpacked",
            Self::Depth { .. } | Self::Long { .. } | Self::NotText(_) => "rename the file",
            Self::Size { .. }
            | Self::Checksum
            | Self::Interrupted
            | Self::Compression(_)
            | Self::NoEnd
            | Self::StatedSize(_)
            | Self::StatedChecksum(_) => "refresh the Application; if it happens again, look at repo-server's log",
            _ => {
                "Argo CD's repo-server packs plain files, directories and symbolic links, each once; if it sent this, \
                 report it with the name of the entry"
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
