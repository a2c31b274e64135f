# One state for each pull request. The pipeline applies it when the label `preview` comes or a commit is pushed, and
# destroys it when the label goes: by then Argo CD has taken the workloads away.
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

# `installation` and `domain` are those of the plugin's policy, so that both speak of the same environment.
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

# The destination namespace of the Application.
output "namespace" {
  value = eod_environment.preview.name
}
