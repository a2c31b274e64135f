//! Stories of the client against a fake transport with a request log. Where one truly waits, time is paused.

mod blockers;
mod faults;
mod login;
mod reader;
mod tls;
mod verbs;
