//! Allowed connections of an environment, read from the policies on the API server.

use serde_json::{Value, json};

use crate::provider::{EnvironmentStory, done, run_story};

/// Every rule of one direction in all policies: the peers (`from` or `to`) and the ports.
fn rules(story: &EnvironmentStory, direction: &str) -> Vec<(Vec<Value>, Vec<Value>)> {
    let peers = if direction == "ingress" { "from" } else { "to" };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let policies = story.objects("networkpolicies");
    let rules = policies.iter().flat_map(|policy| list(&policy["spec"][direction]));
    rules.map(|rule| (list(&rule[peers]), list(&rule["ports"]))).collect()
}

/// True if a peer is the namespace of this name, or in it.
fn is_namespace(peer: &Value, name: &str) -> bool {
    let selector = &peer["namespaceSelector"];
    let key = "kubernetes.io/metadata.name";
    let listed = |expression: &Value| {
        expression["key"] == key
            && expression["operator"] == "In"
            && expression["values"].as_array().is_some_and(|values| values.contains(&json!(name)))
    };
    selector["matchLabels"][key] == name
        || selector["matchExpressions"].as_array().is_some_and(|expressions| expressions.iter().any(listed))
}

/// Ports that the rules of a namespace allow.
fn ports_of(rules: &[(Vec<Value>, Vec<Value>)], namespace: &str) -> Option<Vec<Value>> {
    let found = rules.iter().filter(|(peers, _)| peers.iter().any(|peer| is_namespace(peer, namespace)));
    let ports: Vec<Value> = found.clone().flat_map(|(_, ports)| ports.clone()).collect();
    found.clone().next().map(|_| ports)
}

fn port(protocol: &str, number: u16) -> Value {
    json!({ "protocol": protocol, "port": number })
}

#[test]
fn traffic_that_is_not_allowed_is_denied() {
    run_story("strict", "", |story| {
        story.settle();
        let policies = story.objects("networkpolicies");
        let denies = policies.iter().any(|policy| {
            let spec = &policy["spec"];
            let both = spec["policyTypes"]
                .as_array()
                .is_some_and(|types| types.contains(&json!("Ingress")) && types.contains(&json!("Egress")));
            both && spec["podSelector"] == json!({}) && spec["ingress"].is_null() && spec["egress"].is_null()
        });
        assert!(denies, "{policies:#?}");
        for direction in ["ingress", "egress"] {
            let rules = rules(story, direction);
            assert!(
                rules.iter().all(|(peers, _)| !peers.is_empty()),
                "a rule without peers allows everything: {rules:#?}"
            );
            let same = rules.iter().any(|(peers, ports)| {
                ports.is_empty() && peers.iter().any(|peer| *peer == json!({ "podSelector": {} }))
            });
            assert!(same, "{direction} within the namespace: {rules:#?}");
            let anywhere = |peer: &Value| peer["namespaceSelector"] == json!({}) || !peer["ipBlock"].is_null();
            for (peers, ports) in &rules {
                let dns = ports.iter().all(|port| port["port"] == 53) && !ports.is_empty();
                assert!(dns || !peers.iter().any(anywhere), "{peers:#?}");
            }
        }
    });
}

#[test]
fn dns_and_ingress_gateways_are_allowed() {
    run_story("dns-ingress", "", |story| {
        story.settle();
        let dns = ports_of(&rules(story, "egress"), "kube-system").unwrap();
        for wanted in [port("UDP", 53), port("TCP", 53)] {
            assert!(dns.contains(&wanted), "{dns:?}");
        }
        assert!(dns.iter().all(|port| port["port"] == 53), "{dns:?}");
        let ingress = rules(story, "ingress");
        for gateway in ["istio-system", "istio-ingress", "envoy-gateway-system", "ingress-nginx", "traefik"] {
            assert!(ports_of(&ingress, gateway).is_some(), "{gateway}: {ingress:#?}");
        }
        assert_eq!(ports_of(&ingress, "default"), None);
        assert_eq!(ports_of(&rules(story, "egress"), "default"), None);
    });
}

#[test]
fn only_allowed_connections_are_allowed() {
    let arguments = "network = { allow_from_namespaces = [\"monitoring\"], allow_to_namespaces = [\"mail\"], \
                     allow_to_cidrs = [\"192.0.2.0/24\"], stable_services = [\"stable/payments:8080\", \"stable/search:9200\"], \
                     dns_namespace = \"dns\", ingress_namespaces = [\"edge\"] }";
    run_story("allowed", arguments, |story| {
        story.settle();
        let (ingress, egress) = (rules(story, "ingress"), rules(story, "egress"));
        assert_eq!(ports_of(&ingress, "monitoring"), Some(vec![]));
        assert!(ports_of(&ingress, "edge").is_some());
        assert_eq!(ports_of(&ingress, "ingress-nginx"), None);
        assert_eq!(ports_of(&egress, "mail"), Some(vec![]));
        assert_eq!(ports_of(&egress, "kube-system"), None);
        assert!(ports_of(&egress, "dns").is_some());
        let mut stable = ports_of(&egress, "stable").unwrap();
        stable.sort_by_key(ToString::to_string);
        assert_eq!(stable, [port("TCP", 8080), port("TCP", 9200)]);
        let blocks: Vec<_> = egress
            .iter()
            .flat_map(|(peers, _)| peers)
            .filter(|peer| peer["ipBlock"]["cidr"] == "192.0.2.0/24")
            .collect();
        assert_eq!(blocks.len(), 1, "{egress:#?}");
    });
}

#[test]
fn instance_metadata_is_never_allowed() {
    run_story("metadata", "network = { allow_to_cidrs = [\"0.0.0.0/0\", \"169.254.0.0/16\"] }", |story| {
        story.settle();
        let egress = rules(story, "egress");
        let blocks: Vec<_> =
            egress.iter().flat_map(|(peers, _)| peers).filter(|peer| !peer["ipBlock"].is_null()).collect();
        for cidr in ["0.0.0.0/0", "169.254.0.0/16"] {
            let block = blocks
                .iter()
                .find(|peer| peer["ipBlock"]["cidr"] == cidr)
                .unwrap_or_else(|| panic!("{cidr}: {blocks:#?}"));
            let except = block["ipBlock"]["except"].as_array().unwrap();
            assert!(except.contains(&json!("169.254.169.254/32")), "{block:#}");
        }
    });
}

#[test]
fn isolation_can_be_removed_and_added_again() {
    run_story("isolation", "network = { isolation = \"none\" }", |story| {
        story.settle();
        assert_eq!(story.objects("networkpolicies"), Vec::<Value>::new());
        story.arguments("network = { isolation = \"strict\" }");
        story.settle().expect_said(&done(0, 1, 0));
        assert!(story.objects("networkpolicies").len() >= 4);
        story.arguments("network = { isolation = \"none\" }");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.objects("networkpolicies"), Vec::<Value>::new());
    });
}

#[test]
fn defaults_of_the_network_are_shown_in_the_state() {
    run_story("defaults", "network = { allow_to_namespaces = [\"mail\"] }", |story| {
        story.settle();
        let network = story.attribute("network");
        assert_eq!(network["isolation"], "strict");
        assert_eq!(network["dns_namespace"], "kube-system");
        assert_eq!(network["allow_to_namespaces"], json!(["mail"]));
        assert_eq!(network["ingress_namespaces"].as_array().map(Vec::len), Some(5));
        // Settings for one tier are not kept for the next one.
        story.arguments("");
        story.settle().expect_said(&done(0, 1, 0));
        assert_ne!(story.attribute("network")["allow_to_namespaces"], json!(["mail"]));
    });
}
