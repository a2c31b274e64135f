//! Manifests of an application: workloads with everything that repositories have around them.

use super::draws::Draws;

/// Images that an ordinary policy allows.
const IMAGES: [&str; 8] = [
    "registry.acme.internal/shop/web:1.4.2",
    "nginx:1.27-alpine",
    "ghcr.io/acme/api:v2.0.1",
    "quay.io/acme/worker:2026-01",
    "docker.io/bitnami/redis:7.2",
    "node:22-slim",
    "traefik/whoami",
    "registry.acme.internal/shop/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

/// Lines with `by` spaces in front of them.
pub(super) fn indent(by: usize, text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{}{line}\n", " ".repeat(by)) };
    text.lines().map(line).collect()
}

/// Files with manifests. kustomize refuses documents that are not objects, so only plain directories have them.
pub(super) fn application(draws: &mut Draws, name: &str, is_plain: bool) -> Vec<(String, String)> {
    let mut objects: Vec<(&str, String)> = Vec::new();
    let names = Names { account: draws.percent(35), config: draws.percent(55), secret: draws.percent(30) };
    if draws.percent(15) {
        objects.push(("namespace", format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n")));
    }
    if names.account {
        objects.push(("serviceaccount", account(draws, name)));
    }
    if names.config {
        objects.push(("configmap", config_map(draws, name)));
    }
    if names.secret {
        objects.push(("secret", secret(draws, name)));
    }
    objects.push(("deployment", deployment(draws, name, &names)));
    objects.push(("service", service(draws, name)));
    if draws.percent(25) {
        objects.push(("worker", worker(draws, name)));
    }
    if draws.percent(28) {
        objects.push(("postgres", database(draws)));
    }
    if draws.percent(18) {
        objects.push(("redis", redis(draws)));
    }
    objects.extend(jobs(draws, name, &names));
    objects.extend(routes(draws, name));
    objects.extend(guards(draws, name));
    objects.extend(operators(draws, name));
    objects.extend(odd(draws, name));
    if is_plain && draws.percent(5) {
        objects.push(("settings", "# Settings of another tool.\nreplicaCount: 2\nimage: {tag: main}\n".to_owned()));
    }
    into_files(draws, objects)
}

/// Objects with a fixed name that others refer to.
struct Names {
    account: bool,
    config: bool,
    secret: bool,
}

/// One file for each object, one file for all, or a list.
fn into_files(draws: &mut Draws, objects: Vec<(&str, String)>) -> Vec<(String, String)> {
    let joined =
        |objects: &[(&str, String)]| objects.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("---\n");
    if draws.percent(18) {
        return vec![("all.yaml".to_owned(), joined(&objects))];
    }
    if draws.percent(6) && objects.iter().all(|(_, text)| !text.contains("---\n")) {
        // Output of `kubectl get -o yaml`.
        let items: String = objects.iter().map(|(_, text)| format!("- {}", indent(2, text).trim_start())).collect();
        return vec![("list.yaml".to_owned(), format!("apiVersion: v1\nkind: List\nmetadata: {{}}\nitems:\n{items}"))];
    }
    let ending = if draws.percent(12) { "yml" } else { "yaml" };
    objects.into_iter().map(|(file, text)| (format!("{file}.{ending}"), text)).collect()
}

/// Labels of an object in one of the usual forms.
fn labels(draws: &mut Draws, name: &str) -> String {
    let own = draws.one(&["app: NAME\n", "app: NAME\ntier: frontend\n", "app.kubernetes.io/name: NAME\n"]);
    let mut text = own.replace("NAME", name);
    text += &draws.text(12, "app.kubernetes.io/managed-by: kustomize\n");
    text += &draws.text(7, "backstage.io/kubernetes-id: shop\n");
    text
}

/// Metadata of an object: what `kubectl create --dry-run` and dashboards leave behind, among others.
fn metadata(draws: &mut Draws, name: &str) -> String {
    let mut text = format!("name: {name}\n");
    text += &draws.text(18, "namespace: default\n");
    text += &draws.text(6, "creationTimestamp: null\n");
    if draws.percent(70) {
        text += &format!("labels:\n{}", indent(2, &labels(draws, name)));
    }
    if draws.percent(10) {
        text += &format!(
            "annotations:\n{}",
            indent(
                2,
                draws.one(&[
                    "reloader.stakater.com/auto: \"true\"\n",
                    "description: front end\n",
                    "argocd.argoproj.io/sync-wave: \"1\"\n",
                    "kubectl.kubernetes.io/default-container: web\n",
                    "app.acme.io/owner: checkout\n",
                ])
            )
        );
    }
    text += &draws.text(1, "finalizers:\n  - acme.io/cleanup\n");
    format!("metadata:\n{}", indent(2, &text))
}

fn deployment(draws: &mut Draws, name: &str, names: &Names) -> String {
    let api = if draws.permille(12) { "extensions/v1beta1" } else { "apps/v1" };
    let mut spec = format!("replicas: {}\n", draws.one(&[1, 1, 2, 3, 5]));
    spec += &draws.text(20, "revisionHistoryLimit: 3\n");
    spec += &draws.text(20, "strategy:\n  type: RollingUpdate\n  rollingUpdate: {maxSurge: 1, maxUnavailable: 0}\n");
    spec += &format!("selector:\n  matchLabels:\n    app: {name}\n");
    spec += &template(draws, name, names);
    let mut text = format!("apiVersion: {api}\nkind: Deployment\n{}spec:\n{}", metadata(draws, name), indent(2, &spec));
    text += &draws.text(6, "status: {}\n");
    text
}

/// Template of the pods of the application.
fn template(draws: &mut Draws, name: &str, names: &Names) -> String {
    let mut text = format!("metadata:\n  labels:\n    app: {name}\n");
    let mut annotations = String::new();
    annotations += &draws.text(20, "prometheus.io/scrape: \"true\"\nprometheus.io/port: \"8080\"\n");
    annotations += &draws.text(7, "sidecar.istio.io/inject: \"true\"\n");
    annotations += &draws.text(4, "linkerd.io/inject: enabled\n");
    annotations += &draws.text(3, "vault.hashicorp.com/agent-inject: \"true\"\n");
    if !annotations.is_empty() {
        text += &format!("  annotations:\n{}", indent(4, &annotations));
    }
    text += &format!("spec:\n{}", indent(2, &pod(draws, name, names)));
    format!("template:\n{}", indent(2, &text))
}

fn pod(draws: &mut Draws, name: &str, names: &Names) -> String {
    let mut text = String::new();
    if names.account {
        text += &format!("serviceAccountName: {name}\n");
    }
    text += &draws.text(12, "automountServiceAccountToken: true\n");
    text += &draws.text(10, "nodeSelector:\n  kubernetes.io/os: linux\n");
    text += &draws.text(8, "tolerations:\n- key: dedicated\n  operator: Equal\n  value: web\n  effect: NoSchedule\n");
    text += &draws.text(5, "priorityClassName: high-priority\n");
    text += &draws.text(15, "imagePullSecrets:\n- name: regcred\n");
    text += &draws.text(8, "terminationGracePeriodSeconds: 60\n");
    text += &draws.text(30, "securityContext:\n  runAsNonRoot: true\n  runAsUser: 1000\n  fsGroup: 1000\n");
    text += &affinity(draws, name);
    text += if draws.permille(5) { "hostNetwork: true\n" } else { "" };
    text += &draws.text(4, "runtimeClassName: gvisor\n");
    if draws.percent(6) {
        text += &format!(
            "topologySpreadConstraints:\n- maxSkew: 1\n  topologyKey: topology.kubernetes.io/zone\n  whenUnsatisfiable: ScheduleAnyway\n  labelSelector:\n    matchLabels:\n      app: {name}\n"
        );
    }
    if draws.percent(18) {
        text += "initContainers:\n- name: wait\n  image: busybox:1.36\n  command: ['sh', '-c', 'until nc -z postgres 5432; do sleep 1; done']\n";
    }
    let (volumes, mounts) = volumes(draws, name, names);
    text += &format!("containers:\n- {}", indent(2, &container(draws, name, names, &mounts)).trim_start());
    if draws.percent(8) {
        text += "- name: metrics\n  image: quay.io/acme/exporter:0.11.0\n  ports:\n  - containerPort: 9113\n    name: metrics\n";
    }
    text + &volumes
}

fn affinity(draws: &mut Draws, name: &str) -> String {
    let mut text = String::new();
    if draws.percent(14) {
        text += &format!(
            "podAntiAffinity:\n  preferredDuringSchedulingIgnoredDuringExecution:\n  - weight: 100\n    podAffinityTerm:\n      topologyKey: kubernetes.io/hostname\n      labelSelector:\n        matchLabels:\n          app: {name}\n"
        );
    }
    text += &draws.text(
        5,
        "nodeAffinity:\n  requiredDuringSchedulingIgnoredDuringExecution:\n    nodeSelectorTerms:\n    - matchExpressions:\n      - key: kubernetes.io/arch\n        operator: In\n        values: [amd64]\n",
    );
    if text.is_empty() { text } else { format!("affinity:\n{}", indent(2, &text)) }
}

fn container(draws: &mut Draws, name: &str, names: &Names, mounts: &str) -> String {
    let image = if draws.permille(8) { "public.ecr.aws/acme/web:1" } else { draws.one(&IMAGES) };
    let mut text = format!("name: web\nimage: {image}\n");
    text += &draws.text(50, "imagePullPolicy: IfNotPresent\n");
    text += &draws.text(12, "command: [\"/bin/server\"]\n");
    text += &draws.text(15, "args:\n- --port=8080\n- --log-level=info\n");
    text += "ports:\n- name: http\n  containerPort: 8080\n";
    text += &draws.text(30, "  protocol: TCP\n");
    let mut env = draws.text(50, "- name: PORT\n  value: \"8080\"\n");
    env += &draws.text(20, "- name: POD_NAME\n  valueFrom:\n    fieldRef:\n      fieldPath: metadata.name\n");
    if names.secret {
        env += &format!("- name: PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: {name}\n      key: password\n");
    }
    if !env.is_empty() {
        text += &format!("env:\n{env}");
    }
    if names.config {
        text += &format!("envFrom:\n- configMapRef:\n    name: {name}\n");
    }
    if draws.percent(75) {
        let memory = if draws.permille(6) { "16Gi" } else { "512Mi" };
        text += &format!(
            "resources:\n  requests: {{cpu: 100m, memory: 128Mi}}\n  limits:\n    cpu: 1\n    memory: {memory}\n"
        );
    }
    if draws.percent(60) {
        let path = draws.one(&["/", "/healthz", "/live"]);
        text += &format!("livenessProbe:\n  httpGet:\n    path: {path}\n    port: http\n  initialDelaySeconds: 10\n");
        text += "readinessProbe:\n  tcpSocket:\n    port: 8080\n";
    }
    text += &draws.text(6, "lifecycle:\n  preStop:\n    exec:\n      command: [sleep, \"5\"]\n");
    text += &security(draws);
    text += mounts;
    text
}

fn security(draws: &mut Draws) -> String {
    if draws.permille(7) {
        return "securityContext:\n  privileged: true\n".to_owned();
    }
    if draws.permille(5) {
        return "securityContext:\n  capabilities:\n    add: [NET_ADMIN]\n".to_owned();
    }
    draws.text(
        35,
        "securityContext:\n  allowPrivilegeEscalation: false\n  readOnlyRootFilesystem: true\n  capabilities:\n    drop: [ALL]\n",
    )
}

/// Volumes of a pod and their mounts.
fn volumes(draws: &mut Draws, name: &str, names: &Names) -> (String, String) {
    let (mut volumes, mut mounts) = (String::new(), String::new());
    let mut add = |volume: &str, path: &str, source: String| {
        volumes += &format!("- name: {volume}\n{}", indent(2, &source));
        mounts += &format!("- name: {volume}\n  mountPath: {path}\n");
    };
    if draws.percent(25) {
        add("tmp", "/tmp", "emptyDir: {}".to_owned());
    }
    if names.config && draws.percent(40) {
        add("config", "/etc/app", format!("configMap:\n  name: {name}\n"));
    }
    if names.secret && draws.percent(30) {
        add("secret", "/etc/secret", format!("secret:\n  secretName: {name}\n"));
    }
    if draws.permille(8) {
        add("host", "/host", "hostPath:\n  path: /var/run/docker.sock\n".to_owned());
    }
    if draws.permille(4) {
        add("store", "/store", "csi:\n  driver: secrets-store.csi.k8s.io\n  readOnly: true\n".to_owned());
    }
    if draws.permille(4) {
        let token = "projected:\n  sources:\n  - serviceAccountToken:\n      path: token\n      audience: vault\n";
        add("token", "/var/run/token", token.to_owned());
    }
    if volumes.is_empty() {
        (volumes, mounts)
    } else {
        (format!("volumes:\n{volumes}"), format!("volumeMounts:\n{mounts}"))
    }
}

fn account(draws: &mut Draws, name: &str) -> String {
    let mut text = format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n");
    text += &draws.text(20, "  annotations:\n    eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/web\n");
    text += &draws.text(15, "automountServiceAccountToken: true\n");
    text += &draws.text(15, "imagePullSecrets:\n- name: regcred\n");
    text += &draws.text(8, "secrets:\n- name: web-token\n");
    text
}

fn config_map(draws: &mut Draws, name: &str) -> String {
    let mut data = "LOG_LEVEL: info\nFEATURES: \"a,b\"\n".to_owned();
    data += &draws.text(30, "app.conf: |\n  listen 8080;\n  root /srv;\n");
    data += &draws.text(10, "config.json: |-\n  {\"a\": 1}\n");
    data += &draws.text(5, "banner: \"caf\\u00e9\"\n");
    if draws.percent(4) {
        return format!(
            "apiVersion: v1\nkind: ConfigMapList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: {name}\n  data:\n{}",
            indent(4, &data)
        );
    }
    format!("apiVersion: v1\nkind: ConfigMap\n{}data:\n{}", metadata(draws, name), indent(2, &data))
}

fn secret(draws: &mut Draws, name: &str) -> String {
    let data = draws.one(&["data:\n  password: cGFzc3dvcmQ=\n", "stringData:\n  password: not-a-secret\n"]);
    let kind = draws.text(60, "type: Opaque\n");
    format!("apiVersion: v1\nkind: Secret\n{}{kind}{data}", metadata(draws, name))
}

fn service(draws: &mut Draws, name: &str) -> String {
    let mut spec = match draws.below(100) {
        0..12 => "type: LoadBalancer\nexternalTrafficPolicy: Local\n".to_owned(),
        12..21 => "type: NodePort\n".to_owned(),
        21..50 => "type: ClusterIP\n".to_owned(),
        _ => String::new(),
    };
    let is_node_port = spec.contains("NodePort");
    spec += &format!("selector:\n  app: {name}\nports:\n- name: http\n  port: 80\n  targetPort: http\n");
    if is_node_port {
        spec += "  nodePort: 30080\n";
    }
    let annotations = if spec.contains("LoadBalancer") && draws.percent(50) {
        "  annotations:\n    service.beta.kubernetes.io/aws-load-balancer-type: nlb\n"
    } else {
        ""
    };
    let status = if draws.percent(5) { "status:\n  loadBalancer: {}\n" } else { "" };
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n{annotations}  labels:\n    app: {name}\nspec:\n{}{status}",
        indent(2, &spec)
    )
}

fn worker(draws: &mut Draws, name: &str) -> String {
    let kind = if draws.percent(5) { "DaemonSet" } else { "Deployment" };
    let command = draws.text(60, "        command: [\"./worker\"]\n");
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}-worker\nspec:\n  selector:\n    matchLabels:\n      app: {name}-worker\n  template:\n    metadata:\n      labels:\n        app: {name}-worker\n    spec:\n      containers:\n      - name: worker\n        image: {}\n{command}",
        draws.one(&IMAGES)
    )
}

