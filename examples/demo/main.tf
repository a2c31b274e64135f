# Configuration for the pipeline of a team: one environment per open pull request, each with its own copy of the stage
# configuration.
terraform {
  required_providers {
    eod = {
      source = "environment-on-demand/eod"
    }
  }
}

variable "pull_requests" {
  description = "Open pull requests: number to head commit."
  type        = map(string)
  default = {
    "101" = "4f2a9c1"
    "102" = "b7e03d8"
  }
}

variable "ttl" {
  description = "TTL of a pull request's environment; the default is that of the tier."
  type        = map(string)
  default     = {}
}

# The cluster comes from KUBE_CONFIG_PATH, Vault from VAULT_ADDR and VAULT_TOKEN.
provider "eod" {
  installation = "demo"
  domain       = "preview.acme.internal"
}

resource "eod_environment" "preview" {
  for_each = var.pull_requests

  repository   = "acme/shop"
  pull_request = tonumber(each.key)
  head_sha     = each.value
  owner        = "alice"
  services     = ["api", "web"]
  ttl          = lookup(var.ttl, each.key, null)

  access = [{ kind = "User", name = "alice" }]
}

resource "eod_vault_clone" "config" {
  for_each = eod_environment.preview

  environment    = each.value.name
  source_path    = "stage/shop"
  exclude_keys   = ["API_KEY"]
  sensitive_path = "sensitive/shop"
}
