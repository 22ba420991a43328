{{- define "bucketry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "bucketry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "bucketry.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bucketry.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bucketry.selector" -}}
app.kubernetes.io/name: {{ include "bucketry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bucketry.labels" -}}
{{ include "bucketry.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "bucketry.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "bucketry.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "bucketry.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default (printf "v%s" .Chart.AppVersion) .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "bucketry.scheme" -}}
{{- if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{/* Host names under which clients reach the server. */}}
{{- define "bucketry.allowedHosts" -}}
{{- $hosts := .Values.allowedHosts -}}
{{- if .Values.ingress.enabled -}}
{{- $hosts = concat $hosts (compact (list .Values.ingress.restHost .Values.ingress.s3Host)) -}}
{{- end -}}
{{- uniq $hosts | join " " -}}
{{- end -}}

{{/* The claim of the volume that has the folder of a store; empty: the store is no folder. */}}
{{- define "bucketry.claim" -}}
{{- if .Values.store.folder.existingClaim -}}
{{- .Values.store.folder.existingClaim -}}
{{- else if .Values.store.folder.size -}}
{{- printf "%s-objects" (include "bucketry.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* What must hold between values; the schema cannot say it. */}}
{{- define "bucketry.check" -}}
{{- $rook := or .Values.store.rook.user .Values.store.rook.objectBucketClaim -}}
{{- $folder := include "bucketry.claim" . -}}
{{- $stores := compact (list .Values.store.url .Values.store.minio.url $rook $folder) -}}
{{- if ne (len $stores) 1 -}}
{{- fail "Give exactly one store: store.url, store.minio.url, store.rook.user or store.rook.objectBucketClaim, or store.folder.size or store.folder.existingClaim." -}}
{{- end -}}
{{- if and .Values.store.folder.size .Values.store.folder.existingClaim -}}
{{- fail "Give store.folder.size or store.folder.existingClaim, not both." -}}
{{- end -}}
{{- if hasPrefix "file:" .Values.store.url -}}
{{- fail "A folder needs a volume: give store.folder.size or store.folder.existingClaim in place of store.url." -}}
{{- end -}}
{{- if and $folder (or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled) -}}
{{- fail "A folder is for the pods of one node: set replicas to 1 and autoscaling.enabled to false; workers makes it several processes." -}}
{{- end -}}
{{- if and .Values.store.minio.url (not .Values.store.minio.secret) -}}
{{- fail "store.minio.url needs store.minio.secret, the name of the secret with the keys." -}}
{{- end -}}
{{- if hasPrefix "memory:" .Values.store.url -}}
{{- if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled -}}
{{- fail "memory:// keeps its objects in one process: set replicas to 1 and autoscaling.enabled to false." -}}
{{- end -}}
{{- end -}}
{{- $access := compact (list .Values.access.existingSecret (ternary "config" "" .Values.access.inConfig) (ternary "anonymous" "" .Values.access.allowAnonymous)) -}}
{{- if ne (len $access) 1 -}}
{{- fail "Configure access: give exactly one of access.existingSecret, access.inConfig and access.allowAnonymous." -}}
{{- end -}}
{{- if and .Values.access.inConfig (not .Values.config) -}}
{{- fail "access.inConfig needs config, with users or an OIDC issuer in it." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not (or .Values.ingress.restHost .Values.ingress.s3Host)) -}}
{{- fail "ingress.enabled needs ingress.restHost, ingress.s3Host or both." -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes asks a pod by its address, which is no name of the server's. */}}
{{- define "bucketry.probe" -}}
{{- if .Values.metrics.enabled -}}
port: metrics
{{- else -}}
port: rest
scheme: {{ include "bucketry.scheme" . }}
httpHeaders:
  - name: Host
    value: {{ first (splitList " " (include "bucketry.allowedHosts" .)) | default "localhost" }}
{{- end -}}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "bucketry.portOf" -}}
{{- $parts := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parts.host) | default (ternary "443" "80" (eq $parts.scheme "https")) -}}
{{- end }}