/// A StatefulSet with a claim, and its headless Service.
fn database(draws: &mut Draws) -> String {
    let class = match draws.below(100) {
        0..12 => "      storageClassName: standard\n",
        12..20 => "      storageClassName: gp3\n",
        20..22 => "      storageClassName: local-path\n",
        _ => "",
    };
    let size = if draws.percent(2) { "500Gi" } else { draws.one(&["1Gi", "8Gi", "10Gi"]) };
    let mode = draws.text(20, "        securityContext:\n          runAsUser: 999\n");
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: postgres\nspec:\n  clusterIP: None\n  selector:\n    app: postgres\n  ports:\n  - port: 5432\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: postgres\nspec:\n  serviceName: postgres\n  replicas: 1\n  selector:\n    matchLabels:\n      app: postgres\n  template:\n    metadata:\n      labels:\n        app: postgres\n    spec:\n      containers:\n      - name: postgres\n        image: postgres:16\n        env:\n        - name: POSTGRES_PASSWORD\n          value: not-a-secret\n        ports:\n        - containerPort: 5432\n        volumeMounts:\n        - name: data\n          mountPath: /var/lib/postgresql/data\n{mode}  volumeClaimTemplates:\n  - metadata:\n      name: data\n    spec:\n      accessModes: [\"ReadWriteOnce\"]\n{class}      resources:\n        requests:\n          storage: {size}\n"
    )
}

