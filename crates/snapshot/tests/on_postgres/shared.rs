//! Clones that share blocks with their golden database.

use std::process::Command;

use eod_testkit::postgres::{ADMIN, LoopFileSystem, LoopMount, PostgresServer, servers};

use super::{ENVIRONMENT, Golden, deadline, nonce};
use crate::CloneRequest;

/// About 70 MB of rows that are not compressed.
const ROWS: &str = "\
CREATE SCHEMA app; CREATE TABLE app.numbers AS
SELECT i, string_agg(md5(i::text || j::text), '') AS text
FROM generate_series(1, 60000) i, generate_series(1, 31) j GROUP BY i";

/// Used bytes of a file system.
fn used(mount: &LoopMount) -> u64 {
    let output = Command::new("df").args(["--block-size=1", "--output=used"]).arg(&mount.folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().last().unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_needs_no_space_on_a_file_system_that_shares_blocks() {
    let newest = servers().last().unwrap();
    for kind in LoopFileSystem::ALL {
        let Some(mount) = LoopMount::create(kind) else { return };
        let settings = [("file_copy_method", "clone"), ("max_wal_size", "128MB")];
        let server = PostgresServer::start_on(&newest.programs, &mount, &settings).unwrap();
        let golden = Golden::publish_with(&server, ADMIN, ROWS).await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let mut clones = golden.clones().await;
        let before = used(&mount);
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(1) };
        let begun = clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        let more = used(&mount).saturating_sub(before);
        assert!(begun.bytes > 60 << 20, "{kind:?}: {}", begun.bytes);
        // The rest is WAL and the catalogue of the clone.
        assert!(more < begun.bytes / 2, "{kind:?}: {more} of {} bytes", begun.bytes);
        clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
    }
}
