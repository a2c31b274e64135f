//! Deployments, stateful sets, jobs and cron jobs, around their pods.

use serde_json::Value;

use super::Cx;
use super::metadata::TEMPLATE;
use super::pod::POD_TEMPLATE;
use super::shape::Shape;
use super::storage::CLAIM_TEMPLATE;
use crate::refusal::Rule;

pub(super) static DEPLOYMENT: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::Fields(&[
            ("replicas", Shape::And(&Shape::Count, replicas)),
            ("selector", Shape::Ref(&SELECTOR)),
            ("template", Shape::Ref(&POD_TEMPLATE)),
            ("strategy", Shape::Any),
            ("minReadySeconds", Shape::Count),
            ("revisionHistoryLimit", Shape::Count),
            ("progressDeadlineSeconds", Shape::Count),
            ("paused", Shape::Switch),
        ]),
    ),
]);

pub(super) static STATEFUL_SET: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::Fields(&[
            ("replicas", Shape::And(&Shape::Count, replicas)),
            ("selector", Shape::Ref(&SELECTOR)),
            ("serviceName", Shape::Text),
            ("template", Shape::Ref(&POD_TEMPLATE)),
            ("volumeClaimTemplates", Shape::List(&CLAIM_TEMPLATE)),
            ("updateStrategy", Shape::Any),
            ("podManagementPolicy", Shape::Text),
            ("minReadySeconds", Shape::Count),
            ("revisionHistoryLimit", Shape::Count),
            ("ordinals", Shape::Any),
            ("persistentVolumeClaimRetentionPolicy", Shape::Any),
        ]),
    ),
]);

pub(super) static JOB: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    ("spec", Shape::Ref(&JOB_SPEC)),
]);

pub(super) static CRON_JOB: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::Fields(&[
            ("schedule", Shape::Text),
            ("timeZone", Shape::Text),
            ("concurrencyPolicy", Shape::Text),
            ("startingDeadlineSeconds", Shape::Count),
            ("suspend", Shape::Switch),
            ("successfulJobsHistoryLimit", Shape::Count),
            ("failedJobsHistoryLimit", Shape::Count),
            ("jobTemplate", Shape::Fields(&[("metadata", Shape::Ref(&TEMPLATE)), ("spec", Shape::Ref(&JOB_SPEC))])),
        ]),
    ),
]);

static JOB_SPEC: Shape = Shape::Fields(&[
    ("template", Shape::Ref(&POD_TEMPLATE)),
    ("parallelism", Shape::And(&Shape::Count, replicas)),
    ("completions", Shape::Count),
    ("completionMode", Shape::Text),
    ("backoffLimit", Shape::Count),
    ("backoffLimitPerIndex", Shape::Count),
    ("maxFailedIndexes", Shape::Count),
    ("activeDeadlineSeconds", Shape::Count),
    ("ttlSecondsAfterFinished", Shape::Count),
    ("suspend", Shape::Switch),
    ("podFailurePolicy", Shape::Any),
    ("podReplacementPolicy", Shape::Text),
    ("successPolicy", Shape::Any),
    ("selector", Shape::Never(Rule::Field, "could take over pods of another Job", "remove it")),
    ("manualSelector", Shape::Never(Rule::Field, "could take over pods of another Job", "remove it")),
    ("managedBy", Shape::Never(Rule::Field, "hands the Job to another controller", "remove it")),
]);

static SELECTOR: Shape =
    Shape::Fields(&[("matchLabels", Shape::Texts), ("matchExpressions", Shape::List(&Shape::Any))]);

fn replicas(cx: &mut Cx<'_>, value: &Value) {
    let cap = cx.preview.policy.caps.replicas;
    if value.as_u64().is_some_and(|number| number > u64::from(cap)) {
        cx.refuse(Rule::Caps, format!("is above the policy's cap of {cap}"), format!("use at most {cap}"));
    }
}
