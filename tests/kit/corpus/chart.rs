//! Charts: the shape of `helm create`, and parts of charts for databases and operators.

use std::collections::BTreeMap;

use super::draws::Draws;

/// Directory of the chart.
const CHART: &str = "chart";

const HELPERS: &str = r#"{{- define "NAME.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "NAME.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "NAME.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- define "NAME.selector" -}}
app.kubernetes.io/name: {{ include "NAME.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "NAME.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "NAME.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
{{- define "NAME.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "NAME.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}
"#;

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "NAME.fullname" . }}
NAMESPACE  labels:
    {{- include "NAME.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "NAME.selector" . | nindent 6 }}
  template:
    metadata:
      annotations:
CHECKSUM        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      labels:
        {{- include "NAME.selector" . | nindent 8 }}
    spec:
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      serviceAccountName: {{ include "NAME.account" . }}
      securityContext:
        {{- toYaml .Values.podSecurityContext | nindent 8 }}
      priorityClassName: {{ .Values.priorityClassName | quote }}
      containers:
        - name: {{ .Chart.Name }}
          securityContext:
            {{- toYaml .Values.securityContext | nindent 12 }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
ENV          livenessProbe:
            httpGet:
              path: /
              port: http
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          {{- with .Values.volumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with .Values.volumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
"#;

const SERVICE: &str = r#"apiVersion: v1
kind: Service
metadata:
  name: {{ include "NAME.fullname" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
  {{- with .Values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .Values.service.type }}
  {{- if eq .Values.service.type "LoadBalancer" }}
  loadBalancerIP: {{ .Values.service.loadBalancerIP | default "" | quote }}
  externalTrafficPolicy: Cluster
  {{- end }}
  ports:
    - port: {{ .Values.service.port }}
      targetPort: http
      protocol: TCP
      name: http
      {{- if and (eq .Values.service.type "NodePort") .Values.service.nodePort }}
      nodePort: {{ .Values.service.nodePort }}
      {{- end }}
  selector:
    {{- include "NAME.selector" . | nindent 4 }}
"#;

const INGRESS: &str = r#"{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "NAME.fullname" . }}
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- if .Values.ingress.tls }}
  tls:
    {{- range .Values.ingress.tls }}
    - hosts:
        {{- range .hosts }}
        - {{ . | quote }}
        {{- end }}
      secretName: {{ .secretName }}
    {{- end }}
  {{- end }}
  rules:
    {{- range .Values.ingress.hosts }}
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ .path }}
            pathType: {{ .pathType }}
            backend:
              service:
                name: {{ include "NAME.fullname" $ }}
                port:
                  number: {{ $.Values.service.port }}
          {{- end }}
    {{- end }}
{{- end }}
"#;

const ACCOUNT: &str = r#"{{- if .Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "NAME.account" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
{{- end }}
"#;

const AUTOSCALER: &str = r#"{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "NAME.fullname" . }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "NAME.fullname" . }}
  minReplicas: 1
  maxReplicas: 5
{{- end }}
"#;

const TEST: &str = r#"apiVersion: v1
kind: Pod
metadata:
  name: "{{ include "NAME.fullname" . }}-test-connection"
  annotations:
    "helm.sh/hook": test
spec:
  containers:
    - name: wget
      image: busybox
      command: ['wget']
      args: ['{{ include "NAME.fullname" . }}:{{ .Values.service.port }}']
  restartPolicy: Never
"#;

/// Secrets with values that the chart makes: at every render, or only if the Secret does not exist.
const SECRETS: [&str; 4] = [
    "stringData:\n  password: {{ .Values.password | default (randAlphaNum 16) | quote }}\n",
    "data:\n  password: {{ randAlphaNum 24 | b64enc | quote }}\n  id: {{ uuidv4 | b64enc }}\n",
    "{{- $old := lookup \"v1\" \"Secret\" .Release.Namespace (include \"NAME.fullname\" .) }}\ndata:\n  {{- if $old }}\n  password: {{ $old.data.password }}\n  {{- else }}\n  password: {{ randAlphaNum 12 | b64enc }}\n  {{- end }}\n",
    "data:\n  login: {{ htpasswd \"admin\" \"not-a-secret\" | b64enc }}\n",
];

/// Objects besides those of `helm create`: name of the template, share in tenths of a percent, template.
const MORE: [(&str, usize, &str); 16] = [
    (
        "pdb",
        150,
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      {{- include \"NAME.selector\" . | nindent 6 }}\n",
    ),
    (
        "networkpolicy",
        110,
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec:\n  podSelector: {}\n  egress:\n    - {}\n",
    ),
    (
        "servicemonitor",
        130,
        "{{- if .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec:\n  endpoints:\n    - port: http\n{{- end }}\n",
    ),
    (
        "prometheusrule",
        50,
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec:\n  groups: []\n",
    ),
    (
        "role",
        150,
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nrules:\n  - apiGroups: [\"\"]\n    resources: [secrets]\n    verbs: [get]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {{ include \"NAME.fullname\" . }}\nsubjects:\n  - kind: ServiceAccount\n    name: {{ include \"NAME.account\" . }}\n",
    ),
    (
        "clusterrole",
        110,
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nrules:\n  - apiGroups: [apps]\n    resources: [deployments]\n    verbs: [list, watch]\n",
    ),
    (
        "crd",
        25,
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.acme.io\nspec:\n  group: acme.io\n  scope: Namespaced\n  names: {kind: Widget, plural: widgets}\n  versions: []\n",
    ),
    (
        "webhook",
        20,
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nwebhooks:\n  - name: check.acme.io\n    clientConfig:\n      caBundle: {{ (genCA \"acme\" 365).Cert | b64enc }}\n",
    ),
    (
        "claim",
        110,
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\n  annotations:\n    helm.sh/resource-policy: keep\nspec:\n  accessModes:\n    - ReadWriteOnce\n  resources:\n    requests:\n      storage: {{ .Values.storage | default \"8Gi\" }}\n",
    ),
    (
        "files",
        80,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}-files\ndata:\n  {{- (.Files.Glob \"files/*\").AsConfig | nindent 2 }}\n",
    ),
    ("extra", 60, "{{- range .Values.extraObjects }}\n---\n{{ tpl (toYaml .) $ }}\n{{- end }}\n"),
    (
        "certificate",
        30,
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec:\n  secretName: tls\n",
    ),
    (
        "daemonset",
        14,
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}-agent\nspec:\n  selector:\n    matchLabels: {agent: x}\n  template:\n    metadata:\n      labels: {agent: x}\n    spec:\n      containers:\n        - name: agent\n          image: quay.io/acme/agent:1\n",
    ),
    (
        "widget",
        8,
        "apiVersion: acme.io/v1\nkind: Widget\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\nspec: {}\n",
    ),
    (
        "certificates",
        25,
        "{{- $ca := genCA \"acme\" 365 }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}-ca\ntype: Opaque\ndata:\n  ca.crt: {{ $ca.Cert | b64enc }}\n",
    ),
    (
        "built",
        12,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}-built\ndata:\n  at: {{ now | date \"2006-01-02T15:04:05.000000000\" | quote }}\n",
    ),
];

/// Jobs that run before, after or at the end of a release.
const HOOKS: [(&str, usize, &str); 5] = [
    (
        "migrate",
        100,
        "\"helm.sh/hook\": pre-install,pre-upgrade\n    \"helm.sh/hook-weight\": \"-5\"\n    \"helm.sh/hook-delete-policy\": before-hook-creation,hook-succeeded",
    ),
    ("seed", 60, "\"helm.sh/hook\": post-install"),
    ("cleanup", 40, "\"helm.sh/hook\": pre-delete\n    \"helm.sh/hook-delete-policy\": hook-succeeded"),
    ("upgrade", 20, "\"helm.sh/hook\": pre-upgrade,pre-rollback"),
    ("backup", 10, "\"helm.sh/hook\": post-delete"),
];

/// Files of a chart.
pub(super) fn files(draws: &mut Draws, name: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut add = |path: &str, text: String| drop(files.insert(format!("{CHART}/{path}"), text.replace("NAME", name)));
    add("templates/_helpers.tpl", HELPERS.to_owned());
    let has_secret = draws.percent(30);
    let namespace = draws.text(35, "  namespace: {{ .Release.Namespace }}\n");
    let mut annotations = String::new();
    if has_secret {
        annotations += &draws.text(
            60,
            "        checksum/secret: {{ include (print $.Template.BasePath \"/secret.yaml\") . | sha256sum }}\n",
        );
    }
    annotations += &draws.text(4, "        rollme: {{ randAlphaNum 5 | quote }}\n");
    let env = if has_secret {
        "          env:\n            - name: PASSWORD\n              valueFrom:\n                secretKeyRef:\n                  name: {{ include \"NAME.fullname\" . }}\n                  key: password\n"
    } else {
        ""
    };
    let deployment = DEPLOYMENT.replace("NAMESPACE", &namespace).replace("CHECKSUM", &annotations).replace("ENV", env);
    add("templates/deployment.yaml", deployment);
    add("templates/service.yaml", SERVICE.to_owned());
    add("templates/ingress.yaml", INGRESS.to_owned());
    add("templates/serviceaccount.yaml", ACCOUNT.to_owned());
    add("templates/hpa.yaml", AUTOSCALER.to_owned());
    add("templates/NOTES.txt", "Open http://{{ include \"NAME.fullname\" . }}:{{ .Values.service.port }}\n".to_owned());
    if draws.percent(60) {
        add("templates/tests/test-connection.yaml", TEST.to_owned());
    }
    if has_secret {
        let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"NAME.fullname\" . }}\ntype: Opaque\n";
        add("templates/secret.yaml", format!("{head}{}", draws.one(&SECRETS)));
    }
    for (template, permille, text) in MORE {
        if draws.permille(permille) {
            add(&format!("templates/{template}.yaml"), text.to_owned());
        }
    }
    add("files/app.conf", "listen 8080\n".to_owned());
    for (hook, permille, annotations) in HOOKS {
        if draws.permille(permille) {
            let account = draws.text(30, "      serviceAccountName: {{ include \"NAME.account\" . }}\n");
            add(
                &format!("templates/hook-{hook}.yaml"),
                format!(
                    "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{{{ include \"NAME.fullname\" . }}}}-{hook}\n  annotations:\n    {annotations}\nspec:\n  template:\n    spec:\n{account}      restartPolicy: Never\n      containers:\n        - name: {hook}\n          image: \"{{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag | default .Chart.AppVersion }}}}\"\n          command: [\"./{hook}\"]\n"
                ),
            );
        }
    }
    if draws.percent(5) {
        add(
            "crds/widget.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.acme.io}\n"
                .to_owned(),
        );
    }
    if draws.percent(2) {
        add("templates/required.yaml", "{{- $x := required \"set licence\" .Values.licence }}\n".to_owned());
    }
    if draws.percent(8) {
        add(
            "values.schema.json",
            "{\"type\": \"object\", \"properties\": {\"replicaCount\": {\"type\": \"integer\"}}}".to_owned(),
        );
    }
    let dependencies = dependencies(draws, &mut add);
    let version = draws.one(&["0.1.0", "1.2.3", "2.0.0+build.5"]);
    add(
        "Chart.yaml",
        format!(
            "apiVersion: v2\nname: NAME\ndescription: An application\ntype: application\nversion: {version}\nappVersion: \"1.16.0\"\n{dependencies}"
        ),
    );
    add("values.yaml", values(draws));
    files
}

/// Dependencies, most of them in the directory `charts`.
fn dependencies(draws: &mut Draws, add: &mut impl FnMut(&str, String)) -> String {
    match draws.below(100) {
        0..22 => {
            let condition = draws.text(60, "    condition: db.enabled\n");
            add("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 11.0.1\n".to_owned());
            let annotations = draws.one(&["{}", "{acme.io/backup: \"true\"}"]);
            let password = draws.one(&["not-a-secret", "{{ randAlphaNum 10 }}"]);
            add(
                "charts/db/values.yaml",
                format!(
                    "enabled: true\nstorage: {}\nannotations: {annotations}\nstorageClass: \"\"\n",
                    draws.one(&["8Gi", "1Gi", "20Gi"])
                ),
            );
            add("charts/db/templates/db.yaml", DATABASE.replace("PASSWORD_VALUE", password));
            format!(
                "dependencies:\n  - name: db\n    version: 11.x.x\n    repository: https://charts.example.com\n{condition}"
            )
        }
        22..25 => "dependencies:\n  - name: redis\n    version: 18.1.0\n    repository: https://charts.example.com\n"
            .to_owned(),
        25..32 => {
            add("charts/common/Chart.yaml", "apiVersion: v2\nname: common\ntype: library\nversion: 2.0.0\n".to_owned());
            add(
                "charts/common/templates/_names.tpl",
                "{{- define \"common.name\" -}}{{ .Chart.Name }}{{- end -}}\n".to_owned(),
            );
            add(
                "templates/common.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"common.name\" . }}-common\ndata: {a: b}\n".to_owned(),
            );
            "dependencies:\n  - name: common\n    version: 2.x.x\n    repository: oci://registry.example.com/charts\n"
                .to_owned()
        }
        _ => String::new(),
    }
}

/// A subchart: a StatefulSet with a claim, its Services and its Secret.
const DATABASE: &str = r#"{{- if .Values.enabled }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-db
  labels: &labels
    app.kubernetes.io/name: db
    app.kubernetes.io/instance: {{ .Release.Name }}
type: Opaque
stringData:
  password: "PASSWORD_VALUE"
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-db
spec:
  type: ClusterIP
  ports:
    - name: tcp
      port: 5432
      targetPort: tcp
      nodePort: null
  selector:
    app.kubernetes.io/name: db
    app.kubernetes.io/instance: {{ .Release.Name }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .Release.Name }}-db
  annotations: {{- toYaml .Values.annotations | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ .Release.Name }}-db
  updateStrategy:
    rollingUpdate: {}
    type: RollingUpdate
  selector:
    matchLabels:
      app.kubernetes.io/name: db
      app.kubernetes.io/instance: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: db
        app.kubernetes.io/instance: {{ .Release.Name }}
    spec:
      serviceAccountName: default
      automountServiceAccountToken: false
      hostNetwork: false
      hostIPC: false
      affinity:
        podAffinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution: []
        nodeAffinity:
      containers:
        - name: db
          image: docker.io/bitnami/postgresql:16
          ports:
            - name: tcp
              containerPort: 5432
          env:
            - name: POSTGRES_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {{ .Release.Name }}-db
                  key: password
          volumeMounts:
            - name: data
              mountPath: /data
      volumes:
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
      spec:
        accessModes:
          - "ReadWriteOnce"
        {{- with .Values.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .Values.storage | quote }}
{{- end }}
"#;

fn values(draws: &mut Draws) -> String {
    let image = if draws.permille(8) {
        "gcr.io/acme/app"
    } else {
        draws.one(&["nginx", "registry.acme.internal/shop/web", "ghcr.io/acme/api", "docker.io/bitnami/nginx"])
    };
    let mut text = format!(
        "replicaCount: {}\nimage:\n  repository: {image}\n  pullPolicy: IfNotPresent\n  tag: \"\"\n",
        draws.one(&[1, 1, 2, 3])
    );
    text += &draws.text(15, "imagePullSecrets:\n  - name: regcred\n");
    text += "nameOverride: \"\"\nfullnameOverride: \"\"\n";
    let create = if draws.percent(85) { "true" } else { "false" };
    let automount = if draws.percent(55) { "true" } else { "false" };
    let role = draws.one(&["{}", "{}", "{}", "{eks.amazonaws.com/role-arn: \"arn:aws:iam::1:role/x\"}"]);
    text += &format!(
        "serviceAccount:\n  create: {create}\n  automount: {automount}\n  annotations: {role}\n  name: \"\"\n"
    );
    text += draws.one(&[
        "podAnnotations: {}\n",
        "podAnnotations: {}\n",
        "podAnnotations:\n  prometheus.io/scrape: \"true\"\n",
        "podAnnotations:\n  sidecar.istio.io/inject: \"false\"\n",
    ]);
    text += draws.one(&["podSecurityContext: {}\n", "podSecurityContext:\n  fsGroup: 1001\n"]);
    text += match draws.below(1000) {
        0..7 => "securityContext:\n  privileged: true\n",
        7..11 => "securityContext:\n  capabilities:\n    add: [SYS_ADMIN]\n",
        11..500 => "securityContext: {}\n",
        _ => "securityContext:\n  runAsNonRoot: true\n  runAsUser: 1001\n  capabilities:\n    drop: [ALL]\n",
    };
    text += &format!("priorityClassName: {}\n", if draws.percent(4) { "high" } else { "\"\"" });
    let kind = match draws.below(100) {
        0..10 => "LoadBalancer",
        10..17 => "NodePort",
        _ => "ClusterIP",
    };
    text += &format!("service:\n  type: {kind}\n  port: 80\n  nodePort: 30080\n  annotations: {{}}\n");
    let enabled = if draws.percent(30) { "true" } else { "false" };
    let tls = draws.one(&["[]", "[]", "[{secretName: chart-example-tls, hosts: [chart-example.local]}]"]);
    text += &format!(
        "ingress:\n  enabled: {enabled}\n  className: nginx\n  annotations:\n    nginx.ingress.kubernetes.io/proxy-body-size: 8m\n  hosts:\n    - host: chart-example.local\n      paths:\n        - path: /\n          pathType: Prefix\n  tls: {tls}\n"
    );
    text += draws.one(&["resources: {}\n", "resources:\n  limits:\n    cpu: 500m\n    memory: 256Mi\n"]);
    let scaling = if draws.percent(15) { "true" } else { "false" };
    text += &format!("autoscaling:\n  enabled: {scaling}\n");
    text += if draws.permille(8) {
        "volumes:\n  - name: host\n    hostPath: {path: /var/log}\nvolumeMounts:\n  - {name: host, mountPath: /logs}\n"
    } else {
        "volumes: []\nvolumeMounts: []\n"
    };
    text += draws.one(&["nodeSelector: {}\n", "nodeSelector: {}\n", "nodeSelector:\n  disk: ssd\n"]);
    text += draws.one(&["tolerations: []\n", "tolerations: []\n", "tolerations:\n  - operator: Exists\n"]);
    text += "affinity: {}\n";
    text += draws.one(&["extraObjects: []\n", "extraObjects:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: extra}\n    data: {a: '{{ .Release.Name }}'}\n"]);
    text
}
