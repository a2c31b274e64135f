//! Routes: from the policy's gateway, under the environment's hosts, to services of this namespace.

use serde_json::Value;

use super::Cx;
use super::shape::Shape;
use crate::refusal::Rule;
use crate::transform::gateway;

const ELSEWHERE: &str = "could lead anywhere";

pub(super) static INGRESS: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::And(
            &Shape::Fields(&[
                ("ingressClassName", Shape::Text),
                ("rules", Shape::List(&INGRESS_RULE)),
                ("tls", Shape::List(&TLS)),
                (
                    "defaultBackend",
                    Shape::Never(Rule::Route, "would take requests for any host", "use `rules` with hosts"),
                ),
            ]),
            class,
        ),
    ),
]);

static INGRESS_RULE: Shape = Shape::And(
    &Shape::Fields(&[("host", Shape::Any), ("http", Shape::Fields(&[("paths", Shape::List(&INGRESS_PATH))]))]),
    |cx, value| cx.at("host", |cx| host(cx, value.get("host"))),
);

static INGRESS_PATH: Shape = Shape::Fields(&[
    ("path", Shape::And(&Shape::Text, path)),
    ("pathType", Shape::Text),
    (
        "backend",
        Shape::Fields(&[
            (
                "service",
                Shape::Fields(&[
                    ("name", Shape::Text),
                    ("port", Shape::Fields(&[("number", Shape::Count), ("name", Shape::Text)])),
                ]),
            ),
            ("resource", Shape::Never(Rule::Route, ELSEWHERE, "use `service`")),
        ]),
    ),
]);

static TLS: Shape = Shape::Fields(&[
    ("hosts", Shape::And(&Shape::List(&Shape::Any), each_host)),
    ("secretName", Shape::And(&Shape::Text, tls_secret)),
]);

pub(super) static HTTP_ROUTE: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    (
        "spec",
        Shape::And(
            &Shape::Fields(&[
                ("parentRefs", Shape::Any),
                ("hostnames", Shape::Any),
                ("rules", Shape::List(&ROUTE_RULE)),
            ]),
            parents_and_hosts,
        ),
    ),
]);

static ROUTE_RULE: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("matches", Shape::Any),
    ("filters", Shape::List(&FILTER)),
    ("backendRefs", Shape::List(&BACKEND)),
    ("timeouts", Shape::Any),
    ("retry", Shape::Any),
    ("sessionPersistence", Shape::Any),
]);

static BACKEND: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("port", Shape::Count),
    ("weight", Shape::Count),
    ("group", Shape::OneOf(Rule::Route, &[""])),
    ("kind", Shape::OneOf(Rule::Route, &["Service"])),
    ("namespace", Shape::And(&Shape::Text, own_namespace)),
    ("filters", Shape::List(&FILTER)),
]);

static FILTER: Shape = Shape::Fields(&[
    (
        "type",
        Shape::OneOf(
            Rule::Route,
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
    ("requestHeaderModifier", Shape::Any),
    ("responseHeaderModifier", Shape::Any),
    ("requestRedirect", Shape::Any),
    ("urlRewrite", Shape::Any),
    (
        "requestMirror",
        Shape::Fields(&[("backendRef", Shape::Ref(&BACKEND)), ("percent", Shape::Count), ("fraction", Shape::Any)]),
    ),
    ("cors", Shape::Any),
    ("extensionRef", Shape::Never(Rule::Route, ELSEWHERE, "remove the filter")),
    ("externalAuth", Shape::Never(Rule::Route, ELSEWHERE, "remove the filter")),
]);

/// A path becomes part of a proxy's configuration, so it holds nothing that could end it there.
fn path(cx: &mut Cx<'_>, value: &Value) {
    let Some(path) = value.as_str() else { return };
    let could_end =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | '{' | '}' | '"' | '\'' | '`' | '#');
    if path.contains(could_end) || !(path.is_empty() || path.starts_with('/')) {
        cx.refuse(
            Rule::Route,
            format!("is `{path}`, which is no plain path"),
            "begin with `/`, without spaces and quotes",
        );
    }
}

fn class(cx: &mut Cx<'_>, value: &Value) {
    let wanted = cx.preview.policy.ingress.class.as_deref();
    match wanted {
        None => cx.refuse(Rule::Route, "cannot be used: the policy names no ingress class", "remove the Ingress"),
        Some(wanted) if value.get("ingressClassName").and_then(Value::as_str) != Some(wanted) => {
            cx.refuse(Rule::Route, format!("must have the class `{wanted}`"), "write `ingressClassName`");
        }
        Some(_) if value.get("rules").and_then(Value::as_array).is_none_or(Vec::is_empty) => {
            cx.refuse(Rule::Route, "has no rules", "add a rule with a host");
        }
        Some(_) => {}
    }
}

fn tls_secret(cx: &mut Cx<'_>, value: &Value) {
    let wanted = cx.preview.policy.ingress.tls_secret.as_ref().map(eod_domain::SecretName::as_str);
    if value.as_str() != wanted {
        cx.refuse(Rule::Route, "is not the policy's TLS secret", "remove it");
    }
}

fn parents_and_hosts(cx: &mut Cx<'_>, value: &Value) {
    let Some((namespace, name)) = &cx.preview.policy.ingress.gateway else {
        return cx.refuse(Rule::Route, "cannot be used: the policy names no gateway", "remove the HTTPRoute");
    };
    let wanted = Value::Array(vec![gateway(namespace.as_str(), name.as_str())]);
    if value.get("parentRefs") != Some(&wanted) {
        let message = format!("must be the gateway `{namespace}/{name}` and nothing else");
        cx.at("parentRefs", |cx| cx.refuse(Rule::Route, message, "remove other parents"));
    }
    cx.at("hostnames", |cx| match value.get("hostnames") {
        Some(hosts) if hosts.as_array().is_some_and(|hosts| !hosts.is_empty()) => each_host(cx, hosts),
        _ => host(cx, None),
    });
}

fn each_host(cx: &mut Cx<'_>, value: &Value) {
    for (at, name) in value.as_array().into_iter().flatten().enumerate() {
        cx.item(at, |cx| host(cx, Some(name)));
    }
}

/// A host of this environment; a missing one would take requests for all hosts.
fn host(cx: &mut Cx<'_>, value: Option<&Value>) {
    let expected = cx.hosts.expected();
    match value.and_then(Value::as_str) {
        Some(host) if cx.hosts.is_ours(host) => {}
        Some(host) => cx.refuse(Rule::Host, format!("is `{host}`; {expected}"), "name one host of this environment"),
        None => cx.refuse(Rule::Host, format!("is missing; {expected}"), "name one host of this environment"),
    }
}

fn own_namespace(cx: &mut Cx<'_>, value: &Value) {
    if value.as_str() != Some(cx.namespace()) {
        cx.refuse(Rule::Route, "is another namespace", "remove it");
    }
}
