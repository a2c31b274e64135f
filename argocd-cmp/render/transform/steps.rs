//! Descriptions of the preview transform's steps. The documentation is generated from them.

/// One step of the transform for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransformStep {
    /// Kind of change.
    pub effect: TransformEffect,
    /// Objects or fields that change.
    pub subject: &'static str,
    /// Change of the subject, as a sentence without a final dot, in Markdown.
    pub meaning: &'static str,
}

/// Kinds of changes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum TransformEffect {
    /// A value of the source is replaced.
    Rewritten,
    /// An object of the source is left out.
    Dropped,
    /// A value or an object is added.
    Added,
}

const fn rewritten(subject: &'static str, meaning: &'static str) -> TransformStep {
    TransformStep { effect: TransformEffect::Rewritten, subject, meaning }
}

const fn dropped(subject: &'static str, meaning: &'static str) -> TransformStep {
    TransformStep { effect: TransformEffect::Dropped, subject, meaning }
}

const fn added(subject: &'static str, meaning: &'static str) -> TransformStep {
    TransformStep { effect: TransformEffect::Added, subject, meaning }
}

/// All steps. Fields that no step names keep the value of the source.
pub(crate) const TRANSFORM_STEPS: [TransformStep; 23] = [
    rewritten("namespace", "Replaced by the Application's destination namespace in every object"),
    rewritten(
        "replicas",
        "Reduced to the parameter `replicas`; 0 if `state` is `asleep`, which also suspends CronJobs",
    ),
    rewritten(
        "images",
        "Replaced if the image is named in `images`; the image `image.repository` gets the tag `image.tag` or `head-sha`. \
         New references are written as they were given",
    ),
    rewritten("update strategy", "`Recreate` for Deployments with a claim that only one pod can mount at a time"),
    rewritten(
        "hosts",
        "Hosts of Ingresses and HTTPRoutes become `<environment>-<service>.<domain>`. A host of the source becomes the \
         same host in all objects, with the Service of its path `/`, else of its shortest path; the parameter `host` \
         replaces the only host of a source. TLS hosts of Ingresses follow",
    ),
    rewritten(
        "gateway and class",
        "`parentRefs` of HTTPRoutes, `ingressClassName` and TLS Secrets of Ingresses become those of the policy",
    ),
    rewritten(
        "hooks",
        "Argo CD's `PreSync` and Helm's `pre-install` and `pre-upgrade` hooks become `Sync` hooks of wave -10 or \
         earlier, after the guards; Helm's `post-install` and `post-upgrade` hooks become `PostSync` hooks; their order is \
         kept. A migration whose database is in the same source is refused, because it would wait for the database forever: \
         make it a `Sync` hook in a wave after the database",
    ),
    rewritten(
        "waves of configuration",
        "ConfigMaps, Secrets, ServiceAccounts and claims get the wave of the first Deployment, StatefulSet or Job that uses \
         them if their own wave is later: Argo CD would otherwise wait forever for the pods, such as those of a migration",
    ),
    rewritten(
        "names",
        "In sources other than charts, `fullnameOverride` renames the only workload and the objects with its name, \
         with references to them; `nameOverride` sets their label `app.kubernetes.io/name`",
    ),
    dropped("tests of a chart", "Objects with the hook `test` are left out"),
    dropped("Namespace of the environment", "Left out: EoD or Terraform creates the namespace"),
    dropped(
        "services that are not selected",
        "Services and workloads of `stable_services` that `services` does not select are left out",
    ),
    dropped("hook Jobs", "Left out if `state` is `asleep`"),
    dropped("status and empty values", "`status`, and empty values of fields that are not allowed, are left out"),
    added(
        "labels",
        "`environment.on-demand/*` and the policy's `default_labels` on all objects and templates of pods and jobs, but no \
         label that the workload's selector uses with another value. Claim templates of StatefulSets, which can never \
         change, get only `environment.on-demand/env` and `environment.on-demand/installation`",
    ),
    added(
        "defaults of the platform",
        "`automountServiceAccountToken: false`, the policy's pull secret on ServiceAccounts, and its first storage class \
         on claims without a class",
    ),
    added(
        "defaults of the API server",
        "`apiVersion`, `kind` and `volumeMode` of claim templates; matches, `group`, `kind` and `weight` of backends and other \
         defaults in rules of HTTPRoutes. Argo CD would otherwise see a difference to the stored object after every sync",
    ),
    added(
        "sync options",
        "`Force=true,Replace=true` on Jobs that are not hooks, so that Argo CD can sync a changed Job",
    ),
    added(
        "guards",
        "With `guards: render`: Namespace, ResourceQuota, LimitRange, NetworkPolicies and the default ServiceAccount, \
         the same objects that `eod_environment` creates, in wave -20",
    ),
    added(
        "secrets",
        "`secretRef` and `sensitiveSecretRef` become an ExternalSecret or VaultStaticSecret named `<environment>-config` \
         or `<environment>-sensitive`, in wave -20",
    ),
    added("envFrom", "In sources other than charts, all containers read the environment's secrets"),
    added(
        "stable services",
        "One ExternalName Service for each service of `stable_services` that does not run in the environment",
    ),
    added(
        "report",
        "ConfigMap `<application>-render` with the form of the source, the commit, the version of the plugin, and up to 200 \
         lines about requests that were removed",
    ),
];

#[cfg(test)]
mod tests;
