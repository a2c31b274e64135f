//! Failures leave the target as it was, and name table and column without a value.

use eod_clients::{ErrorKind, postgres::PostgresFailure};
use eod_testkit::postgres::READER;

use super::{Shop, client, deadline, definitions, differences, key, policy, run, shop, shops, values};
use crate::{LoadError, MaskedCopy, MaskedCopyError, PlanError};

async fn refused(shop: &Shop, text: &str) -> MaskedCopyError {
    let (policy, key) = (policy(text), key());
    let copy = MaskedCopy { source: &shop.source(), target: &shop.target(), policy: &policy, key: &key, workers: 2 };
    copy.run(&deadline()).await.expect_err("a failure")
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_load_rolls_back_to_the_rows_and_definitions_of_before() {
    for shop in shops().await {
        let name = shop.described();
        let mut target = shop.inside(&shop.target).await;
        let row = "ALTER TABLE app.orders DISABLE TRIGGER stop_always; INSERT INTO app.orders (id, note) VALUES (1, 'ab'); \
                   ALTER TABLE app.orders ENABLE ALWAYS TRIGGER stop_always";
        run(&mut target, row).await;
        run(&mut target, "ALTER TABLE app.orders ADD CONSTRAINT known_note CHECK (note = 'ab')").await;
        let before = definitions(&mut target).await;
        let error = refused(&shop, shop::POLICY).await;
        let MaskedCopyError::Load(LoadError::Statement { table, source }) = &error else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(table.to_string(), "app.orders", "{name}");
        let failure = source.cause::<PostgresFailure>().unwrap();
        assert_eq!((failure.sqlstate.as_str(), failure.constraint.as_deref()), ("23514", Some("known_note")), "{name}");
        assert!(!format!("{error} {error:?} {}", source.chain()).to_lowercase().contains("canary"), "{error:?}");
        assert_eq!(differences(&before, &definitions(&mut target).await), [""; 0], "{name}");
        assert_eq!(values(&mut target, "SELECT id, note FROM app.orders").await, ["(1,ab)"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_cannot_be_planned_change_nothing() {
    for shop in shops().await {
        let name = shop.described();
        let mut target = shop.inside(&shop.target).await;
        let before = definitions(&mut target).await;
        let error = refused(&shop, &shop::POLICY.replace("    note: { kind: text }\n", "")).await;
        assert!(matches!(error, MaskedCopyError::Plan(PlanError::Refused(_))), "{name}: {error:?}");
        assert!(
            error.to_string().contains("column app.orders.note of type character varying(40) has no rule"),
            "{error}"
        );

        let error = refused(&shop, &shop::POLICY.replace("a=>1", "a=>")).await;
        let MaskedCopyError::Plan(PlanError::Constant { column, .. }) = &error else { panic!("{name}: {error:?}") };
        assert_eq!(column.to_string(), "app.customers.tags", "{name}");

        run(&mut target, "CREATE FUNCTION app.event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'").await;
        run(&mut target, "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.event()").await;
        let error = refused(&shop, shop::POLICY).await;
        assert!(matches!(&error, MaskedCopyError::EventTrigger(name) if name == "watch"), "{name}: {error:?}");
        run(&mut target, "DROP EVENT TRIGGER watch; DROP FUNCTION app.event()").await;
        assert_eq!(differences(&before, &definitions(&mut target).await), [""; 0], "{name}");

        run(&mut target, "ALTER TABLE app.orders ALTER COLUMN note TYPE varchar(41)").await;
        let error = refused(&shop, shop::POLICY).await;
        assert!(error.to_string().contains("no column `note` character varying(40)"), "{name}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_that_cannot_be_read_completely_is_refused() {
    let shop = shops().await.pop().unwrap();
    let (policy, key) = (policy(shop::POLICY), key());
    let mut target = shop.inside(&shop.target).await;
    let before = definitions(&mut target).await;
    // The owner is subject to its policies, and the reader of the kit has no privilege.
    let owner = client(shop.server, shop.role, &shop.source);
    let reader = client(shop.server, READER, &shop.source);
    for (source, expected) in [
        (owner, "query would be affected by row-level security policy for table \"customers\""),
        (reader, "permission denied for schema app"),
    ] {
        let copy = MaskedCopy { source: &source, target: &shop.target(), policy: &policy, key: &key, workers: 1 };
        let error = copy.run(&deadline()).await.expect_err("a failure");
        let MaskedCopyError::Load(LoadError::Statement { source, .. }) = &error else { panic!("{error:?}") };
        assert_eq!(source.kind, ErrorKind::Denied);
        assert!(source.chain().contains(expected), "{}", source.chain());
    }
    assert_eq!(differences(&before, &definitions(&mut target).await), [""; 0]);
}