/// A Deployment with a claim of its own in half of the cases.
fn redis(draws: &mut Draws) -> String {
    let mut text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: redis\nspec:\n  selector: {app: redis}\n  ports:\n  - {port: 6379, targetPort: 6379}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: redis\nspec:\n  selector:\n    matchLabels: {app: redis}\n  template:\n    metadata:\n      labels: {app: redis}\n    spec:\n      containers:\n      - name: redis\n        image: redis:7\n        ports: [{containerPort: 6379}]\n".to_owned();
    if draws.percent(50) {
        text += "        volumeMounts:\n        - {name: data, mountPath: /data}\n      volumes:\n      - name: data\n        persistentVolumeClaim:\n          claimName: redis\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: redis\nspec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 2Gi\n";
    }
    text
}

fn jobs(draws: &mut Draws, name: &str, names: &Names) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if draws.percent(12) {
        let api = if draws.percent(8) { "batch/v1beta1" } else { "batch/v1" };
        let suspend = draws.text(20, "  concurrencyPolicy: Forbid\n");
        found.push((
            "cronjob",
            format!(
                "apiVersion: {api}\nkind: CronJob\nmetadata:\n  name: {name}-nightly\nspec:\n  schedule: \"0 3 * * *\"\n{suspend}  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: OnFailure\n          containers:\n          - name: nightly\n            image: {}\n            args: [nightly]\n",
                draws.one(&IMAGES)
            ),
        ));
    }
    if draws.percent(14) {
        let annotations = draws.one(&[
            "",
            "  annotations:\n    argocd.argoproj.io/hook: PreSync\n    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation\n",
            "  annotations:\n    argocd.argoproj.io/hook: PostSync\n",
            "  annotations:\n    argocd.argoproj.io/sync-wave: \"-1\"\n",
            "  annotations:\n    argocd.argoproj.io/hook: PreDelete\n",
        ]);
        let config = if names.config {
            format!("        envFrom:\n        - configMapRef:\n            name: {name}\n")
        } else {
            String::new()
        };
        found.push((
            "migrate",
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}-migrate\n{annotations}spec:\n  backoffLimit: 2\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: migrate\n        image: {}\n        command: [\"./migrate\", \"up\"]\n{config}",
                draws.one(&IMAGES)
            ),
        ));
    }
    found
}

