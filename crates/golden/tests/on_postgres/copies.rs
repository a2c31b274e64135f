//! Rows are masked, and definitions stay.

use eod_clients::postgres::{PostgresSession, SqlStatement};

use super::{Shop, deadline, definitions, differences, key, policy, run, shop, shops, values};
use crate::{CopyReport, MaskedCopy};

async fn copy(shop: &Shop) -> CopyReport {
    let (policy, key) = (policy(shop::POLICY), key());
    let copy = MaskedCopy { source: &shop.source(), target: &shop.target(), policy: &policy, key: &key, workers: 3 };
    copy.run(&deadline()).await.unwrap_or_else(|error| panic!("{}: {error:?}", shop.described()))
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_keeps_every_definition_and_masks_every_row() {
    for shop in shops().await {
        let name = shop.described();
        let mut target = shop.inside(&shop.target).await;
        let before = definitions(&mut target).await;
        let report = copy(&shop).await;
        let after = definitions(&mut target).await;
        assert_eq!(differences(&before, &after), [""; 0], "{name}");
        assert_eq!((report.sequences, report.views), (3, 3), "{name}");

        let mut source = shop.inside(&shop.source).await;
        for table in &report.tables {
            let quoted = crate::sql::quoted_table(&table.name);
            let count = format!("SELECT count(*) FROM ONLY {quoted}");
            let (old, new) = (values(&mut source, &count).await, values(&mut target, &count).await);
            let is_empty = table.name.name == "cache";
            assert_eq!(new, [format!("({})", table.rows)], "{name} {}", table.name);
            assert_eq!(old == new, !is_empty, "{name} {}", table.name);
            let canaries = format!("SELECT x FROM ONLY {quoted} x WHERE x::text ILIKE '%canary%'");
            assert_eq!(values(&mut target, &canaries).await, [""; 0], "{name} {}", table.name);
        }
        let statistics =
            "SELECT count(*) FROM pg_statistic s, pg_stats v WHERE v.most_common_vals::text ILIKE '%canary%'";
        assert_eq!(values(&mut target, statistics).await, ["(0)"], "{name}");
        equal_values_stay_equal(&shop, &mut source, &mut target).await;
        kept_values_stay_and_others_change(&shop, &mut source, &mut target).await;
    }
}

async fn equal_values_stay_equal(shop: &Shop, source: &mut PostgresSession, target: &mut PostgresSession) {
    let name = shop.described();
    for sql in [
        // Joins.
        "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.customer_email = c.email::text",
        "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.login::public.citext OPERATOR(public.=) c.login",
        "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.code = c.code",
        "SELECT count(*) FROM app.customers WHERE lower(profile ->> 'mail') = email::text",
        // Distinct values.
        "SELECT count(DISTINCT email), count(DISTINCT login), count(DISTINCT key), count(DISTINCT far) FROM app.customers",
        // NULL, empty values and forms.
        "SELECT count(login), count(code), count(nullif(name, '')), count(doc), count(token) FROM app.customers",
        "SELECT id, phones[2], phones[3], array_length(phones, 1), codes[2] FROM app.customers ORDER BY id",
        "SELECT count(*) FILTER (WHERE phones[1] ~ '^\\+\\d\\d \\d\\d \\d{6}$') FROM app.customers",
        // Derived values.
        "SELECT count(*) FROM app.customers WHERE loud_name = upper(name)",
        "SELECT * FROM app.a_count",
        "SELECT * FROM app.seen_by_owner",
        "SELECT sum(n) FROM app.rooms",
        "SELECT sum(orders) FROM app.totals",
        "SELECT last_value, is_called FROM app.counter",
        "SELECT last_value, is_called FROM app.unused",
        "SELECT last_value, is_called FROM app.customers_id_seq",
    ] {
        assert_eq!(values(source, sql).await, values(target, sql).await, "{name}: {sql}");
    }
}

async fn kept_values_stay_and_others_change(shop: &Shop, source: &mut PostgresSession, target: &mut PostgresSession) {
    let name = shop.described();
    for sql in [
            "SELECT id, mood, moods, span, period, active, pay, hour, bits, spot, profile ->> 'theme', profile #> '{deep,1}',
                    raw ->> 'b' FROM app.customers ORDER BY id",
            "SELECT md5(file), length(body) FROM app.documents", "SELECT count(*) FROM app.nothing",
            "SELECT id, customer_id, room, period FROM app.orders ORDER BY id",
        ] {
            assert_eq!(values(source, sql).await, values(target, sql).await, "{name}: {sql}");
        }
    for (sql, expected) in [
        (
            "SELECT DISTINCT home, homes, tags, search, pause FROM app.customers WHERE id = 1",
            r#"("(Street,1,cross)","{""(Street,1,cross)""}","""a""=>""1""",,"1 day")"#,
        ),
        (
            "SELECT count(*) FROM app.customers WHERE ip <<= '192.0.2.0/24' OR ip <<= '198.51.100.0/24' \
              OR ip <<= '203.0.113.0/24'",
            "(200)",
        ),
        ("SELECT count(*) FROM app.events WHERE ip <<= '10.0.0.0/8'", "(0)"),
    ] {
        assert_eq!(values(target, sql).await, [expected], "{name}: {sql}");
    }
    // Masked values differ from those of the source, in the same row.
    for column in [
        "email", "login", "name", "code", "born", "seen", "local", "balance", "size", "far", "ip", "mac", "key",
        "profile", "raw", "doc", "token",
    ] {
        let sql = format!("SELECT {column}::text FROM app.customers WHERE id = 7");
        assert_ne!(values(source, &sql).await, values(target, &sql).await, "{name}: {column}");
    }
    // Every part works: rules, triggers, row level security, keys, indexes.
    run(target, &format!("SET ROLE {}", shop.owner)).await;
    assert_eq!(values(target, "SELECT count(*) FROM app.customers").await, ["(2)"], "{name}");
    run(target, "RESET ROLE").await;
    for sql in ["INSERT INTO app.orders (id, room) VALUES (-1, 1)", "INSERT INTO app.documents VALUES (1)"] {
        let done = target.batch(&SqlStatement::new("run", "the statement", sql), &deadline()).await;
        assert!(done.is_err(), "{name}: {sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_copy_gives_the_same_rows() {
    let shop = shops().await.pop().unwrap();
    let (first, second) = (copy(&shop).await, copy(&shop).await);
    assert_eq!(first, second);
    assert!(first.tables.iter().all(|table| table.digest.len() == 64), "{first:?}");
}
