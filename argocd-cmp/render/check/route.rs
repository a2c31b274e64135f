//! Allowed fields of Ingresses and HTTPRoutes: gateway of the policy, hosts and Services of the environment.

use serde_json::Value;

use super::context::CheckContext;
use super::shape::ValueShape;
use crate::nearest::nearest;
use crate::parameters::Guards;
use crate::policy::DomainRule;
use crate::refusal::RefusalRule;
use crate::transform::gateway;

const ELSEWHERE: &str = "could send requests to any destination";

pub(super) static INGRESS: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::And(
            &ValueShape::Fields(&[
                ("ingressClassName", ValueShape::Text),
                ("rules", ValueShape::List(&INGRESS_RULE)),
                ("tls", ValueShape::List(&TLS)),
                (
                    "defaultBackend",
                    ValueShape::Never(
                        RefusalRule::Route,
                        "would receive requests for all hosts",
                        "use `rules` with hosts",
                    ),
                ),
            ]),
            class,
        ),
    ),
]);

static INGRESS_RULE: ValueShape = ValueShape::And(
    &ValueShape::Fields(&[
        ("host", ValueShape::Any),
        ("http", ValueShape::Fields(&[("paths", ValueShape::List(&INGRESS_PATH))])),
    ]),
    |cx, value| cx.at("host", |cx| host(cx, value.get("host"))),
);

static INGRESS_PATH: ValueShape = ValueShape::Fields(&[
    ("path", ValueShape::And(&ValueShape::Text, path)),
    ("pathType", ValueShape::Text),
    (
        "backend",
        ValueShape::Fields(&[
            (
                "service",
                ValueShape::Fields(&[
                    ("name", ValueShape::And(&ValueShape::Text, service)),
                    ("port", ValueShape::Fields(&[("number", ValueShape::Count), ("name", ValueShape::Text)])),
                ]),
            ),
            ("resource", ValueShape::Never(RefusalRule::Route, ELSEWHERE, "use `service`")),
        ]),
    ),
]);

static TLS: ValueShape = ValueShape::Fields(&[
    ("hosts", ValueShape::And(&ValueShape::List(&ValueShape::Any), each_host)),
    ("secretName", ValueShape::And(&ValueShape::Text, tls_secret)),
]);

pub(super) static HTTP_ROUTE: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "spec",
        ValueShape::And(
            &ValueShape::Fields(&[
                ("parentRefs", ValueShape::Any),
                ("hostnames", ValueShape::Any),
                ("rules", ValueShape::List(&ROUTE_RULE)),
            ]),
            parents_and_hosts,
        ),
    ),
]);

static ROUTE_RULE: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("matches", ValueShape::Any),
    ("filters", ValueShape::List(&FILTER)),
    ("backendRefs", ValueShape::List(&BACKEND)),
    ("timeouts", ValueShape::Any),
    ("retry", ValueShape::Any),
    ("sessionPersistence", ValueShape::Any),
]);

static BACKEND: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::And(&ValueShape::Text, service)),
    ("port", ValueShape::Count),
    ("weight", ValueShape::Count),
    ("group", ValueShape::OneOf(RefusalRule::Route, &[""])),
    ("kind", ValueShape::OneOf(RefusalRule::Route, &["Service"])),
    ("namespace", ValueShape::And(&ValueShape::Text, own_namespace)),
    ("filters", ValueShape::List(&FILTER)),
]);

static FILTER: ValueShape = ValueShape::Fields(&[
    (
        "type",
        ValueShape::OneOf(
            RefusalRule::Route,
            &[
                "RequestHeaderModifier",
                "ResponseHeaderModifier",
                "RequestRedirect",
                "URLRewrite",
                "RequestMirror",
                "CORS",
            ],
        ),
    ),
    ("requestHeaderModifier", ValueShape::Any),
    ("responseHeaderModifier", ValueShape::Any),
    ("requestRedirect", ValueShape::Any),
    ("urlRewrite", ValueShape::Any),
    (
        "requestMirror",
        ValueShape::Fields(&[
            ("backendRef", ValueShape::Ref(&BACKEND)),
            ("percent", ValueShape::Count),
            ("fraction", ValueShape::Any),
        ]),
    ),
    ("cors", ValueShape::Any),
    ("extensionRef", ValueShape::Never(RefusalRule::Route, ELSEWHERE, "remove the filter")),
    ("externalAuth", ValueShape::Never(RefusalRule::Route, ELSEWHERE, "remove the filter")),
]);

