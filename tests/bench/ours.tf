terraform {
  required_providers {
    eod = { source = "environment-on-demand/eod" }
  }
}

variable "run" { type = string }
variable "environments" { type = number }
variable "head_sha" { type = string }

# A local value, as in the peer's configuration: Terraform evaluates `for_each` once per instance.
locals {
  numbers = { for number in range(var.environments) : tostring(number + 1) => number + 1 }
}

provider "eod" {
  installation = var.run
}

resource "eod_environment" "preview" {
  for_each     = local.numbers
  repository   = "bench/${var.run}"
  pull_request = each.value
  head_sha     = var.head_sha
  owner        = "alice"
  network      = { isolation = "strict" }
  access       = [{ kind = "Group", name = "developers", role = "view" }]
}