fn routes(draws: &mut Draws, name: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let host = format!("{name}.example.com");
    if draws.percent(45) {
        found.push(("ingress", ingress(draws, name, &host)));
        if draws.percent(14) {
            // A second object for a path of the same host.
            found.push((
                "ingress-api",
                format!(
                    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}-api\n  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: /$2\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: {host}\n    http:\n      paths:\n      - path: /api(/|$)(.*)\n        pathType: ImplementationSpecific\n        backend:\n          service:\n            name: {name}\n            port:\n              number: 80\n"
                ),
            ));
        }
    }
    if draws.percent(7) {
        found.push((
            "httproute",
            format!(
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: {name}\nspec:\n  parentRefs:\n  - name: public\n    namespace: gateways\n  hostnames: [\"{host}\"]\n  rules:\n  - matches:\n    - path:\n        type: PathPrefix\n        value: /\n    backendRefs:\n    - name: {name}\n      port: 80\n"
            ),
        ));
    }
    found
}

fn ingress(draws: &mut Draws, name: &str, host: &str) -> String {
    let mut annotations = draws.text(50, "nginx.ingress.kubernetes.io/proxy-body-size: 8m\n");
    annotations += &draws.text(35, "cert-manager.io/cluster-issuer: letsencrypt\n");
    annotations += &draws.text(12, "kubernetes.io/ingress.class: nginx\n");
    annotations += &draws.text(8, "external-dns.alpha.kubernetes.io/hostname: shop.example.com\n");
    let annotations =
        if annotations.is_empty() { annotations } else { format!("  annotations:\n{}", indent(4, &annotations)) };
    if draws.percent(2) {
        return format!(
            "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata:\n  name: {name}\n{annotations}spec:\n  rules:\n  - host: {host}\n    http:\n      paths:\n      - path: /\n        backend:\n          serviceName: {name}\n          servicePort: 80\n"
        );
    }
    let class = draws.text(70, "  ingressClassName: nginx\n");
    let tls = if draws.percent(45) {
        format!("  tls:\n  - hosts:\n    - {host}\n    secretName: {name}-tls\n")
    } else {
        String::new()
    };
    let host = if draws.percent(2) { String::new() } else { format!("host: {host}\n    ") };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n{annotations}spec:\n{class}{tls}  rules:\n  - {host}http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: {name}\n            port:\n              name: http\n"
    )
}

