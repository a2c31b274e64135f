{{- define "lib.config" -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Values.name }}}
data: {RELEASE: {{ .Release.Name }}}
{{- end -}}
