//! Errors and warnings about a ledger.

use eod_clients::Error;
use eod_clients::ErrorKind;
use eod_clients::kubernetes::LedgerProblem;
use eod_domain::ledger::{TransitionError, ledger_name};
use tfplugin::Diag;

use super::{EnvironmentLedger, RecordError};
use crate::explain;

impl EnvironmentLedger<'_> {
    /// Warns about an operation that is not recorded. Missing rights to the ledger are reported once per process.
    pub(super) fn warn(&self, error: &RecordError) {
        if error.is_forbidden() {
            if self.cx.reports_ledger() {
                self.call.warn(self.forbidden_warning(error));
            }
            return;
        }
        self.call.warn(
            Diag::warning(format!("The ledger of environment {} was not written", self.name))
                .detail(format!(
                    "The environment itself is as planned, but this is not recorded: {}.",
                    error.to_string().trim_end_matches('.')
                ))
                .hint(format!("if this warning is repeated, check ConfigMap {}", self.config_map())),
        );
    }

    fn forbidden_warning(&self, error: &RecordError) -> Diag {
        Diag::warning("Environments are not recorded")
            .detail(format!(
                "The credentials have no right to the ledgers in namespace `{}`, so creates and ends are not recorded. If \
                 the reaper ends an environment, the next plan cannot distinguish this from a deletion by hand.\n{}.",
                self.ledgers.namespace(),
                explain::sentence(&error.to_string()).trim_end_matches('.')
            ))
            .hint(self.rule())
    }

    /// The error of a refresh that cannot read the ledger.
    pub(super) fn unreadable_error(&self, error: &Error) -> Diag {
        let diag = Diag::error("The ledger of the environment cannot be read")
            .detail(format!(
                "The namespace of environment `{}` is gone or being deleted. Only its ledger shows if it was ended or deleted \
                 by hand. The state is kept.",
                self.name
            ))
            .cause(error);
        if error.kind == ErrorKind::Denied {
            return diag.hint(self.rule());
        }
        let advice = explain::remote(error).hint;
        advice.into_iter().fold(diag, Diag::hint)
    }

    /// The error for a ledger without a head that can be read.
    pub(super) fn damaged_error(&self, problem: &LedgerProblem) -> Diag {
        Diag::error("The ledger of the environment is damaged")
            .detail(format!("ConfigMap {} cannot be read: {problem}.", self.config_map()))
            .hint(format!(
                "restore it, or delete it with `kubectl -n {} delete configmap {}`: the record of earlier ends is lost then",
                self.ledgers.namespace(),
                self.config_map_name()
            ))
    }

    /// The error for a create that the ledger refuses.
    pub(super) fn refused_error(&self, error: &TransitionError) -> Diag {
        let name = self.name;
        let diag = match error {
            TransitionError::Tombstone { reason } => {
                return Diag::error("The environment has ended")
                    .detail(format!(
                        "Environment `{name}` was ended with reason `{reason}`, and `head_sha` has not changed since. A late \
                         pipeline does not bring a closed pull request back."
                    ))
                    .hint(format!(
                        "reopen the pull request or push a commit; or lift the end with `eod wake {name}`, then apply again"
                    ));
            }
            TransitionError::OtherIdentity { .. } => {
                return Diag::error("The name belongs to another environment")
                    .detail(format!("Environment `{name}`: {error}. A name is never shared."))
                    .hint(format!(
                        "give this environment another `name` or `name_template`; if the other environment is no longer needed, \
                         delete its ledger with `kubectl -n {} delete configmap {}`",
                        self.ledgers.namespace(),
                        self.config_map_name()
                    ));
            }
            _ => Diag::error("The environment cannot be created now"),
        };
        diag.detail(format!("Environment `{name}`: {error}.")).hint("plan again")
    }

    /// The rule that the credentials need.
    fn rule(&self) -> String {
        format!(
            "create namespace `{}`, and add this rule to a Role in it: {{ apiGroups: [\"\"], resources: [configmaps], verbs: \
             [get, list, create, patch, delete] }}",
            self.ledgers.namespace()
        )
    }

    fn config_map(&self) -> String {
        format!("`{}` in namespace `{}`", self.config_map_name(), self.ledgers.namespace())
    }

    fn config_map_name(&self) -> String {
        ledger_name(&self.cx.known_settings().installation, self.name)
    }
}
