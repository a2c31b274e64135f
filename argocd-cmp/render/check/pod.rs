//! Pods: where they run, what they mount, and as whom.

use serde_json::Value;

use super::container::{CONTAINER, RESOURCES};
use super::metadata::TEMPLATE;
use super::security::{self, POD_SECURITY};
use super::shape::Shape;
use super::storage::CLAIM_TEMPLATE;
use super::{Cx, not_of_platform};
use crate::refusal::Rule;

const SCHEDULING: &str = "would choose where or how early the pod runs";
const FOREIGN: &str = "brings in data from outside of the namespace";
const TOKEN: &str = "would hand the pod a token of the cluster";

pub(super) static POD_TEMPLATE: Shape =
    Shape::Fields(&[("metadata", Shape::Ref(&TEMPLATE)), ("spec", Shape::Ref(&POD))]);

pub(super) static POD: Shape = Shape::And(
    &Shape::Fields(&[
        ("containers", Shape::List(&CONTAINER)),
        ("initContainers", Shape::List(&CONTAINER)),
        ("ephemeralContainers", Shape::Never(Rule::Field, "belongs to running pods only", "remove it")),
        ("volumes", Shape::List(&VOLUME)),
        ("imagePullSecrets", Shape::Ref(&PULL_SECRETS)),
        ("serviceAccountName", Shape::And(&Shape::Text, account)),
        ("serviceAccount", Shape::And(&Shape::Text, account)),
        ("automountServiceAccountToken", Shape::Only(Rule::ServiceAccount, false)),
        ("securityContext", Shape::Ref(&POD_SECURITY)),
        ("restartPolicy", Shape::Text),
        ("terminationGracePeriodSeconds", Shape::And(&Shape::Count, grace)),
        ("activeDeadlineSeconds", Shape::Count),
        ("dnsPolicy", Shape::Text),
        ("dnsConfig", Shape::Any),
        ("hostAliases", Shape::Any),
        ("hostname", Shape::Text),
        ("subdomain", Shape::Text),
        ("setHostnameAsFQDN", Shape::Switch),
        ("shareProcessNamespace", Shape::Switch),
        ("enableServiceLinks", Shape::Switch),
        ("readinessGates", Shape::Any),
        ("nodeSelector", Shape::Texts),
        ("affinity", Shape::Any),
        ("topologySpreadConstraints", Shape::Any),
        ("resources", Shape::Ref(&RESOURCES)),
        ("os", Shape::Fields(&[("name", Shape::OneOf(Rule::Scheduling, &["linux"]))])),
        ("hostUsers", Shape::Only(Rule::HostAccess, false)),
        ("hostNetwork", Shape::Only(Rule::HostAccess, false)),
        ("hostPID", Shape::Only(Rule::HostAccess, false)),
        ("hostIPC", Shape::Only(Rule::HostAccess, false)),
        ("nodeName", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("tolerations", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("priorityClassName", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("priority", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("preemptionPolicy", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("runtimeClassName", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("schedulerName", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("schedulingGates", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("overhead", Shape::Never(Rule::Scheduling, SCHEDULING, "remove it")),
        ("resourceClaims", Shape::Never(Rule::Scheduling, "would claim devices", "remove it")),
    ]),
    security::restricted,
);

pub(super) static PULL_SECRETS: Shape = Shape::List(&Shape::Fields(&[("name", Shape::Text)]));

static VOLUME: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("configMap", Shape::Ref(&CONFIG_MAP_SOURCE)),
    (
        "secret",
        Shape::Fields(&[
            ("secretName", Shape::And(&Shape::Text, not_of_platform)),
            ("items", Shape::Any),
            ("defaultMode", Shape::Count),
            ("optional", Shape::Switch),
        ]),
    ),
    (
        "emptyDir",
        Shape::Fields(&[("medium", Shape::OneOf(Rule::Volume, &["", "Memory"])), ("sizeLimit", Shape::CountOrText)]),
    ),
    ("downwardAPI", Shape::Fields(&[("items", Shape::Any), ("defaultMode", Shape::Count)])),
    ("persistentVolumeClaim", Shape::Fields(&[("claimName", Shape::Text), ("readOnly", Shape::Switch)])),
    ("ephemeral", Shape::Fields(&[("volumeClaimTemplate", Shape::Ref(&CLAIM_TEMPLATE))])),
    ("projected", Shape::Fields(&[("sources", Shape::List(&PROJECTED)), ("defaultMode", Shape::Count)])),
    ("hostPath", Shape::Never(Rule::HostAccess, "would show the pod its node", "use `emptyDir` or a claim")),
    ("csi", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("image", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("nfs", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("gitRepo", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("iscsi", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("cephfs", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("flexVolume", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("awsElasticBlockStore", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("gcePersistentDisk", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("azureDisk", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
    ("azureFile", Shape::Never(Rule::Volume, FOREIGN, "use `emptyDir` or a claim")),
]);

static CONFIG_MAP_SOURCE: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("items", Shape::Any),
    ("defaultMode", Shape::Count),
    ("optional", Shape::Switch),
]);

static PROJECTED: Shape = Shape::Fields(&[
    ("configMap", Shape::Ref(&CONFIG_MAP_SOURCE)),
    (
        "secret",
        Shape::Fields(&[
            ("name", Shape::And(&Shape::Text, not_of_platform)),
            ("items", Shape::Any),
            ("optional", Shape::Switch),
        ]),
    ),
    ("downwardAPI", Shape::Fields(&[("items", Shape::Any)])),
    ("serviceAccountToken", Shape::Never(Rule::ServiceAccount, TOKEN, "remove it")),
    ("clusterTrustBundle", Shape::Never(Rule::Volume, FOREIGN, "remove it")),
    ("podCertificate", Shape::Never(Rule::ServiceAccount, TOKEN, "remove it")),
]);

/// A pod that takes a year to stop keeps its namespace for a year.
pub(super) fn grace(cx: &mut Cx<'_>, value: &Value) {
    const LONGEST: u64 = 600;
    if value.as_u64().is_some_and(|seconds| seconds > LONGEST) {
        let message = format!("would hold up the end of the environment for more than {LONGEST} seconds");
        cx.refuse(Rule::Caps, message, format!("use at most {LONGEST}"));
    }
}

fn account(cx: &mut Cx<'_>, value: &Value) {
    let Some(name) = value.as_str() else { return };
    if !matches!(name, "" | "default") && !cx.accounts.contains(name) {
        let message = format!("is `{name}`, which the source does not define");
        cx.refuse(Rule::ServiceAccount, message, "add the ServiceAccount, or remove this");
    }
}
