//! Roles that try to enter a clone all the time, from its first statement to its end.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use eod_testkit::postgres::{PASSWORD, READER};
use tokio::task::JoinHandle;

use super::{ENVIRONMENT, client_at, deadline, goldens, nonce, password, released};
use crate::{CloneName, CloneRequest};

/// Lives of the clone.
const ROUNDS: u8 = 4;

/// Role that tries to connect to a database until it is told to stop.
struct Intruder {
    entered: Arc<Mutex<Vec<Instant>>>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<u32>,
}

impl Intruder {
    fn start(port: u16, role: String, secret: String, name: &CloneName) -> Self {
        let (entered, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (found, stopped, database) = (Arc::clone(&entered), Arc::clone(&stop), name.to_string());
        let task = tokio::spawn(async move {
            let mut attempts = 0;
            while !stopped.load(Ordering::Relaxed) {
                let target = client_at(port, &role, &secret, &database);
                attempts += 1;
                if let Ok(session) = target.connect(&deadline()).await {
                    found.lock().unwrap().push(Instant::now());
                    drop(session.close(&deadline()).await);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            attempts
        });
        Self { entered, stop, task }
    }

    /// Times of the connections.
    async fn end(self) -> Vec<Instant> {
        self.stop.store(true, Ordering::Relaxed);
        assert!(self.task.await.unwrap() > 10, "it has hardly tried");
        let entered = self.entered.lock().unwrap();
        entered.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enters_before_the_opening_or_after_the_end() {
    for golden in goldens().await {
        let described = golden.described();
        golden.opened("shop-pr-8").await;
        let (name, owner) = (golden.clone_name(ENVIRONMENT), golden.owner(ENVIRONMENT));
        let start =
            |role: &str, secret: &str| Intruder::start(golden.server.port, role.to_owned(), secret.to_owned(), &name);
        let neighbour = golden.clone_name("shop-pr-8").login();
        let strangers = [start(READER, PASSWORD), start(&neighbour, password(1).reveal())];
        let app = start(&name.login(), password(1).reveal());
        // Each life of the clone is open between these times.
        let mut open = Vec::new();
        for round in 0..ROUNDS {
            let mut clones = golden.clones().await;
            let request = CloneRequest { name: &name, owner: &owner, golden: &golden.name, nonce: &nonce(round) };
            clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
            let begin = Instant::now();
            clones.open(&name, &owner, &password(1), &deadline()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            if round % 2 == 0 {
                let keep_for = Duration::from_hours(1);
                let kept = clones.keep(&name, &owner, None, keep_for, &deadline()).await;
                kept.unwrap_or_else(|error| panic!("{described}: {}", error.chain())).unwrap();
            } else {
                clones.destroy(&name, &owner, None, &deadline()).await.unwrap();
            }
            open.push((begin, Instant::now()));
            drop(clones);
            released(golden.server, &name).await;
        }
        for stranger in strangers {
            assert_eq!(stranger.end().await.len(), 0, "{described}");
        }
        let entered = app.end().await;
        assert!(!entered.is_empty(), "{described}: the login never worked");
        // A connection may be seen a moment after the end of the clone.
        let late = Duration::from_millis(500);
        let is_in = |at: &Instant| open.iter().any(|(begin, end)| begin <= at && *at <= *end + late);
        assert!(entered.iter().all(is_in), "{described}");
    }
}
