//! Allowed fields of Services: reachable inside the cluster only.

use super::shape::ValueShape;
use crate::refusal::RefusalRule;

const INSIDE: &str = "would make the Service reachable from outside the cluster";

pub(super) static SERVICE: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::Fields(&[
            ("type", ValueShape::OneOf(RefusalRule::Service, &["ClusterIP"])),
            ("selector", ValueShape::Texts),
            ("ports", ValueShape::List(&PORT)),
            // Any other value requests a fixed address.
            ("clusterIP", ValueShape::OneOf(RefusalRule::Service, &["None", ""])),
            ("sessionAffinity", ValueShape::Text),
            ("sessionAffinityConfig", ValueShape::Any),
            ("publishNotReadyAddresses", ValueShape::Switch),
            ("ipFamilies", ValueShape::List(&ValueShape::Text)),
            ("ipFamilyPolicy", ValueShape::Text),
            ("internalTrafficPolicy", ValueShape::Text),
            ("trafficDistribution", ValueShape::Text),
            ("externalIPs", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            (
                "externalName",
                ValueShape::Never(
                    RefusalRule::Service,
                    "would send requests to any host",
                    "use a stable service of the policy",
                ),
            ),
            ("externalTrafficPolicy", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            ("loadBalancerIP", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            ("loadBalancerClass", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            ("loadBalancerSourceRanges", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            ("allocateLoadBalancerNodePorts", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
            ("healthCheckNodePort", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
        ]),
    ),
]);

static PORT: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("port", ValueShape::Count),
    ("targetPort", ValueShape::CountOrText),
    ("protocol", ValueShape::Text),
    ("appProtocol", ValueShape::Text),
    ("nodePort", ValueShape::Never(RefusalRule::Service, INSIDE, "remove the field")),
]);
