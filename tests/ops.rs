//! Stories of operations, on a real API server.

mod ledger;
