//! Ledger of the environment that a copy or a database belongs to.

use eod_clients::Deadline;
use eod_domain::EnvironmentName;
use eod_domain::ledger::LedgerHead;
use eod_domain::vault::EnvironmentLabel;

use crate::provider::Context;

/// Head of the ledger of an environment; none if there is no ledger. The error is a sentence.
pub(crate) async fn environment_head(
    cx: &Context,
    environment: &EnvironmentLabel,
    remote: &Deadline,
) -> Result<Option<LedgerHead>, String> {
    // Any DNS label can be the environment of a copy, and a provider for Vault or PostgreSQL alone has no cluster.
    let (Ok(name), Ok(ledgers)) = (environment.to_string().parse::<EnvironmentName>(), cx.ledgers()) else {
        return Ok(None);
    };
    let ledger = ledgers.get(&name, remote).await.map_err(|error| error.chain().to_string())?;
    ledger.map(|ledger| ledger.head.map_err(|problem| problem.to_string())).transpose()
}
