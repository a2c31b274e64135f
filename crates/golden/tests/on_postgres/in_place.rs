//! Masking in place: the same rows as a copy has, and the same definitions as before.

use std::{collections::BTreeSet, sync::Arc};

use eod_clients::postgres::PostgresFailure;

use super::{Shop, client, deadline, definitions, differences, key, policy, run, shop, shops, values};
use crate::{CopyReport, InPlaceMasking, LoadError, MaskedCopy, MaskedCopyError};

/// Masks tables of the source of a shop in place; all if none are given.
async fn mask(shop: &Shop, tables: Option<&BTreeSet<eod_masking::TableName>>) -> Result<CopyReport, MaskedCopyError> {
    let (database, policy, key) = (client(shop.server, shop.role, &shop.source), policy(shop::POLICY), key());
    let masking =
        InPlaceMasking { database: &database, policy: &policy, key: &key, tables, workers: 3, progress: Arc::new(()) };
    masking.run(&deadline()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_masked_in_place_have_the_rows_of_a_copy() {
    for shop in shops().await {
        let name = shop.described();
        let (policy, key) = (policy(shop::POLICY), key());
        let (source, target) = (shop.source(), shop.target());
        let copy = MaskedCopy { source: &source, target: &target, policy: &policy, key: &key, workers: 2 };
        let copied = copy.run(&deadline()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));

        let mut inside = shop.inside(&shop.source).await;
        let before = definitions(&mut inside).await;
        let masked = mask(&shop, None).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(differences(&before, &definitions(&mut inside).await), [""; 0], "{name}");
        // Tables without a masked column are not changed.
        assert!(masked.tables.len() > 5 && masked.tables.iter().all(|table| table.name.name != "nothing"), "{name}");
        for table in &masked.tables {
            let same = copied.tables.iter().find(|copied| copied.name == table.name).unwrap();
            // The binary form of a composite value has the object ids of its types, which every database has its own of.
            let digest = if table.name.name == "customers" { &table.digest } else { &same.digest };
            assert_eq!(
                (same.rows, &same.rules, digest),
                (table.rows, &table.rules, &table.digest),
                "{name}: {}",
                table.name
            );
        }
        let mut beside = shop.inside(&shop.target).await;
        let rows = "SELECT md5(string_agg(c::text, ' ' ORDER BY id)) FROM app.customers c";
        assert_eq!(values(&mut inside, rows).await, values(&mut beside, rows).await, "{name}");
        assert_eq!(masked.views, 3, "{name}");
        let canaries = "SELECT 1 FROM app.customers c WHERE c::text ILIKE '%canary%' \
                        UNION ALL SELECT 1 FROM app.orders o WHERE o::text ILIKE '%canary%' UNION ALL SELECT 1 FROM app.cache";
        assert_eq!(values(&mut inside, canaries).await, [""; 0], "{name}");
        let joined = "SELECT count(*) FROM app.orders o JOIN app.customers c ON o.customer_email = c.email::text";
        assert_eq!(values(&mut inside, joined).await, ["(500)"], "{name}");
        nothing_is_left(&shop).await;
    }
}

/// Neither the staging tables nor their schema.
async fn nothing_is_left(shop: &Shop) {
    let mut inside = shop.inside(&shop.source).await;
    let staging = "SELECT nspname FROM pg_namespace WHERE nspname = 'eod_staging'";
    assert_eq!(values(&mut inside, staging).await, [""; 0], "{}", shop.described());
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_tables_are_masked_and_a_failure_leaves_rows_and_definitions() {
    for shop in shops().await {
        let name = shop.described();
        let mut inside = shop.inside(&shop.source).await;
        let orders = BTreeSet::from(["app.orders".parse().unwrap()]);
        let count = "SELECT count(*) FILTER (WHERE note ILIKE '%canary%'), count(*) FROM app.orders";
        // No masked note passes this constraint.
        run(&mut inside, "ALTER TABLE app.orders ADD CONSTRAINT about CHECK (note LIKE 'canary %')").await;
        let before = definitions(&mut inside).await;
        let error = mask(&shop, Some(&orders)).await.expect_err("a failure");
        let MaskedCopyError::Load(LoadError::Statement { table, source }) = &error else { panic!("{name}: {error:?}") };
        assert_eq!(table.to_string(), "app.orders", "{name}");
        assert_eq!(source.cause::<PostgresFailure>().unwrap().constraint.as_deref(), Some("about"), "{name}");
        assert_eq!(differences(&before, &definitions(&mut inside).await), [""; 0], "{name}");
        assert_eq!(values(&mut inside, count).await, ["(500,500)"], "{name}");
        nothing_is_left(&shop).await;

        run(&mut inside, "ALTER TABLE app.orders DROP CONSTRAINT about").await;
        let before = definitions(&mut inside).await;
        let masked = mask(&shop, Some(&orders)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let tables: Vec<_> = masked.tables.iter().map(|table| (table.name.to_string(), table.rows)).collect();
        assert_eq!(tables, [("app.orders".to_owned(), 500)], "{name}");
        assert_eq!(differences(&before, &definitions(&mut inside).await), [""; 0], "{name}");
        assert_eq!(values(&mut inside, count).await, ["(0,500)"], "{name}");
        let others = "SELECT count(*) FROM app.customers WHERE email LIKE 'canary%'";
        assert_eq!(values(&mut inside, others).await, ["(201)"], "{name}");
        nothing_is_left(&shop).await;
    }
}
