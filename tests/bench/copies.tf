terraform {
  required_providers {
    eod = { source = "environment-on-demand/eod" }
  }
}

variable "mount" { type = string }
variable "copies" { type = number }

provider "eod" {}

# A local value, because Terraform evaluates `for_each` once per instance.
locals {
  names = { for number in range(var.copies) : tostring(number + 1) => "bench-pr-${number + 1}" }
}

resource "eod_vault_clone" "copy" {
  for_each    = local.names
  environment = each.value
  mount       = var.mount
  source_path = "stage/shop"
  recursive   = true
}