/// Objects that limit or permit, which a preview gets from EoD.
fn guards(draws: &mut Draws, name: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add = |percent: usize, file: &'static str, text: &str| {
        if draws.percent(percent) {
            found.push((file, text.replace("NAME", name)));
        }
    };
    add(
        15,
        "networkpolicy",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: NAME\nspec:\n  podSelector:\n    matchLabels:\n      app: NAME\n  policyTypes: [Ingress]\n  ingress:\n  - {}\n",
    );
    add(
        16,
        "pdb",
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: NAME\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app: NAME\n",
    );
    add(
        20,
        "hpa",
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: NAME\nspec:\n  minReplicas: 2\n  maxReplicas: 10\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: NAME\n  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      target:\n        type: Utilization\n        averageUtilization: 80\n",
    );
    add(
        4,
        "quota",
        "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: NAME\nspec:\n  hard:\n    pods: \"200\"\n",
    );
    add(
        3,
        "limitrange",
        "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: NAME\nspec:\n  limits:\n  - type: Container\n    default:\n      memory: 4Gi\n",
    );
    add(
        13,
        "role",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: NAME\nrules:\n- apiGroups: [\"\"]\n  resources: [configmaps]\n  verbs: [get, list]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: NAME\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: NAME\nsubjects:\n- kind: ServiceAccount\n  name: NAME\n",
    );
    add(
        8,
        "clusterrole",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: NAME\nrules:\n- apiGroups: [\"*\"]\n  resources: [\"*\"]\n  verbs: [\"*\"]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: NAME\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: NAME\nsubjects:\n- kind: ServiceAccount\n  name: NAME\n  namespace: default\n",
    );
    add(
        2,
        "storageclass",
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: fast\nprovisioner: ebs.csi.aws.com\n",
    );
    found
}

/// Objects of operators.
fn operators(draws: &mut Draws, name: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add = |permille: usize, file: &'static str, text: &str| {
        if draws.permille(permille) {
            found.push((file, text.replace("NAME", name)));
        }
    };
    add(
        120,
        "servicemonitor",
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata:\n  name: NAME\n  labels:\n    release: prometheus\nspec:\n  selector:\n    matchLabels:\n      app: NAME\n  endpoints:\n  - port: http\n",
    );
    add(
        40,
        "certificate",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: NAME\nspec:\n  secretName: NAME-tls\n  dnsNames: [NAME.example.com]\n  issuerRef: {name: letsencrypt, kind: ClusterIssuer}\n",
    );
    add(
        20,
        "scaledobject",
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: NAME\nspec:\n  scaleTargetRef:\n    name: NAME\n",
    );
    add(
        25,
        "crd",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.acme.io\nspec:\n  group: acme.io\n  names: {kind: Widget, plural: widgets}\n  scope: Namespaced\n  versions: []\n",
    );
    add(6, "widget", "apiVersion: acme.io/v1\nkind: Widget\nmetadata:\n  name: NAME\nspec: {size: 1}\n");
    add(
        8,
        "externalsecret",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: NAME-external\nspec:\n  secretStoreRef: {name: vault, kind: ClusterSecretStore}\n  dataFrom: [{extract: {key: shop}}]\n",
    );
    add(
        6,
        "sealedsecret",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: NAME-sealed\nspec:\n  encryptedData:\n    password: AgBy\n",
    );
    add(
        7,
        "virtualservice",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: NAME\nspec:\n  hosts: [NAME.example.com]\n  http:\n  - route:\n    - destination: {host: NAME}\n",
    );
    found
}

/// Rare objects.
fn odd(draws: &mut Draws, name: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add = |permille: usize, file: &'static str, text: &str| {
        if draws.permille(permille) {
            found.push((file, text.replace("NAME", name)));
        }
    };
    add(
        6,
        "external",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: legacy\nspec:\n  type: ExternalName\n  externalName: legacy.example.com\n",
    );
    add(
        4,
        "pod",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: debug\nspec:\n  containers:\n  - name: debug\n    image: busybox\n",
    );
    add(
        3,
        "application",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: NAME\nspec: {project: default}\n",
    );
    found
}
