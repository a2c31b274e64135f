//! Allowed fields of pods.

use serde_json::Value;

use super::container::{CONTAINER, RESOURCES, grace};
use super::context::{CheckContext, refuse_secret_of_platform};
use super::metadata::TEMPLATE;
use super::security::{self, POD_SECURITY};
use super::shape::ValueShape;
use super::storage::CLAIM_TEMPLATE;
use crate::refusal::RefusalRule;

const SCHEDULING: &str = "would control the scheduling of the pod";
const FOREIGN: &str = "would mount data from outside the namespace";
const TOKEN: &str = "would give the pod a token of the API server";

pub(super) static POD_TEMPLATE: ValueShape =
    ValueShape::Fields(&[("metadata", ValueShape::Ref(&TEMPLATE)), ("spec", ValueShape::Ref(&POD))]);

pub(super) static POD: ValueShape = ValueShape::And(
    &ValueShape::Fields(&[
        ("containers", ValueShape::List(&CONTAINER)),
        ("initContainers", ValueShape::List(&CONTAINER)),
        ("ephemeralContainers", ValueShape::Never(RefusalRule::Field, "is for running pods only", "remove the field")),
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
        (
            "affinity",
            ValueShape::Fields(&[
                ("podAffinity", ValueShape::Any),
                ("podAntiAffinity", ValueShape::Any),
                ("nodeAffinity", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
            ]),
        ),
        ("topologySpreadConstraints", ValueShape::Any),
        ("resources", ValueShape::Ref(&RESOURCES)),
        ("os", ValueShape::Fields(&[("name", ValueShape::OneOf(RefusalRule::Scheduling, &["linux"]))])),
        ("hostUsers", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostNetwork", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostPID", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("hostIPC", ValueShape::Only(RefusalRule::HostAccess, false)),
        ("nodeName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("nodeSelector", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("tolerations", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("priorityClassName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("priority", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("preemptionPolicy", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("runtimeClassName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("schedulerName", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("schedulingGates", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("overhead", ValueShape::Never(RefusalRule::Scheduling, SCHEDULING, "remove the field")),
        ("resourceClaims", ValueShape::Never(RefusalRule::Scheduling, "would request devices", "remove the field")),
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
            ("secretName", ValueShape::And(&ValueShape::Text, refuse_secret_of_platform)),
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
        ValueShape::Never(RefusalRule::HostAccess, "would mount a directory of the node", "use `emptyDir` or a claim"),
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
            ("name", ValueShape::And(&ValueShape::Text, refuse_secret_of_platform)),
            ("items", ValueShape::Any),
            ("optional", ValueShape::Switch),
        ]),
    ),
    ("downwardAPI", ValueShape::Fields(&[("items", ValueShape::Any)])),
    ("serviceAccountToken", ValueShape::Never(RefusalRule::ServiceAccount, TOKEN, "remove the field")),
    ("clusterTrustBundle", ValueShape::Never(RefusalRule::Volume, FOREIGN, "remove the field")),
    ("podCertificate", ValueShape::Never(RefusalRule::ServiceAccount, TOKEN, "remove the field")),
]);

fn account(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str() else { return };
    if !matches!(name, "" | "default") && !cx.names.accounts.contains(name) {
        let message = format!("is `{name}`, which is not in the source");
        cx.refuse(RefusalRule::ServiceAccount, message, "add the ServiceAccount, or remove the field");
    }
}
