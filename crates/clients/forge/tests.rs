//! Tests of the client on a fake forge, which listens on loopback; the client is real.

mod dialects;
mod fake;
mod limits;
mod refusals;
mod safety;
