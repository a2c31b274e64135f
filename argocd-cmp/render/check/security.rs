//! Pod Security Standards: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
//!
//! The level `baseline` always applies. If the policy's level is `restricted`, its required fields must be set.

use eod_domain::PodSecurity;
use serde_json::Value;

use super::context::CheckContext;
use super::shape::ValueShape;
use crate::refusal::RefusalRule;
use crate::workload::{CONTAINER_LISTS, items};

const WINDOWS: &str = "is for Windows nodes, which are not supported";
const SELINUX: &str = "would change the SELinux identity of the pod";

/// Kernel parameters that affect the pod only.
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

pub(super) static POD_SECURITY: ValueShape = ValueShape::Fields(&[
    ("runAsUser", ValueShape::Count),
    ("runAsGroup", ValueShape::Count),
    ("runAsNonRoot", ValueShape::Switch),
    ("fsGroup", ValueShape::Count),
    ("fsGroupChangePolicy", ValueShape::Text),
    ("supplementalGroups", ValueShape::List(&ValueShape::Count)),
    ("supplementalGroupsPolicy", ValueShape::Text),
    ("seLinuxOptions", ValueShape::Ref(&SELINUX_OPTIONS)),
    ("seLinuxChangePolicy", ValueShape::Text),
    ("seccompProfile", ValueShape::Ref(&PROFILE)),
    ("appArmorProfile", ValueShape::Ref(&PROFILE)),
    (
        "sysctls",
        ValueShape::List(&ValueShape::Fields(&[
            ("name", ValueShape::OneOf(RefusalRule::PodSecurity, &SYSCTLS)),
            ("value", ValueShape::Text),
        ])),
    ),
    ("windowsOptions", ValueShape::Never(RefusalRule::PodSecurity, WINDOWS, "remove the field")),
]);

pub(super) static CONTAINER_SECURITY: ValueShape = ValueShape::Fields(&[
    ("privileged", ValueShape::Only(RefusalRule::PodSecurity, false)),
    ("allowPrivilegeEscalation", ValueShape::Switch),
    (
        "capabilities",
        ValueShape::Fields(&[
            ("drop", ValueShape::List(&ValueShape::Text)),
            ("add", ValueShape::And(&ValueShape::Any, nothing_added)),
        ]),
    ),
    ("readOnlyRootFilesystem", ValueShape::Switch),
    ("runAsUser", ValueShape::Count),
    ("runAsGroup", ValueShape::Count),
    ("runAsNonRoot", ValueShape::Switch),
    ("procMount", ValueShape::OneOf(RefusalRule::PodSecurity, &["Default"])),
    ("seLinuxOptions", ValueShape::Ref(&SELINUX_OPTIONS)),
    ("seccompProfile", ValueShape::Ref(&PROFILE)),
    ("appArmorProfile", ValueShape::Ref(&PROFILE)),
    ("windowsOptions", ValueShape::Never(RefusalRule::PodSecurity, WINDOWS, "remove the field")),
]);

static PROFILE: ValueShape = ValueShape::Fields(&[
    ("type", ValueShape::OneOf(RefusalRule::PodSecurity, &["RuntimeDefault", "Localhost"])),
    ("localhostProfile", ValueShape::Text),
]);

static SELINUX_OPTIONS: ValueShape = ValueShape::Fields(&[
    (
        "type",
        ValueShape::OneOf(
            RefusalRule::PodSecurity,
            &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
        ),
    ),
    ("level", ValueShape::Text),
    ("user", ValueShape::Never(RefusalRule::PodSecurity, SELINUX, "remove the field")),
    ("role", ValueShape::Never(RefusalRule::PodSecurity, SELINUX, "remove the field")),
]);

fn nothing_added(cx: &mut CheckContext<'_>, value: &Value) {
    if value.as_array().is_none_or(|added| !added.is_empty()) {
        cx.refuse(RefusalRule::PodSecurity, "would add capabilities", "remove the field");
    }
}

/// Checks the required fields of the level `restricted`.
pub(super) fn restricted(cx: &mut CheckContext<'_>, pod: &Value) {
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

fn root(cx: &mut CheckContext<'_>) {
    cx.refuse(RefusalRule::PodSecurity, "must not be 0 at the level `restricted`", "use another user");
}

fn container_restricted(cx: &mut CheckContext<'_>, container: &Value, of_pod: &Value) {
    let own = container.get("securityContext").unwrap_or(&Value::Null);
    let of_both = |key: &str| own.get(key).or_else(|| of_pod.get(key));
    let mut require = |key: &str, is_set: bool, expected: &str| {
        if !is_set {
            let message = format!("must be {expected} at the level `restricted`");
            cx.at(key, |cx| cx.refuse(RefusalRule::PodSecurity, message, format!("write {expected}")));
        }
    };
    require("allowPrivilegeEscalation", own.get("allowPrivilegeEscalation") == Some(&Value::Bool(false)), "`false`");
    require("runAsNonRoot", of_both("runAsNonRoot") == Some(&Value::Bool(true)), "`true`");
    let profile = of_both("seccompProfile").and_then(|profile| profile.get("type")?.as_str());
    require("seccompProfile", matches!(profile, Some("RuntimeDefault" | "Localhost")), "`type: RuntimeDefault`");
    let drops = items(own, &["capabilities", "drop"]).iter().any(|name| name == "ALL");
    require("capabilities", drops, "`drop: [ALL]`");
    if own.get("runAsUser") == Some(&Value::from(0)) {
        cx.at("runAsUser", root);
    }
}
