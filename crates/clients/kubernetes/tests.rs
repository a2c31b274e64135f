//! Tests of the client on a fake transport with a log of requests. Tests with long waits pause the time.

mod blockers;
mod discovery;
mod fake;
mod faults;
mod ledger;
mod login;
mod reader;
mod tls;
mod verbs;
