# One state for each pull request. The pipeline applies it when the label `preview` is set or a commit is pushed, and
# destroys it when the label is removed: Argo CD has deleted the workloads by then.
terraform {
  required_providers {
    eod = {
      source = "environment-on-demand/eod"
    }
  }
}

variable "pull_request" {
  type = number
}

variable "head_sha" {
  type = string
}

variable "owner" {
  type = string
}

# Same `installation` and `domain` as in the plugin's policy, so that both use the same names.
provider "eod" {
  installation = "acme"
  domain       = "preview.acme.internal"
}

resource "eod_environment" "preview" {
  repository   = "acme/shop"
  pull_request = var.pull_request
  head_sha     = var.head_sha
  owner        = var.owner
  services     = ["web"]
}

# Destination namespace of the Application.
output "namespace" {
  value = eod_environment.preview.name
}
