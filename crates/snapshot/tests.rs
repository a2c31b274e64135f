//! Contract of clones, on real servers.

mod on_postgres;
