//! Pods: where they run, what they mount, and as whom.

use serde_json::Value;

use super::container::{CONTAINER, RESOURCES};
use super::metadata::TEMPLATE;
use super::security::{self, POD_SECURITY};
use super::shape::ValueShape;
use super::storage::CLAIM_TEMPLATE;
use super::{CheckContext, not_of_platform};
use crate::refusal::RefusalRule;

const SCHEDULING: &str = "would choose where or how early the pod runs";
const FOREIGN: &str = "brings in data from outside of the namespace";
const TOKEN: &str = "would hand the pod a token of the cluster";

pub(super) static POD_TEMPLATE: ValueShape =
    ValueShape::Fields(&[("metadata", ValueShape::Ref(&TEMPLATE)), ("spec", ValueShape::Ref(&POD))]);

pub(super) static POD: ValueShape = ValueShape::And(
    &ValueShape::Fields(&[
        ("containers", ValueShape::List(&CONTAINER)),
        ("initContainers", ValueShape::List(&CONTAINER)),
        ("ephemeralContainers", ValueShape::Never(RefusalRule::Field, "belongs to running pods only", "remove it")),
        ("volumes", ValueShape::List(&VOLUME)),
        ("imagePullSecrets", ValueShape::Ref(&PULL_SECRETS)),
        ("serviceAccountName", ValueShape::And(&ValueShape::Text, account)),
        ("serviceAccount", ValueShape::And(&ValueShape::Text, account)),
        ("automountServiceAccountToken", ValueShape::Only(RefusalRule::ServiceAccount, false)),
        ("securityContext", ValueShape::Ref(&POD_SECURITY)),
        ("restartPolicy", ValueShape::Text),
        ("terminationGracePeriodSeconds", ValueShape::And(&ValueShape::Count, grace)),
        ("activeDeadlineSeconds", ValueShape::Count),
        ("dnsPolicy", ValueShape::Text),
        ("dnsConfig", ValueShape::Any),
        ("hostAliases", ValueShape::Any),
        ("hostname", ValueShape::Text),
        ("subdomain", ValueShape::Text),
        ("setHostnameAsFQDN", ValueShape::Switch),
        ("shareProcessNamespace", ValueShape::Switch),
        ("enableServiceLinks", ValueShape::Switch),
        ("readinessGates", ValueShape::Any),
        ("nodeSelector", ValueShape::Texts),
        ("affinity", ValueShape::Any),
        ("topologySpreadConstraints", ValueShape::Any),
        ("resources", ValueShape::Ref(&RESOURCES)),
        ("os", ValueShape::Fields(&[("name", ValueShape::OneOf(RefusalRule::Scheduling, &["linux"]))])),
        ("hostUsers", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostNetwork", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostPID", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostIPC", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("nodeName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("tolerations", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("priorityClassName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("priority", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("preemptionPolicy", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("runtimeClassName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("schedulerName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("schedulingGates", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("overhead", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove it")),
        ("resourceClaims", ValueShape::Never(RefusalRule::Scheduling, "would claim devices", "remove it")),
    ]),
    security::restricted,
);

pub(super) static PULL_SECRETS: ValueShape = ValueShape::List(&ValueShape::Fields(&[("name", ValueShape::Text)]));

static VOLUME: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("configMap", ValueShape::Ref(&CONFIG_MAP_SOURCE)),
    (
        "secret",
        ValueShape::Fields(&[
            ("secretName", ValueShape::And(&ValueShape::Text, not_of_platform)),
            ("items", ValueShape::Any),
            ("defaultMode", ValueShape::Count),
            ("optional", ValueShape::Switch),
        ]),
    ),
    (
        "emptyDir",
        ValueShape::Fields(&[
            ("medium", ValueShape::OneOf(RefusalRule::Volume, &["", "Memory"])),
            ("sizeLimit", ValueShape::CountOrText),
        ]),
    ),
    ("downwardAPI", ValueShape::Fields(&[("items", ValueShape::Any), ("defaultMode", ValueShape::Count)])),
    ("persistentVolumeClaim", ValueShape::Fields(&[("claimName", ValueShape::Text), ("readOnly", ValueShape::Switch)])),
    ("ephemeral", ValueShape::Fields(&[("volumeClaimTemplate", ValueShape::Ref(&CLAIM_TEMPLATE))])),
    ("projected", ValueShape::Fields(&[("sources", ValueShape::List(&PROJECTED)), ("defaultMode", ValueShape::Count)])),
    (
        "hostPath",
        ValueShape::Never(RefusalRule::HostAccess, "would show the pod its node", "use `emptyDir` or a claim"),
    ),
    ("csi", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("image", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("nfs", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("gitRepo", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("iscsi", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("cephfs", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("flexVolume", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("awsElasticBlockStore", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("gcePersistentDisk", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("azureDisk", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("azureFile", ValueShape::Never(RefusalRule::Volume, FOREIGN, "use `emptyDir` or a claim")),
]);

static CONFIG_MAP_SOURCE: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("items", ValueShape::Any),
    ("defaultMode", ValueShape::Count),
    ("optional", ValueShape::Switch),
]);

static PROJECTED: ValueShape = ValueShape::Fields(&[
    ("configMap", ValueShape::Ref(&CONFIG_MAP_SOURCE)),
    (
        "secret",
        ValueShape::Fields(&[
            ("name", ValueShape::And(&ValueShape::Text, not_of_platform)),
            ("items", ValueShape::Any),
            ("optional", ValueShape::Switch),
        ]),
    ),
    ("downwardAPI", ValueShape::Fields(&[("items", ValueShape::Any)])),
    ("serviceAccountToken", ValueShape::Never(RefusalRule::ServiceAccount, TOKEN, "remove it")),
    ("clusterTrustBundle", ValueShape::Never(RefusalRule::Volume, FOREIGN, "remove it")),
    ("podCertificate", ValueShape::Never(RefusalRule::ServiceAccount, TOKEN, "remove it")),
]);

/// A pod that takes a year to stop keeps its namespace for a year.
pub(super) fn grace(cx: &mut CheckContext<'_>, value: &Value) {
    const LONGEST: u64 = 600;
    if value.as_u64().is_some_and(|seconds| seconds > LONGEST) {
        let message = format!("would hold up the end of the environment for more than {LONGEST} seconds");
        cx.refuse(RefusalRule::Caps, message, format!("use at most {LONGEST}"));
    }
}

fn account(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str() else { return };
    if !matches!(name, "" | "default") && !cx.accounts.contains(name) {
        let message = format!("is `{name}`, which the source does not define");
        cx.refuse(RefusalRule::ServiceAccount, message, "add the ServiceAccount, or remove this");
    }
}
