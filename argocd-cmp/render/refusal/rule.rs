//! Refusal rules with their descriptions. The documentation is generated from them.

use std::fmt;

use strum::VariantArray;

/// Rules of refusals. Each name is part of every refusal and a label of a metric.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "`RefusalRule::description` has the meaning of each rule")]
pub enum RefusalRule {
    Kind,
    Approval,
    Caps,
    Empty,
    Field,
    File,
    Helm,
    Hook,
    Host,
    HostAccess,
    Identity,
    Image,
    Kustomize,
    Metadata,
    Name,
    Parameter,
    Policy,
    PodSecurity,
    Random,
    Remote,
    Route,
    Scheduling,
    Secret,
    Service,
    ServiceAccount,
    SourceOverride,
    Storage,
    Tool,
    Volume,
    Yaml,
}

/// Description of a rule for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RuleDescription {
    /// The described rule.
    pub rule: RefusalRule,
    /// Requirement of the rule, as a sentence without a final dot.
    pub meaning: &'static str,
    /// An example of input that is refused, in Markdown.
    pub example: &'static str,
    /// Usual correction. Each refusal has a remedy of its own, which is more precise.
    pub remedy: &'static str,
}

impl RefusalRule {
    /// All rules, in the sort order of the refusals of one line.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Name of the rule, such as `host-access`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Description of the rule.
    pub const fn description(self) -> RuleDescription {
        let (meaning, example, remedy) = match self {
            Self::Kind => (
                "Every object has a kind and an API version that the policy allows",
                "a `ClusterRole`, or a `Deployment` of `extensions/v1beta1`",
                "Remove the object, write the supported `apiVersion`, or have the platform add the kind to `kinds`",
            ),
            Self::Approval => (
                "With the section `approval` of the policy, the author is trusted or a label approves the commit",
                "a push to a pull request after its approval",
                "Review the commit, and set the label `approved/<head-sha>` or submit an approving review",
            ),
            Self::Caps => (
                "Number and size of the objects, replicas, resources and grace periods are within the policy's `caps`",
                "`limits: { cpu: 16 }` with the cap `cpu: \"4\"`",
                "Use less, or have the platform raise the cap",
            ),
            Self::Empty => (
                "The source has at least one object that runs in a preview; otherwise Argo CD would delete everything",
                "a directory without manifests, or a chart whose values disable all templates",
                "Correct the path, the values of the chart, or the selected services",
            ),
            Self::Field => (
                "Every field is known to the plugin, allowed, and of the right type",
                "`hostnetwork: true`, or `replicas: \"2\"`",
                "Remove the field, or correct its spelling or type",
            ),
            Self::File => (
                "Every file that the source needs can be read from the received part of the repository",
                "a values file that does not exist, or a link to `/etc/passwd`",
                "Add the file, or list its directory in the annotation `argocd.argoproj.io/manifest-generate-paths`",
            ),
            Self::Helm => (
                "The dependencies of the chart are in `charts/` or pinned by `Chart.lock`, and its release name is valid",
                "a release name of more than 53 characters",
                "Shorten the name of the environment, or correct the chart",
            ),
            Self::Hook => (
                "Hooks and waves run after the namespace and its guards, and before the end of the sync",
                "`helm.sh/hook: crd-install`, or the sync wave `-30`",
                "Use `pre-install`, `pre-upgrade`, `post-install`, `post-upgrade`, `PostSync` or `SyncFail`, and waves from -19 to 100",
            ),
            Self::Host => (
                "Every host is below the policy's domain and begins with the name of the environment",
                "a missing or wildcard host, or the parameter `host: shop.example.com`",
                "Set a host of this environment, or remove the host: the plugin then sets it",
            ),
            Self::HostAccess => (
                "Pods do not use namespaces, ports or paths of their node",
                "`hostNetwork: true`, a `hostPort`, or a `hostPath` volume",
                "Remove the field; use `emptyDir` or a claim for data",
            ),
            Self::Identity => (
                "Application, parameters and policy agree on the environment",
                "the parameter `environment: shop-pr-8` with the destination namespace `shop-pr-7`",
                "Set `spec.destination.namespace` to the name of the environment, and use a namespace of the policy",
            ),
            Self::Image => (
                "Every image has a valid reference and comes from one of the policy's `registries`",
                "`image: docker.io/mallory/miner:1`",
                "Push the image to an allowed registry, or replace it with the parameter `images`",
            ),
            Self::Kustomize => (
                "The kustomization is complete, has known fields only, and is within limits",
                "`replicas` that name a missing workload, or kustomizations that include each other",
                "Correct the kustomization",
            ),
            Self::Metadata => (
                "Metadata has no keys that control other software, and no fields that the cluster or another owner sets",
                "the annotation `iam.gke.io/gcp-service-account`, or `finalizers`",
                "Remove the key, or have the platform add its domain to `metadata_allow`",
            ),
            Self::Name => (
                "Every object has a valid name, no name is used twice, and no name belongs to EoD or the platform",
                "two `Service` objects called `web`, or a `ServiceAccount` called `default`",
                "Rename or remove one of the objects",
            ),
            Self::Parameter => (
                "Every parameter is known and has a valid value",
                "`replicas: many`, or a misspelled `enviroment`",
                "Correct the parameter in the Application or its ApplicationSet",
            ),
            Self::Policy => (
                "The policy file is valid and has a section for the Argo CD project",
                "an unknown key in the policy file, or an Application of the project `default`",
                "Correct the policy, or use a project that it has",
            ),
            Self::PodSecurity => (
                "Pods and containers keep the level of `pod_security`",
                "`privileged: true`, or an added capability",
                "Remove the field, or write the required value",
            ),
            Self::Random => (
                "Two renders of a chart give the same objects; otherwise every sync would change them",
                "`randAlphaNum` without a seed file, or `genCA`, which depends on the clock",
                "Set the value in a values file, or use a Secret that exists before the chart (`secretRef`)",
            ),
            Self::Remote => (
                "A render fetches nothing but locked dependencies of charts from `helm.repositories`, and runs no other programs",
                "`resources: [https://github.com/acme/base]`, or `helmCharts` in a kustomization",
                "Commit the needed files to the repository",
            ),
            Self::Route => (
                "Routes forward from the policy's gateway or ingress class to Services of the environment",
                "a `backendRef` of another namespace, or a `defaultBackend`",
                "Remove the field, or use Services of the environment",
            ),
            Self::Scheduling => (
                "Pods do not choose their node, priority, runtime or devices",
                "`nodeName: node-1`, or `tolerations`",
                "Remove the field",
            ),
            Self::Secret => (
                "Secrets and secret references belong to the environment, and Secrets have an allowed type",
                "`secretRef: secret/prod/shop`, or a Secret of type `kubernetes.io/service-account-token`",
                "Reference the environment's own copy, as `eod_vault_clone.secret_ref` returns it",
            ),
            Self::Service => (
                "Services can be reached inside the cluster only",
                "`type: LoadBalancer`, or `externalIPs`",
                "Use the type `ClusterIP`, and an Ingress or HTTPRoute for access from outside",
            ),
            Self::ServiceAccount => (
                "Pods use no token of the API server and no service account from outside the source",
                "`automountServiceAccountToken: true`",
                "Remove the field, or add the ServiceAccount to the source",
            ),
            Self::SourceOverride => (
                "The repository does not change the parameters of its own Application",
                "a file `.argocd-source.yaml`",
                "Remove the file",
            ),
            Self::Storage => (
                "Claims request new volumes of the policy's `storage_classes`",
                "`volumeName: data-of-production`",
                "Remove the field, or use an allowed storage class",
            ),
            Self::Tool => (
                "Helm or kustomize, if needed, is installed, enabled by the policy, and succeeds",
                "a chart with a template error, or a chart if `helm.enabled` is `false`",
                "Correct the error in the output of the tool, or have the platform enable the tool",
            ),
            Self::Volume => (
                "Volumes contain data of the environment only",
                "a `csi` or `nfs` volume",
                "Use `configMap`, `secret`, `emptyDir`, `downwardAPI`, `projected` or a claim",
            ),
            Self::Yaml => (
                "Every document is valid YAML or JSON with a single interpretation",
                "a duplicate key, or `enabled: yes` without quotes",
                "Correct the line; put ambiguous values in quotes",
            ),
        };
        RuleDescription { rule: self, meaning, example, remedy }
    }
}

impl fmt::Display for RefusalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
