//! CHECK constraints that no masked value passes, found in samples before a build that they would end hours later.

use eod_clients::Error as ClientError;
use eod_clients::postgres::Postgres;
use eod_golden::{DatabaseCatalogue, run};
use eod_masking::{MaskingPolicy, classify};

use crate::command::mask::MaskContext;
use crate::command::mask::access::statement_failure;
use crate::command::mask::constraints::{RefusedCheck, try_constraints};
use crate::command::mask::policy_file::PolicyFile;
use crate::command::mask::samples::READ_ONLY;
use crate::failure::Failure;
use crate::output::note;

/// Refuses a policy with masked values that a CHECK constraint of the source refuses in all rows of a sample, and warns about
/// constraints that refuse some of them. Anything else that is wrong with the source is left to the build.
pub(super) async fn refuse_constraints(
    context: &MaskContext,
    source: &Postgres,
    file: &PolicyFile,
    policy: &MaskingPolicy,
) -> Result<(), Failure> {
    let mut session = source.connect(&context.deadline).await.map_err(|error| statement_failure(&error))?;
    let refused = async {
        run(&mut session, "prepare", "the session", READ_ONLY, &context.deadline).await?;
        let catalogue = DatabaseCatalogue::read(&mut session, &context.deadline).await?;
        let Ok(classification) = classify(policy, &catalogue.masking_catalogue()) else { return Ok(Vec::new()) };
        let trial = try_constraints(&mut session, &catalogue, &classification, &context.deadline).await?;
        session.close(&context.deadline).await?;
        Ok::<_, ClientError>(trial.refused)
    };
    let (fatal, others): (Vec<_>, Vec<_>) =
        refused.await.unwrap_or_default().into_iter().partition(|check| check.is_fatal);
    let text = |check: &RefusedCheck| file.located(None, &format!("{}; {}", check.message, check.remedy));
    for check in &others {
        note(&format!("warning: {}", text(check)));
    }
    if fatal.is_empty() {
        return Ok(());
    }
    let texts: Vec<_> = fatal.iter().map(text).collect();
    let failure = Failure::usage(format!("the policy does not fit the database:\n{}", texts.join("\n")));
    Err(failure.remedy("correct the policy; `eod mask check` compares it with a database"))
}
