{{- define "shop.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "shop.fullname" -}}
{{- default (printf "%s-%s" .Release.Name (include "shop.name" .)) .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "shop.fullname" . }}
data:
  {{- toYaml .Values.config | nindent 2 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  selector: { app: {{ include "shop.name" . }} }
  ports:
    - { name: http, port: 80, targetPort: http }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: {{ include "shop.name" . }} }
  template:
    metadata:
      labels: { app: {{ include "shop.name" . }} }
      annotations:
        checksum/config: {{ toYaml .Values.config | sha256sum }}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: {{ include "shop.name" . }}
          image: {{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
          ports:
            - { name: http, containerPort: 8080 }
          envFrom:
            - configMapRef: { name: {{ include "shop.fullname" . }} }
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            limits: { memory: 256Mi }
          securityContext:
            allowPrivilegeEscalation: false
