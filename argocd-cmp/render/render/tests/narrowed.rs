//! Narrowing: requests that are removed, and requests that are still refused.

use proptest::prelude::*;

use super::kit::{files, policy_of, policy_text, render_text, render_under, rendered, rules, strict_policy, titles};
use crate::manifest::Manifest;
use crate::policy::{NarrowClass, Policy};
use crate::render::RenderedManifests;
use crate::tools::NoTools;

const PODS: &str = "containers: [{name: c, image: 'postgres:16'}]";

fn deployment(metadata: &str, template: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web{metadata}}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}{template}}}, spec: {{{pod}{PODS}}}}}}}\n---\n"
    )
}

fn narrowed(found: &RenderedManifests) -> Vec<String> {
    found.narrowed().iter().map(ToString::to_string).collect()
}

fn one<'a>(found: &'a RenderedManifests, title: &str) -> &'a Manifest {
    found.manifests().iter().find(|manifest| manifest.title() == title).unwrap_or_else(|| panic!("no {title}"))
}

#[test]
fn every_removed_request_is_reported() {
    let text = deployment(
        ", labels: {acme.io/x: v}, finalizers: [a/b]",
        ", annotations: {sidecar.istio.io/inject: 'true'}",
        "automountServiceAccountToken: true, tolerations: [{}], nodeSelector: {gpu: 'yes'}, affinity: {nodeAffinity: {x: []}}, ",
    ) + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, loadBalancerIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]}\n---\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, annotations: {role: admin}}\nautomountServiceAccountToken: true\nsecrets: [{name: x}]\nimagePullSecrets: [{name: other}, {name: registry}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\n---\n\
         apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: x}\n---\n\
         apiVersion: batch/v1\nkind: Job\nmetadata: {name: x, annotations: {helm.sh/hook: 'pre-install,pre-rollback'}}\nspec: {template: {spec: {containers: [{name: c, image: 'postgres:16'}]}}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {argocd.argoproj.io/hook: PostDelete}}\n";
    let found = rendered(render_text(&text, &[("guards", "none"), ("head-sha", "0123456")]));
    expect_test::expect![[r#"
        app/all.yaml:3 (document 1): Deployment/web: `metadata.finalizers` is removed: it controls software outside the preview (metadata)
        app/all.yaml:3 (document 1): Deployment/web: `metadata.labels["acme.io/x"]` is removed: it controls software outside the preview (metadata)
        app/all.yaml:4 (document 1): Deployment/web: `spec.template.spec.automountServiceAccountToken` is `false` instead of `true`: pods of previews have no token of the API server (token)
        app/all.yaml:4 (document 1): Deployment/web: `spec.template.spec.nodeSelector` is removed: the cluster decides where previews run (scheduling)
        app/all.yaml:4 (document 1): Deployment/web: `spec.template.spec.tolerations` is removed: the cluster decides where previews run (scheduling)
        app/all.yaml:4 (document 1): Deployment/web: `spec.template.spec.affinity.nodeAffinity` is removed: the cluster decides where previews run (scheduling)
        app/all.yaml:4 (document 1): Deployment/web: `spec.template.metadata.annotations["sidecar.istio.io/inject"]` is removed: it controls software outside the preview (metadata)
        app/all.yaml:9 (document 2): Service/web: `spec.type` is `ClusterIP` instead of `LoadBalancer`: previews are reached through routes only (service-type)
        app/all.yaml:9 (document 2): Service/web: `spec.loadBalancerIP` is removed: previews are reached through routes only (service-type)
        app/all.yaml:9 (document 2): Service/web: `spec.ports[0].nodePort` is removed: previews are reached through routes only (service-type)
        app/all.yaml:13 (document 3): ServiceAccount/web: `metadata.annotations.role` is removed: previews have no identity outside the cluster (identity)
        app/all.yaml:14 (document 3): ServiceAccount/web: `automountServiceAccountToken` is `false` instead of `true`: pods of previews have no token of the API server (token)
        app/all.yaml:15 (document 3): ServiceAccount/web: `secrets` is removed: previews have no identity outside the cluster (identity)
        app/all.yaml:16 (document 3): ServiceAccount/web: `imagePullSecrets` loses `other`, which is not in the source: previews have no identity outside the cluster (identity)
        app/all.yaml:18 (document 4): ClusterRole/x: the object is dropped: previews create nothing outside their namespace and grant no permissions (cluster-kinds)
        app/all.yaml:22 (document 5): NetworkPolicy/x: the object is dropped: only EoD creates the guards of a preview (guards)
        app/all.yaml:26 (document 6): ServiceMonitor/x: the object is dropped: the policy drops this kind (kinds)
        app/all.yaml:32 (document 7): Job/x: `metadata.annotations["helm.sh/hook"]` loses `pre-rollback`: previews have no such phase (hooks)
        app/all.yaml:35 (document 8): ConfigMap/x: the hook `PostDelete` is dropped: previews have no such phase (hooks)"#]].assert_eq(&narrowed(&found).join("\n"));
    assert_eq!(titles(&found), ["Job/x", "ServiceAccount/web", "Service/web", "Deployment/web"]);
    let report = &one(&found, "ConfigMap/shop-pr-7-render").content;
    assert_eq!(report["data"]["narrowed"].as_str().unwrap(), narrowed(&found).join("\n") + "\n");
    assert_eq!((&report["data"]["source"], &report["data"]["head-sha"]), (&"plain".into(), &"0123456".into()));
    let service = &one(&found, "Service/web").content["spec"];
    assert_eq!(crate::to_json(service), r#"{"ports":[{"port":80}],"type":"ClusterIP"}"#);
    let web = crate::to_json(&one(&found, "Deployment/web").content);
    assert!(!web.contains("ffinity") && !web.contains("istio"), "{web}");
}

#[test]
fn report_is_cut() {
    let labels: Vec<_> = (0..250).map(|number| format!("acme.io/l{number}: x")).collect();
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x, labels: {{{}}}}}\n", labels.join(", "));
    let found = rendered(render_text(&text, &[]));
    let report = one(&found, "ConfigMap/shop-pr-7-render").content["data"]["narrowed"].as_str().unwrap().to_owned();
    assert_eq!((found.narrowed().len(), report.lines().count()), (250, 201));
    assert!(report.ends_with("\n... and 50 more\n"), "{report}");
}

