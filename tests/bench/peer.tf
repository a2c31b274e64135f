# The objects that one `eod_environment` owns, written by hand for the Kubernetes provider.
terraform {
  required_providers {
    kubernetes = { source = "hashicorp/kubernetes" }
  }
}

variable "run" { type = string }
variable "environments" { type = number }
variable "head_sha" { type = string }

locals {
  names = { for number in range(var.environments) : tostring(number + 1) => "${var.run}-pr-${number + 1}" }
  labels = {
    "app.kubernetes.io/managed-by" = "terraform"
    "example.com/installation"     = var.run
  }
}

resource "kubernetes_namespace_v1" "preview" {
  for_each = local.names
  metadata {
    name = each.value
    labels = merge(local.labels, {
      "example.com/repository"                     = var.run
      "example.com/pull-request"                   = each.key
      "example.com/owner"                          = "alice"
      "pod-security.kubernetes.io/enforce"         = "baseline"
      "pod-security.kubernetes.io/enforce-version" = "latest"
      "pod-security.kubernetes.io/warn"            = "restricted"
      "pod-security.kubernetes.io/audit"           = "restricted"
    })
    annotations = {
      "example.com/head-sha" = var.head_sha
      "example.com/pr-url"   = "https://github.com/bench/${var.run}/pull/${each.key}"
    }
  }
}

resource "kubernetes_resource_quota_v1" "preview" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "environment"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    hard = {
      "requests.cpu"           = "2"
      "requests.memory"        = "4Gi"
      "limits.cpu"             = "4"
      "limits.memory"          = "8Gi"
      "requests.storage"       = "20Gi"
      "pods"                   = "20"
      "services"               = "20"
      "services.loadbalancers" = "0"
      "services.nodeports"     = "0"
      "persistentvolumeclaims" = "5"
    }
  }
}

resource "kubernetes_limit_range_v1" "preview" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "environment"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    limit {
      type            = "Container"
      default         = { cpu = "250m", memory = "256Mi" }
      default_request = { cpu = "50m", memory = "64Mi" }
      max             = { cpu = "2", memory = "4Gi" }
    }
  }
}

resource "kubernetes_network_policy_v1" "default_deny" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "default-deny"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    pod_selector {}
    policy_types = ["Ingress", "Egress"]
  }
}

resource "kubernetes_network_policy_v1" "same_namespace" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "allow-same-namespace"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    pod_selector {}
    policy_types = ["Ingress", "Egress"]
    ingress {
      from {
        pod_selector {}
      }
    }
    egress {
      to {
        pod_selector {}
      }
    }
  }
}

resource "kubernetes_network_policy_v1" "dns" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "allow-dns"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    pod_selector {}
    policy_types = ["Egress"]
    egress {
      to {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = "kube-system" }
        }
        pod_selector {
          match_labels = { "k8s-app" = "kube-dns" }
        }
      }
      ports {
        protocol = "UDP"
        port     = "53"
      }
      ports {
        protocol = "TCP"
        port     = "53"
      }
    }
  }
}

resource "kubernetes_network_policy_v1" "ingress" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "allow-ingress"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  spec {
    pod_selector {}
    policy_types = ["Ingress"]
    ingress {
      from {
        namespace_selector {
          match_expressions {
            key      = "kubernetes.io/metadata.name"
            operator = "In"
            values   = ["istio-system", "istio-ingress", "envoy-gateway-system", "ingress-nginx", "traefik"]
          }
        }
      }
    }
  }
}

resource "kubernetes_role_binding_v1" "access" {
  for_each = kubernetes_namespace_v1.preview
  metadata {
    name      = "developers"
    namespace = each.value.metadata[0].name
    labels    = local.labels
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "view"
  }
  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = "developers"
  }
}
