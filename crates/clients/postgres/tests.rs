//! Contract of the client, on real servers.

mod on_postgres;
