//! Allowed fields of Deployments, StatefulSets, Jobs and CronJobs.

use serde_json::Value;

use super::context::CheckContext;
use super::metadata::TEMPLATE;
use super::pod::POD_TEMPLATE;
use super::shape::ValueShape;
use super::storage::CLAIM_TEMPLATE;
use crate::refusal::RefusalRule;

pub(super) static DEPLOYMENT: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::Fields(&[
            ("replicas", ValueShape::And(&ValueShape::Count, replicas)),
            ("selector", ValueShape::Ref(&SELECTOR)),
            ("template", ValueShape::Ref(&POD_TEMPLATE)),
            ("strategy", ValueShape::Any),
            ("minReadySeconds", ValueShape::Count),
            ("revisionHistoryLimit", ValueShape::Count),
            ("progressDeadlineSeconds", ValueShape::Count),
            ("paused", ValueShape::Switch),
        ]),
    ),
]);

pub(super) static STATEFUL_SET: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::Fields(&[
            ("replicas", ValueShape::And(&ValueShape::Count, replicas)),
            ("selector", ValueShape::Ref(&SELECTOR)),
            ("serviceName", ValueShape::Text),
            ("template", ValueShape::Ref(&POD_TEMPLATE)),
            ("volumeClaimTemplates", ValueShape::List(&CLAIM_TEMPLATE)),
            ("updateStrategy", ValueShape::Any),
            ("podManagementPolicy", ValueShape::Text),
            ("minReadySeconds", ValueShape::Count),
            ("revisionHistoryLimit", ValueShape::Count),
            ("ordinals", ValueShape::Any),
            ("persistentVolumeClaimRetentionPolicy", ValueShape::Any),
        ]),
    ),
]);

pub(super) static JOB: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    ("spec", ValueShape::Ref(&JOB_SPEC)),
]);

pub(super) static CRON_JOB: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::Fields(&[
            ("schedule", ValueShape::Text),
            ("timeZone", ValueShape::Text),
            ("concurrencyPolicy", ValueShape::Text),
            ("startingDeadlineSeconds", ValueShape::Count),
            ("suspend", ValueShape::Switch),
            ("successfulJobsHistoryLimit", ValueShape::Count),
            ("failedJobsHistoryLimit", ValueShape::Count),
            (
                "jobTemplate",
                ValueShape::Fields(&[("metadata", ValueShape::Ref(&TEMPLATE)), ("spec", ValueShape::Ref(&JOB_SPEC))]),
            ),
        ]),
    ),
]);

static JOB_SPEC: ValueShape = ValueShape::Fields(&[
    ("template", ValueShape::Ref(&POD_TEMPLATE)),
    ("parallelism", ValueShape::And(&ValueShape::Count, replicas)),
    ("completions", ValueShape::Count),
    ("completionMode", ValueShape::Text),
    ("backoffLimit", ValueShape::Count),
    ("backoffLimitPerIndex", ValueShape::Count),
    ("maxFailedIndexes", ValueShape::Count),
    ("activeDeadlineSeconds", ValueShape::Count),
    ("ttlSecondsAfterFinished", ValueShape::Count),
    ("suspend", ValueShape::Switch),
    ("podFailurePolicy", ValueShape::Any),
    ("podReplacementPolicy", ValueShape::Text),
    ("successPolicy", ValueShape::Any),
    ("selector", ValueShape::Never(RefusalRule::Field, "could select pods of another Job", "remove the field")),
    ("manualSelector", ValueShape::Never(RefusalRule::Field, "could select pods of another Job", "remove the field")),
    (
        "managedBy",
        ValueShape::Never(RefusalRule::Field, "would assign the Job to another controller", "remove the field"),
    ),
]);

static SELECTOR: ValueShape =
    ValueShape::Fields(&[("matchLabels", ValueShape::Texts), ("matchExpressions", ValueShape::List(&ValueShape::Any))]);

fn replicas(cx: &mut CheckContext<'_>, value: &Value) {
    let cap = cx.preview.policy.caps.replicas;
    if value.as_u64().is_some_and(|number| number > u64::from(cap)) {
        cx.refuse(RefusalRule::Caps, format!("is above the policy's cap of {cap}"), format!("set at most {cap}"));
    }
}