#[test]
fn every_class_can_be_refused() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n";
    let cases = [
        (
            NarrowClass::ServiceType,
            "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {type: NodePort}\n".to_owned(),
        ),
        (NarrowClass::ClusterKinds, "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n".to_owned()),
        (
            NarrowClass::Guards,
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\n".to_owned(),
        ),
        (NarrowClass::Kinds, "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x}\n".to_owned()),
        (NarrowClass::Token, format!("{account}automountServiceAccountToken: true\n")),
        (NarrowClass::Identity, format!("{account}secrets: [{{name: other}}]\n")),
        (NarrowClass::Scheduling, deployment("", "", "priorityClassName: high, ")),
        (NarrowClass::Metadata, deployment(", ownerReferences: [{}]", "", "")),
        (NarrowClass::Hooks, deployment(", annotations: {helm.sh/hook: pre-delete}", "", "")),
    ];
    assert_eq!(cases.len(), NarrowClass::ALL.len());
    for (class, text) in cases {
        let text = text + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
        let found = rendered(render_text(&text, &[]));
        assert!(found.narrowed().iter().all(|one| one.class == class) && !found.narrowed().is_empty(), "{class}");
        let tree = files(&[("app/all.yaml", text.as_str())]);
        rules(render_under(&strict_policy(), &tree, &[], &NoTools));
        let others: Vec<_> = NarrowClass::ALL.iter().filter(|other| **other != class).map(|one| one.as_str()).collect();
        // The autoscaler is also one of the kinds that are dropped by default.
        let drop_kinds = if class == NarrowClass::Guards { "    drop_kinds: []\n" } else { "" };
        let policy = format!("{}    narrow: [{}]\n{drop_kinds}", policy_text(), others.join(", "));
        rules(render_under(&policy_of(&policy), &tree, &[], &NoTools));
    }
}

#[test]
fn kinds_to_drop_are_those_of_the_policy() {
    let text = "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
    let under = |more: &str| {
        let policy = policy_of(&(policy_text() + more));
        render_under(&policy, &files(&[("app/a.yaml", text)]), &[("guards", "none")], &NoTools)
    };
    assert_eq!(rules(under("")).into_iter().collect::<Vec<_>>(), ["kind"]);
    assert_eq!(titles(&rendered(under("    drop_kinds: ['acme.io/*']\n"))), ["ConfigMap/other"]);
    let allowed = under("    drop_kinds: ['*/*']\n    kinds: [ConfigMap, acme.io/Widget]\n");
    assert_eq!(titles(&rendered(allowed)), ["ConfigMap/other", "Widget/x"]);
}

#[test]
fn labels_of_selectors_are_not_removed() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {acme.io/a: x}}\nspec: {selector: {matchLabels: {acme.io/b: x}}, template: {metadata: {labels: {acme.io/b: x}}, spec: {containers: [{name: c, image: 'postgres:16'}]}}}\n";
    let refusals = render_text(text, &[]).unwrap_err();
    let [refusal] = refusals.as_slice() else { panic!("{refusals}") };
    assert!(refusal.message.contains("acme.io/b"), "{refusal}");
}

