//! Large objects: copied if the policy keeps them.

use eod_clients::{
    Deadline, Error,
    postgres::{PostgresSession, SqlStatement},
};

use crate::sql::{quoted_name, run};

/// Size of the pieces in bytes.
const PIECE: i32 = 1 << 20;

/// Copies all large objects as they are. They belong to a role of the target afterwards. Returns their number.
///
/// # Errors
///
/// A statement failed.
pub(crate) async fn copy(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    owner: &str,
    deadline: &Deadline,
) -> Result<u64, Error> {
    target.set_phase("large objects", None, deadline).await?;
    let list = "SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid";
    let found = source.query(&SqlStatement::new("read", "the large objects", list), &[], deadline).await?;
    let mut count = 0;
    for row in &found {
        let Ok(oid) = row.try_get::<_, u32>(0) else { continue };
        let name = format!("large object {oid}");
        let begin = format!("BEGIN; SET LOCAL ROLE {}; SELECT pg_catalog.lo_create({oid})", quoted_name(owner));
        run(target, "create", &name, &begin, deadline).await?;
        let done = copy_one(source, target, oid, &name, deadline).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = run(target, "store", &name, end, deadline).await;
        done?;
        ended?;
        count += 1;
    }
    Ok(count)
}

async fn copy_one(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    oid: u32,
    name: &str,
    deadline: &Deadline,
) -> Result<(), Error> {
    let mut offset = 0_i64;
    loop {
        let read = SqlStatement::new("read", name, "SELECT pg_catalog.lo_get($1, $2, $3)");
        let found = source.query(&read, &[&oid, &offset, &PIECE], deadline).await?;
        let bytes: Vec<u8> = found.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        let store = SqlStatement::new("store", name, "SELECT pg_catalog.lo_put($1, $2, $3)");
        target.query(&store, &[&oid, &offset, &bytes], deadline).await?;
        offset += i64::try_from(bytes.len()).unwrap_or_default();
    }
}
