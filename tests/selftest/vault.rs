//! The server does what the stories need a real one for.

mod audit;
mod faults;
mod login;
mod server;
mod versions;