#[test]
fn remedies_are_possible() {
    let text = deployment("", ", annotations: {sidecar.istio.io/inject: 'false', acme.io/x: v}", "");
    let refused = render_under(&strict_policy(), &files(&[("app/all.yaml", text.as_str())]), &[], &NoTools);
    let remedies: Vec<_> = refused.unwrap_err().as_slice().iter().map(|refusal| refusal.remedy.clone()).collect();
    assert!(remedies[0].contains("metadata_allow") && remedies[1] == "remove the key", "{remedies:?}");
}

/// Parts of objects, with and without requests that narrowing removes.
const METADATA: [&str; 7] = [
    "",
    ", labels: {app.kubernetes.io/name: x}",
    ", labels: {acme.io/x: v}",
    ", annotations: {plain: x, acme.io/y: z}",
    ", finalizers: [a/b]",
    ", annotations: {helm.sh/hook: 'pre-install,pre-delete'}",
    ", annotations: {iam.gke.io/gcp-service-account: admin}",
];
const POD_FIELDS: [&str; 14] = [
    "",
    "automountServiceAccountToken: true, ",
    "automountServiceAccountToken: 'true', ",
    "tolerations: [{operator: Exists}], ",
    "hostNetwork: true, ",
    "priorityClassName: high, priority: 7, ",
    "volumes: [{name: v, hostPath: {path: /}}], ",
    "nodeName: node-1, ",
    "runtimeClassName: x, overhead: {cpu: 1}, ",
    "nodeSelector: {gpu: 'yes'}, ",
    "nodeSelector: {}, ",
    "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}, ",
    "affinity: {nodeAffinity: {}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}, ",
    "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}, ",
];
const OTHERS: [&str; 12] = [
    "",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}\n---\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: ExternalName, externalName: evil.example}\n---\n",
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, annotations: {x: v}}\nsecrets: [{name: s}]\n---\n",
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r}\n---\n",
    "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\n---\n",
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n---\n",
    "apiVersion: keda.sh/v1\nkind: ScaledObject\nmetadata: {name: k}\n---\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\n",
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: b}\nimagePullSecrets: [{name: other}, {name: registry}]\n---\n",
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: c}\nimagePullSecrets: [{name: registry}]\n---\n",
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: d}\nimagePullSecrets: [{name: own}]\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: own}\ntype: kubernetes.io/dockerconfigjson\n---\n",
];

/// The objects of the source in an output, as a source.
fn source_of(found: &RenderedManifests) -> String {
    let sources = found.manifests().iter().filter(|manifest| manifest.origin.is_some());
    sources.map(|manifest| format!("---\n{}", crate::to_yaml(&manifest.content))).collect()
}

/// Objects of an output except the report.
fn objects(found: &RenderedManifests) -> Vec<String> {
    let is_report = |manifest: &&Manifest| manifest.title() == "ConfigMap/shop-pr-7-render";
    found.manifests().iter().filter(|one| !is_report(one)).map(|one| crate::to_json(&one.content)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Narrowing changes nothing that the strict policy accepts, and its output passes the strict policy unchanged.
    #[test]
    fn narrowed_output_passes_the_strict_policy_unchanged(
        metadata in prop::sample::select(&METADATA[..]),
        template in prop::sample::select(&METADATA[..5]),
        pod in prop::sample::select(&POD_FIELDS[..]),
        more in prop::sample::select(&POD_FIELDS[..]),
        others in prop::collection::vec(prop::sample::select(&OTHERS[..]), 0..3),
        classes in prop::sample::subsequence(NarrowClass::ALL.to_vec(), 0..=NarrowClass::ALL.len()),
    ) {
        let key = |field: &str| field.split(':').next().unwrap_or_default().to_owned();
        let more = if key(more) == key(pod) { "" } else { more };
        let template = if template.starts_with(", labels") { "" } else { template };
        let text = deployment(metadata, template, &format!("{pod}{more}")) + &others.concat();
        let names: Vec<_> = classes.iter().map(|class| class.as_str()).collect();
        let policy = policy_of(&format!("{}    narrow: [{}]\n", policy_text(), names.join(", ")));
        let pairs = [("guards", "none")];
        let strict_policy = strict_policy();
        let render = |policy: &Policy, text: &str| render_under(policy, &files(&[("app/all.yaml", text)]), &pairs, &NoTools);
        let (strict, narrow) = (render(&strict_policy, &text), render(&policy, &text));
        if let Ok(strict) = &strict {
            let narrow = narrow.as_ref().unwrap();
            prop_assert_eq!(objects(strict), objects(narrow));
            prop_assert!(narrow.narrowed().is_empty());
        }
        if let Ok(narrow) = &narrow {
            let again = render(&strict_policy, &source_of(narrow));
            prop_assert!(again.is_ok(), "{}", again.unwrap_err());
            prop_assert_eq!(objects(&again.unwrap()), objects(narrow));
            let twice = render(&policy, &source_of(narrow)).unwrap();
            prop_assert!(twice.narrowed().is_empty(), "narrowed twice: {:?}", narrowed(&twice));
        }
    }
}
