//! Tables that sessions have touched.

use std::time::Duration;

use super::{ENVIRONMENT, client, deadline, goldens, run};
use crate::{CloneError, ObservedTables, TableUse};

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_a_session_that_is_ending_are_counted() {
    for golden in goldens().await {
        let described = golden.described();
        let secret = golden.opened(ENVIRONMENT).await;
        let name = golden.clone_name(ENVIRONMENT);
        let inside = client(golden.server, golden.role, super::PASSWORD, name.as_str());
        let mut observer = inside.connect(&deadline()).await.unwrap();
        let before = ObservedTables::read(&mut observer, &deadline()).await.unwrap();
        let app = client(golden.server, &name.login(), secret.reveal(), name.as_str());
        let mut session = app.connect(&deadline()).await.unwrap();
        // The server counts the first statement at once, and the second one at the end of the session.
        run(&mut session, "CREATE TABLE app.first (i int); INSERT INTO app.first VALUES (1)").await;
        run(&mut session, "DELETE FROM app.orders WHERE id = 1").await;
        let refused = ObservedTables::read_within(&mut observer, Duration::from_millis(100), &deadline()).await;
        assert!(matches!(&refused, Err(CloneError::InUse { by }) if by.len() == 1), "{described}: {refused:?}");
        let end = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(session);
        });
        let after = ObservedTables::read(&mut observer, &deadline()).await.unwrap();
        end.await.unwrap();
        let touched: Vec<_> = before.touched_until(&after).into_iter().map(|table| (table.table, table.uses)).collect();
        let expected = [
            ("app.first".to_owned(), vec![TableUse::Created]),
            ("app.orders".to_owned(), vec![TableUse::Written, TableUse::Read]),
        ];
        assert_eq!(touched, expected, "{described}");
    }
}