/// Refuses characters that could end a path in the configuration of a proxy.
fn path(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(path) = value.as_str() else { return };
    let could_end =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | '{' | '}' | '"' | '\'' | '`' | '#');
    if path.contains(could_end) || !(path.is_empty() || path.starts_with('/')) {
        cx.refuse(
            RefusalRule::Route,
            format!("is `{path}`, which is not a valid path"),
            "begin with `/`, and use no spaces and quotes",
        );
    }
}

fn class(cx: &mut CheckContext<'_>, value: &Value) {
    let expected = cx.preview.policy.ingress.class.as_deref();
    match expected {
        None => cx.refuse(
            RefusalRule::Route,
            "is not allowed: the policy has no ingress class",
            "remove the Ingress, or have the platform set `ingress.class` in the policy",
        ),
        Some(expected) if value.get("ingressClassName").and_then(Value::as_str) != Some(expected) => {
            let remedy = format!("write `ingressClassName: {expected}`");
            cx.refuse(RefusalRule::Route, format!("must have the class `{expected}`"), remedy);
        }
        Some(_) if value.get("rules").and_then(Value::as_array).is_none_or(Vec::is_empty) => {
            cx.refuse(RefusalRule::Route, "has no rules", "add a rule with a host");
        }
        Some(_) => {}
    }
}

fn tls_secret(cx: &mut CheckContext<'_>, value: &Value) {
    let expected = cx.preview.policy.ingress.tls_secret.as_ref().map(eod_domain::SecretName::as_str);
    if value.as_str() != expected {
        cx.refuse(RefusalRule::Route, "is not the policy's TLS Secret", "remove the field");
    }
}

fn parents_and_hosts(cx: &mut CheckContext<'_>, value: &Value) {
    let Some((namespace, name)) = &cx.preview.policy.ingress.gateway else {
        return cx.refuse(
            RefusalRule::Route,
            "is not allowed: the policy has no gateway",
            "remove the HTTPRoute, or have the platform set `ingress.gateway` in the policy",
        );
    };
    let expected = Value::Array(vec![gateway(namespace.as_str(), name.as_str())]);
    if value.get("parentRefs") != Some(&expected) {
        let message = format!("must be the gateway `{namespace}/{name}` only");
        cx.at("parentRefs", |cx| cx.refuse(RefusalRule::Route, message, "remove the other parents"));
    }
    cx.at("hostnames", |cx| match value.get("hostnames") {
        Some(hosts) if hosts.as_array().is_some_and(|hosts| !hosts.is_empty()) => each_host(cx, hosts),
        _ => host(cx, None),
    });
}

fn each_host(cx: &mut CheckContext<'_>, value: &Value) {
    for (at, name) in value.as_array().into_iter().flatten().enumerate() {
        cx.item(at, |cx| host(cx, Some(name)));
    }
}

/// Checks a host. An object without a host would receive requests for all hosts.
fn host(cx: &mut CheckContext<'_>, value: Option<&Value>) {
    let expected = cx.hosts.expected();
    match value.and_then(Value::as_str) {
        Some(host) if cx.hosts.contain(host) => {}
        Some(host) => cx.refuse(RefusalRule::Host, format!("is `{host}`; {expected}"), remedy(cx)),
        None => {
            let remedy = "add any host; the plugin replaces it with a host of the environment";
            cx.refuse(RefusalRule::Host, "is missing", remedy);
        }
    }
}

/// Remedy for a host that is not one of the environment. Without a domain there is no such host.
fn remedy(cx: &CheckContext<'_>) -> &'static str {
    match (&cx.preview.policy.domain, &cx.preview.environment.domain) {
        (DomainRule::None, _) => "remove the hosts, or have the platform set `domain` in the policy",
        (DomainRule::Parameter, None) => "set the parameter `domain`, such as `domain=preview.example.com`",
        (DomainRule::Parameter, Some(_)) | (DomainRule::Fixed(_), _) => "set a host of the environment",
    }
}

/// Refuses a Service that the environment does not have. If this Application does not own the namespace, other Applications
/// of the environment can have the Service.
fn service(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str().filter(|name| !cx.names.services.contains(*name)) else { return };
    if cx.preview.parameters.guards != Guards::Render {
        return;
    }
    let remedy = match nearest(name, cx.names.services.iter().map(String::as_str)) {
        Some(near) => format!("write `{near}`, or add the Service `{name}` to the source"),
        None => format!("add the Service `{name}` to the source"),
    };
    cx.refuse(RefusalRule::Route, format!("is `{name}`, but the environment has no such Service"), remedy);
}

fn own_namespace(cx: &mut CheckContext<'_>, value: &Value) {
    if value.as_str() != Some(cx.namespace()) {
        cx.refuse(RefusalRule::Route, "is not the environment's namespace", "remove the field");
    }
}
