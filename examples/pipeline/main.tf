# The environment of one pull request. Each pull request has its own state.
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

# Labels of the pull request as JSON.
variable "labels" {
  type    = string
  default = "[]"
}

provider "eod" {
  installation = "acme"
  domain       = "preview.acme.internal"
}

resource "eod_environment" "preview" {
  repository   = "acme/shop"
  pull_request = var.pull_request
  head_sha     = var.head_sha
  owner        = var.owner
  tier         = provider::eod::tier(jsondecode(var.labels), []).tier
  services     = ["api", "web"]
}

# Namespace that the pipeline deploys into.
output "namespace" {
  value = eod_environment.preview.name
}

output "url" {
  value = eod_environment.preview.url
}
