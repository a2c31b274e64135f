//! Contract of the copy, on real servers.

mod on_postgres;
