terraform {
  required_providers {
    eod = { source = "environment-on-demand/eod" }
  }
}

variable "mount" { type = string }
variable "copies" { type = number }

provider "eod" {}

resource "eod_vault_clone" "copy" {
  for_each    = toset([for number in range(var.copies) : tostring(number + 1)])
  environment = "bench-pr-${each.key}"
  mount       = var.mount
  source_path = "stage/shop"
  recursive   = true
}
