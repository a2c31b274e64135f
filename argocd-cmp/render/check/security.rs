//! The Pod Security Standards: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
//!
//! The baseline holds always. Where the policy says `restricted`, what that level demands must be written.

use eod_domain::PodSecurity;
use serde_json::Value;

use super::Cx;
use super::shape::Shape;
use crate::refusal::Rule;
use crate::workload::{CONTAINER_LISTS, items};

const WINDOWS: &str = "is for Windows nodes, which previews do not use";
const SELINUX: &str = "would change who the pod is to SELinux";

/// Kernel parameters that belong to the pod alone.
const SYSCTLS: [&str; 13] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
];

pub(super) static POD_SECURITY: Shape = Shape::Fields(&[
    ("runAsUser", Shape::Count),
    ("runAsGroup", Shape::Count),
    ("runAsNonRoot", Shape::Switch),
    ("fsGroup", Shape::Count),
    ("fsGroupChangePolicy", Shape::Text),
    ("supplementalGroups", Shape::List(&Shape::Count)),
    ("supplementalGroupsPolicy", Shape::Text),
    ("seLinuxOptions", Shape::Ref(&SELINUX_OPTIONS)),
    ("seLinuxChangePolicy", Shape::Text),
    ("seccompProfile", Shape::Ref(&PROFILE)),
    ("appArmorProfile", Shape::Ref(&PROFILE)),
    (
        "sysctls",
        Shape::List(&Shape::Fields(&[("name", Shape::OneOf(Rule::PodSecurity, &SYSCTLS)), ("value", Shape::Text)])),
    ),
    ("windowsOptions", Shape::Never(Rule::PodSecurity, WINDOWS, "remove it")),
]);

pub(super) static CONTAINER_SECURITY: Shape = Shape::Fields(&[
    ("privileged", Shape::Only(Rule::PodSecurity, false)),
    ("allowPrivilegeEscalation", Shape::Switch),
    (
        "capabilities",
        Shape::Fields(&[("drop", Shape::List(&Shape::Text)), ("add", Shape::And(&Shape::Any, nothing_added))]),
    ),
    ("readOnlyRootFilesystem", Shape::Switch),
    ("runAsUser", Shape::Count),
    ("runAsGroup", Shape::Count),
    ("runAsNonRoot", Shape::Switch),
    ("procMount", Shape::OneOf(Rule::PodSecurity, &["Default"])),
    ("seLinuxOptions", Shape::Ref(&SELINUX_OPTIONS)),
    ("seccompProfile", Shape::Ref(&PROFILE)),
    ("appArmorProfile", Shape::Ref(&PROFILE)),
    ("windowsOptions", Shape::Never(Rule::PodSecurity, WINDOWS, "remove it")),
]);

static PROFILE: Shape = Shape::Fields(&[
    ("type", Shape::OneOf(Rule::PodSecurity, &["RuntimeDefault", "Localhost"])),
    ("localhostProfile", Shape::Text),
]);

static SELINUX_OPTIONS: Shape = Shape::Fields(&[
    (
        "type",
        Shape::OneOf(
            Rule::PodSecurity,
            &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
        ),
    ),
    ("level", Shape::Text),
    ("user", Shape::Never(Rule::PodSecurity, SELINUX, "remove it")),
    ("role", Shape::Never(Rule::PodSecurity, SELINUX, "remove it")),
]);

fn nothing_added(cx: &mut Cx<'_>, value: &Value) {
    if value.as_array().is_none_or(|added| !added.is_empty()) {
        cx.refuse(Rule::PodSecurity, "gives a container capabilities", "remove it");
    }
}

/// What the level `restricted` demands of a pod.
pub(super) fn restricted(cx: &mut Cx<'_>, pod: &Value) {
    if cx.preview.policy.pod_security != PodSecurity::Restricted {
        return;
    }
    let of_pod = pod.get("securityContext").unwrap_or(&Value::Null);
    if of_pod.get("runAsUser") == Some(&Value::from(0)) {
        cx.at("securityContext", |cx| cx.at("runAsUser", |cx| root(cx)));
    }
    for list in CONTAINER_LISTS {
        for (at, container) in items(pod, &[list]).iter().enumerate() {
            cx.at(list, |cx| {
                cx.item(at, |cx| cx.at("securityContext", |cx| container_restricted(cx, container, of_pod)));
            });
        }
    }
}

fn root(cx: &mut Cx<'_>) {
    cx.refuse(Rule::PodSecurity, "is 0, and the level is `restricted`", "run as another user");
}

fn container_restricted(cx: &mut Cx<'_>, container: &Value, of_pod: &Value) {
    let own = container.get("securityContext").unwrap_or(&Value::Null);
    let of_both = |key: &str| own.get(key).or_else(|| of_pod.get(key));
    let mut demand = |key: &str, fits: bool, wanted: &str| {
        if !fits {
            let message = format!("must be {wanted}, because the level is `restricted`");
            cx.at(key, |cx| cx.refuse(Rule::PodSecurity, message, format!("write {wanted}")));
        }
    };
    demand("allowPrivilegeEscalation", own.get("allowPrivilegeEscalation") == Some(&Value::Bool(false)), "`false`");
    demand("runAsNonRoot", of_both("runAsNonRoot") == Some(&Value::Bool(true)), "`true`");
    let profile = of_both("seccompProfile").and_then(|profile| profile.get("type")?.as_str());
    demand("seccompProfile", matches!(profile, Some("RuntimeDefault" | "Localhost")), "`type: RuntimeDefault`");
    let drops = items(own, &["capabilities", "drop"]).iter().any(|name| name == "ALL");
    demand("capabilities", drops, "`drop: [ALL]`");
    if own.get("runAsUser") == Some(&Value::from(0)) {
        cx.at("runAsUser", root);
    }
}
