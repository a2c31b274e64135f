//! Services: inside the cluster only.

use super::shape::ValueShape;
use crate::refusal::RefusalRule;

const INSIDE: &str = "would make the Service reachable in another way than inside the cluster";

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
            // Anything but a headless Service would claim an address of somebody's choice.
            ("clusterIP", ValueShape::OneOf(RefusalRule::Service, &["None", ""])),
            ("sessionAffinity", ValueShape::Text),
            ("sessionAffinityConfig", ValueShape::Any),
            ("publishNotReadyAddresses", ValueShape::Switch),
            ("ipFamilies", ValueShape::List(&ValueShape::Text)),
            ("ipFamilyPolicy", ValueShape::Text),
            ("internalTrafficPolicy", ValueShape::Text),
            ("trafficDistribution", ValueShape::Text),
            ("externalIPs", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            (
                "externalName",
                ValueShape::Never(RefusalRule::Service, "would lead to any host", "name a service with `services`"),
            ),
            ("externalTrafficPolicy", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            ("loadBalancerIP", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            ("loadBalancerClass", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            ("loadBalancerSourceRanges", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            ("allocateLoadBalancerNodePorts", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
            ("healthCheckNodePort", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
        ]),
    ),
]);

static PORT: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("port", ValueShape::Count),
    ("targetPort", ValueShape::CountOrText),
    ("protocol", ValueShape::Text),
    ("appProtocol", ValueShape::Text),
    ("nodePort", ValueShape::Never(RefusalRule::Service, INSIDE, "remove it")),
]);
