//! Files of a database on the host of its server: searched for values of the source.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use aho_corasick::AhoCorasick;
use eod_clients::{Deadline, Error, ErrorKind, postgres::PostgresSession};
use serde::Deserialize;

use crate::sql::rows;

/// Size of the pieces in bytes that are searched.
const PIECE: usize = 1 << 20;
/// Bytes at the end of a piece that are searched together with the next one: more than the longest value.
const OVERLAP: usize = 1 << 10;

/// Files of a database.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseFiles {
    /// Data folder of the server.
    folder: PathBuf,
    /// Object id of the database.
    database: u32,
}

#[derive(Deserialize)]
struct FolderRow {
    folder: Option<String>,
    system: String,
    database: u32,
}

const FOLDER: &str = "\
SELECT current_setting('data_directory', true) AS folder, s.system_identifier::text AS system, d.oid::bigint AS database
FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()";

impl DatabaseFiles {
    /// Files of the database of a session; none if the server runs on another host, or this process cannot read them.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub(crate) async fn find(session: &mut PostgresSession, deadline: &Deadline) -> Result<Option<Self>, Error> {
        let found: Result<Vec<FolderRow>, _> = rows(session, "the data folder", FOLDER, &[], deadline).await;
        let found = match found {
            // Only superusers and members of pg_read_all_settings see the setting.
            Err(error) if error.kind == ErrorKind::Denied => return Ok(None),
            found => found?,
        };
        let Some(FolderRow { folder: Some(folder), system, database }) = found.into_iter().next() else {
            return Ok(None);
        };
        let folder = PathBuf::from(folder);
        // A folder of the same name on another host has another identifier.
        let is_same = identifier(&folder).is_ok_and(|found| found.to_string() == system);
        Ok(is_same.then_some(Self { folder, database }))
    }

    /// Searches all files. Returns the number of matches by the index of the value.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub(crate) async fn search(self, search: Arc<AhoCorasick>) -> io::Result<BTreeMap<usize, u64>> {
        let searched = tokio::task::spawn_blocking(move || {
            let mut found = BTreeMap::new();
            for folder in self.folders()? {
                for entry in std::fs::read_dir(folder)? {
                    let path = entry?.path();
                    match File::open(&path) {
                        Ok(file) if file.metadata()?.is_file() => search_file(file, &search, &mut found)?,
                        Ok(_) => {}
                        // Files of replaced rows disappear at any time.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(found)
        });
        searched.await.map_err(io::Error::other)?
    }

    /// Folders with files of the database: that of the server, and one per tablespace.
    fn folders(&self) -> io::Result<Vec<PathBuf>> {
        let database = self.database.to_string();
        let mut folders = vec![self.folder.join("base").join(&database)];
        for space in std::fs::read_dir(self.folder.join("pg_tblspc"))? {
            for version in std::fs::read_dir(space?.path())? {
                folders.push(version?.path().join(&database));
            }
        }
        folders.retain(|folder| folder.is_dir());
        Ok(folders)
    }
}

/// Identifier in the control file: its first eight bytes, in the order of the host.
fn identifier(folder: &Path) -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open(folder.join("global").join("pg_control"))?.read_exact(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

fn search_file(mut file: impl Read, search: &AhoCorasick, found: &mut BTreeMap<usize, u64>) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE + OVERLAP);
    loop {
        let begin = piece.len();
        let read = file.by_ref().take(u64::try_from(PIECE).unwrap_or(u64::MAX)).read_to_end(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        for value in search.find_iter(&piece) {
            // Matches inside of the overlap were counted with the piece before.
            if value.end() > begin {
                *found.entry(value.pattern().as_usize()).or_default() += 1;
            }
        }
        piece.drain(..piece.len().saturating_sub(OVERLAP));
    }
}

#[cfg(test)]
mod tests;
