//! Services: inside the cluster only.

use super::shape::Shape;
use crate::refusal::Rule;

const INSIDE: &str = "would make the Service reachable in another way than inside the cluster";

pub(super) static SERVICE: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::Fields(&[
            ("type", Shape::OneOf(Rule::Service, &["ClusterIP"])),
            ("selector", Shape::Texts),
            ("ports", Shape::List(&PORT)),
            // Anything but a headless Service would claim an address of somebody's choice.
            ("clusterIP", Shape::OneOf(Rule::Service, &["None", ""])),
            ("sessionAffinity", Shape::Text),
            ("sessionAffinityConfig", Shape::Any),
            ("publishNotReadyAddresses", Shape::Switch),
            ("ipFamilies", Shape::List(&Shape::Text)),
            ("ipFamilyPolicy", Shape::Text),
            ("internalTrafficPolicy", Shape::Text),
            ("trafficDistribution", Shape::Text),
            ("externalIPs", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("externalName", Shape::Never(Rule::Service, "would lead to any host", "name a service with `services`")),
            ("externalTrafficPolicy", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("loadBalancerIP", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("loadBalancerClass", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("loadBalancerSourceRanges", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("allocateLoadBalancerNodePorts", Shape::Never(Rule::Service, INSIDE, "remove it")),
            ("healthCheckNodePort", Shape::Never(Rule::Service, INSIDE, "remove it")),
        ]),
    ),
]);

static PORT: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("port", Shape::Count),
    ("targetPort", Shape::CountOrText),
    ("protocol", Shape::Text),
    ("appProtocol", Shape::Text),
    ("nodePort", Shape::Never(Rule::Service, INSIDE, "remove it")),
]);
