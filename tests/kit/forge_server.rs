//! The fake forge as a program, for the demos: `forge OWNER REPOSITORY WEBHOOK PAUSE`. It prints the URL of its API and
//! serves until it is stopped. PAUSE is the time in milliseconds that a write takes.
#![allow(clippy::print_stdout, clippy::panic, clippy::unwrap_used, reason = "this is a program of the test kit")]

use std::io::{Write, stdout};
use std::time::Duration;

use eod_testkit::argocd::Forge;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [owner, repository, webhook, pause] = arguments.as_slice() else {
        panic!("usage: forge OWNER REPOSITORY WEBHOOK PAUSE");
    };
    let pause = Duration::from_millis(pause.parse().unwrap());
    let forge = Forge::start(owner, repository).with_webhook(webhook).slow(pause);
    println!("{}", forge.api());
    stdout().flush().unwrap();
    loop {
        std::thread::park();
    }
}
