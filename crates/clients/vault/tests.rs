//! Tests of the client: faults on the fake, everything else on a real Vault.

mod fake;
mod faults;
mod on_vault;
