//! Keys of the policy file with their descriptions. The parser accepts these keys and no others, and the documentation
//! is generated from them.

/// Keys of one map of the policy file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicySection {
    /// Path of the map, such as `projects.<project>.caps`; `<project>` and `<tier>` are placeholders. Empty for the
    /// whole file.
    pub path: &'static str,
    /// Content of the section, as a sentence without a final dot.
    pub meaning: &'static str,
    /// Keys of the map, in the documented order.
    pub keys: &'static [PolicyKey],
}

/// Description of one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicyKey {
    /// Name of the key.
    pub name: &'static str,
    /// Type of the value, for people.
    pub value_type: &'static str,
    /// Value that applies if the key is not set.
    pub default: KeyDefault,
    /// A valid value as YAML.
    pub example: &'static str,
    /// Meaning of the key, as a sentence without a final dot.
    pub meaning: &'static str,
}

/// Default of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyDefault {
    /// None: the key must be set.
    Required,
    /// A value, as YAML.
    Value(&'static str),
    /// A default that is not a value of the key, in words.
    Described(&'static str),
}

use KeyDefault::{Described, Required, Value};

const fn key(
    name: &'static str,
    value_type: &'static str,
    default: KeyDefault,
    example: &'static str,
    meaning: &'static str,
) -> PolicyKey {
    PolicyKey { name, value_type, default, example, meaning }
}

/// All sections, each after the section that contains it.
pub(crate) const POLICY_SECTIONS: &[PolicySection] =
    &[FILE, PROJECT, TIER, QUOTA, NETWORK, CAPS, APPROVAL, HELM, KUSTOMIZE, SECRETS, INGRESS];

pub(super) const FILE: PolicySection = PolicySection {
    path: "",
    meaning: "The whole file",
    keys: &[
        key("version", "integer", Required, "1", "Version of the file format; `1` is the only one"),
        key(
            "projects",
            "map of sections",
            Required,
            "{ previews: { namespaces: [\"*-pr-*\"], registries: [\"registry.acme.internal/\"] } }",
            "Policies by name of the Argo CD project; `*` is the policy of all projects that are not named",
        ),
    ],
};

const TIER_PRESET: KeyDefault = Described("preset of the tier");

pub(super) const PROJECT: PolicySection = PolicySection {
    path: "projects.<project>",
    meaning: "Policy of one Argo CD project",
    keys: &[
        key(
            "namespaces",
            "list of patterns",
            Required,
            "[\"*-pr-*\"]",
            "Allowed destination namespaces; `*` matches any text",
        ),
        key(
            "registries",
            "list of image prefixes",
            Required,
            "[\"registry.acme.internal/\", \"docker.io/library/\"]",
            "Registries of images, each a host with or without the first segments of a path",
        ),
        key("installation", "name", Value("default"), "acme", "EoD installation that owns the rendered objects"),
        key(
            "domain",
            "DNS name",
            Described("none: objects with hosts are refused"),
            "preview.acme.internal",
            "Domain of all hosts",
        ),
        key(
            "kinds",
            "list of kinds",
            Value(
                "[ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Service, Deployment, StatefulSet, Job, \
                 CronJob, Ingress, HTTPRoute]",
            ),
            "[Deployment, Service, ConfigMap, acme.io/Widget]",
            "Kinds that a source may have; a kind of your own API group is written as `group/Kind`",
        ),
        key("default_labels", "map of strings", Value("{}"), "{ team: checkout }", "Labels of all rendered objects"),
        key(
            "pod_security",
            "`privileged`, `baseline` or `restricted`",
            Value("baseline"),
            "restricted",
            "Pod Security level of the namespace; `privileged` changes the namespace only, pods keep `baseline`",
        ),
        key(
            "tiers",
            "map of sections",
            Value("{}"),
            "{ full: { ttl: 12h } }",
            "Overrides of tiers by name of the tier",
        ),
        key("network", "section", Value("{}"), "{ isolation: strict }", "Network of the environments"),
        key(
            "stable_services",
            "list of `<namespace>/<name>:<port>`",
            Value("[]"),
            "[\"stable/payments:8080\"]",
            "Shared services that environments can reach; the port is that of the pods",
        ),
        key(
            "secret_prefixes",
            "list of prefixes",
            Value("[\"secret/preview/{environment}/\", \"secret/preview/{environment}\"]"),
            "[\"secret/preview/{environment}/\"]",
            "Allowed values of `secretRef`; with a final slash everything below, without one exactly this secret",
        ),
        key(
            "sensitive_secret_prefixes",
            "list of prefixes",
            Value("[]"),
            "[\"secret/sensitive/{environment}\"]",
            "Allowed values of `sensitiveSecretRef`; the code of a pull request can read these secrets",
        ),
        key(
            "image_pull_secret",
            "name of a Secret",
            Value("\"\""),
            "registry",
            "Pull secret that the platform creates in every namespace; empty for none",
        ),
        key("caps", "section", Value("{}"), "{ replicas: 2 }", "Limits of each Application"),
        key(
            "approval",
            "section",
            Described("none: every commit of a pull request is rendered"),
            "{ trusted_authors: [alice] }",
            "Approval of each commit by a label of its pull request; `{}` trusts no author",
        ),
        key("helm", "section", Value("{}"), "{ enabled: true }", "Use of the `helm` binary"),
        key("kustomize", "section", Value("{}"), "{ enabled: true }", "Use of the `kustomize` binary"),
        key(
            "secrets",
            "section",
            Value("{ kind: none }"),
            "{ kind: external-secrets, store: vault-preview }",
            "Operator that creates Secrets from references",
        ),
        key("ingress", "section", Value("{}"), "{ class: internal }", "Access from outside the cluster"),
        key(
            "storage_classes",
            "list of names",
            Value("[]"),
            "[standard]",
            "Allowed storage classes; the first one is used for claims without a class",
        ),
        key(
            "metadata_allow",
            "list of prefixes",
            Value("[]"),
            "[\"nginx.ingress.kubernetes.io/\"]",
            "Further allowed prefixes of label and annotation keys, each with a slash",
        ),
        key(
            "narrow",
            "list of classes",
            Value("[service-type, cluster-kinds, guards, kinds, token, identity, scheduling, metadata, hooks]"),
            "[service-type, guards, hooks]",
            "Classes of requests that are removed instead of refused; `[]` refuses all of them",
        ),
        key(
            "drop_kinds",
            "list of `<group>/<Kind>`",
            Value(
                "[\"monitoring.coreos.com/*\", \"cert-manager.io/*\", \"policy/*\", \"autoscaling/*\", \"keda.sh/*\", \
                 \"snapshot.storage.k8s.io/*\"]",
            ),
            "[\"monitoring.coreos.com/*\"]",
            "Kinds that the class `kinds` drops, unless `kinds` allows them; `*` matches any text",
        ),
    ],
};

pub(super) const TIER: PolicySection = PolicySection {
    path: "projects.<project>.tiers.<tier>",
    meaning: "Overrides of one tier: `lightweight`, `full`, `compliance` or `staging`",
    keys: &[
        key("ttl", "duration", TIER_PRESET, "12h", "Time to live of environments without the parameter `ttl`"),
        key("max_ttl", "duration", TIER_PRESET, "3d", "Maximum of the parameter `ttl`"),
        key("warning", "duration", TIER_PRESET, "1h", "Time between the warning and the end of an environment"),
        key("quota", "section", Value("{}"), "{ cpu: 8 }", "Overrides of the quota"),
    ],
};

pub(super) const QUOTA: PolicySection = PolicySection {
    path: "projects.<project>.tiers.<tier>.quota",
    meaning: "Overrides of the quota of one tier, for all pods of an environment together",
    keys: &[
        key("cpu", "quantity", TIER_PRESET, "\"8\"", "CPU"),
        key("memory", "quantity", TIER_PRESET, "16Gi", "Memory"),
        key("pods", "integer", TIER_PRESET, "30", "Number of pods"),
        key("services", "integer", TIER_PRESET, "20", "Number of Services"),
        key("persistent_volume_claims", "integer", TIER_PRESET, "5", "Number of claims"),
        key("storage", "quantity", TIER_PRESET, "50Gi", "Storage of all claims"),
        key("load_balancers", "integer", TIER_PRESET, "0", "Number of Services of type `LoadBalancer`"),
        key("node_ports", "integer", TIER_PRESET, "0", "Number of node ports"),
    ],
};

pub(super) const NETWORK: PolicySection = PolicySection {
    path: "projects.<project>.network",
    meaning: "Network policies of the environments",
    keys: &[
        key(
            "isolation",
            "`strict` or `none`",
            Value("strict"),
            "strict",
            "`strict` denies all traffic that is not allowed; `none` creates no network policies",
        ),
        key(
            "allow_from_namespaces",
            "list of namespaces",
            Value("[]"),
            "[monitoring]",
            "Namespaces that can reach every pod of an environment",
        ),
        key(
            "allow_to_namespaces",
            "list of namespaces",
            Value("[]"),
            "[shared]",
            "Namespaces that environments can reach",
        ),
        key(
            "allow_to_cidrs",
            "list of CIDR ranges",
            Value("[]"),
            "[10.0.0.0/8]",
            "Addresses that environments can reach; addresses of instance metadata are never included",
        ),
        key("dns_namespace", "namespace", Value("kube-system"), "kube-system", "Namespace of the cluster's DNS"),
        key(
            "ingress_namespaces",
            "list of namespaces",
            Value("[istio-system, istio-ingress, envoy-gateway-system, ingress-nginx, traefik]"),
            "[ingress]",
            "Namespaces of ingress gateways",
        ),
    ],
};

pub(super) const CAPS: PolicySection = PolicySection {
    path: "projects.<project>.caps",
    meaning: "Limits of each Application",
    keys: &[
        key("objects", "integer", Value("200"), "200", "Number of objects, including those that EoD adds"),
        key("bytes", "quantity", Value("4Mi"), "4Mi", "Size of all objects as JSON"),
        key("replicas", "integer", Value("2"), "2", "Replicas of each workload"),
        key("cpu", "quantity", Value("\"4\""), "\"4\"", "CPU of each container"),
        key("memory", "quantity", Value("8Gi"), "8Gi", "Memory of each container"),
        key(
            "storage",
            "quantity",
            Value("20Gi"),
            "20Gi",
            "Storage of each claim, and ephemeral storage of each container",
        ),
    ],
};

pub(super) const APPROVAL: PolicySection = PolicySection {
    path: "projects.<project>.approval",
    meaning: "Approval of commits. A render is refused unless the author is trusted or a label has the whole commit",
    keys: &[
        key(
            "trusted_authors",
            "list of names",
            Value("[]"),
            "[alice, \"dependabot[bot]\"]",
            "Authors of pull requests that need no approval, compared with the parameter `owner` without regard to case",
        ),
        key(
            "label_prefix",
            "text",
            Value("approved/"),
            "reviewed/",
            "Prefix of the label that approves a commit, followed by all 40 or 64 digits of `head-sha`; labels of GitHub have \
             at most 50 characters",
        ),
    ],
};

/// Values of `sandbox`, which both tools have.
const SANDBOX_TYPE: &str = "`required` or `best-effort`";
const SANDBOX: &str = "`required` refuses to run the tool if the kernel has no sandbox; `best-effort` runs it with the \
                       parts that the kernel has";

pub(super) const HELM: PolicySection = PolicySection {
    path: "projects.<project>.helm",
    meaning: "Use of the `helm` binary",
    keys: &[
        key("enabled", "boolean", Value("true"), "true", "True if Helm charts are allowed"),
        key("binary", "name or path", Value("helm"), "/usr/local/bin/helm", "Name in the search path, or path"),
        key("sandbox", SANDBOX_TYPE, Value("required"), "required", SANDBOX),
        key(
            "random",
            "`stable` or `refuse`",
            Described("`stable` with the `helm` of EoD's image, else `refuse`"),
            "stable",
            "`stable` gives a chart the same random values at every render of an environment, from the secret of \
             `--seed-file`; `refuse` refuses a chart if two renders differ. Values that depend on the clock are always refused",
        ),
        key(
            "repositories",
            "list of URLs",
            Value("[]"),
            "[\"https://charts.acme.internal/\", \"oci://registry.acme.internal/charts/\"]",
            "Prefixes of repositories from which dependencies are fetched that `Chart.lock` pins and that are not in `charts/`",
        ),
    ],
};

pub(super) const KUSTOMIZE: PolicySection = PolicySection {
    path: "projects.<project>.kustomize",
    meaning: "Use of the `kustomize` binary, which only kustomizations with advanced features need",
    keys: &[
        key("enabled", "boolean", Value("true"), "false", "True if the binary is allowed"),
        key(
            "binary",
            "name or path",
            Value("kustomize"),
            "/usr/local/bin/kustomize",
            "Name in the search path, or path",
        ),
        key("sandbox", SANDBOX_TYPE, Value("required"), "required", SANDBOX),
    ],
};

pub(super) const SECRETS: PolicySection = PolicySection {
    path: "projects.<project>.secrets",
    meaning: "Operator that creates Secrets from `secretRef` and `sensitiveSecretRef`",
    keys: &[
        key(
            "kind",
            "`external-secrets`, `vault-operator` or `none`",
            Required,
            "external-secrets",
            "External Secrets, the Vault Secrets Operator, or no operator: references are refused",
        ),
        key(
            "store",
            "name",
            Described("none; required unless `kind` is `none`"),
            "vault-preview",
            "Name of the secret store, or of the VaultAuth of the Vault Secrets Operator",
        ),
        key(
            "store_kind",
            "`ClusterSecretStore` or `SecretStore`",
            Value("ClusterSecretStore"),
            "ClusterSecretStore",
            "Kind of the secret store of External Secrets",
        ),
    ],
};

pub(super) const INGRESS: PolicySection = PolicySection {
    path: "projects.<project>.ingress",
    meaning: "Access from outside the cluster",
    keys: &[
        key(
            "gateway",
            "`<namespace>/<name>`",
            Value("\"\""),
            "ingress/private",
            "Gateway of all HTTPRoutes; HTTPRoutes are refused if empty",
        ),
        key("class", "name", Value("\"\""), "internal", "Class of all Ingresses; Ingresses are refused if empty"),
        key(
            "tls_secret",
            "name of a Secret",
            Value("\"\""),
            "wildcard-preview-tls",
            "TLS Secret of all Ingresses, created by the platform in every namespace; empty for none",
        ),
        key(
            "private",
            "boolean",
            Value("true"),
            "true",
            "True if the gateway is reachable from the internal network only; for information, not enforced",
        ),
    ],
};

impl PolicySection {
    /// Description of a key.
    pub(super) fn key(&self, name: &str) -> Option<&'static PolicyKey> {
        self.keys.iter().find(|key| key.name == name)
    }
}

#[cfg(test)]
mod tests;
