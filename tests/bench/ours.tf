terraform {
  required_providers {
    eod = { source = "environment-on-demand/eod" }
  }
}

variable "run" { type = string }
variable "environments" { type = number }
variable "head_sha" { type = string }

provider "eod" {
  installation = var.run
}

resource "eod_environment" "preview" {
  for_each     = toset([for number in range(var.environments) : tostring(number + 1)])
  repository   = "bench/${var.run}"
  pull_request = tonumber(each.key)
  head_sha     = var.head_sha
  owner        = "alice"
  network      = { isolation = "strict" }
  access       = [{ kind = "Group", name = "developers", role = "view" }]
}
