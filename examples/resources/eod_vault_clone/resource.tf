variable "pull_request" {
  type    = number
  default = 123
}

variable "payment_key" {
  description = "The sandbox's key; ephemeral, so no state or plan ever holds it."
  type        = string
  ephemeral   = true
  default     = "sandbox"
}

locals {
  environment = "shop-pr-${var.pull_request}" # eod_environment.preview.name where the same configuration makes it
}

# One secret. Whoever works on the pull request may edit the copy in Vault's web interface.
resource "eod_vault_clone" "config" {
  environment    = local.environment
  source_path    = "stage/shop"     # copied to preview/shop-pr-123/shop
  exclude_keys   = ["ADMIN_TOKEN"]  # never leaves the source
  sensitive_path = "sensitive/shop" # only handed on as a reference, never read
}

# A subtree, as it is now.
resource "eod_vault_clone" "features" {
  environment = local.environment
  source_path = "stage/features"
  recursive   = true
}

# Entries of its own from the first version on: the real payment key never exists in the copy.
resource "eod_vault_clone" "payments" {
  environment = local.environment
  source_path = "stage/payments"

  overrides_wo = {
    PAYMENT_KEY = var.payment_key
    PAYMENT_URL = "https://sandbox.payments.example"
  }
  overrides_wo_version = 1 # raise it to write them again
}

output "secret_ref" {
  value = eod_vault_clone.config.secret_ref
}

output "sensitive_secret_ref" {
  value = eod_vault_clone.config.sensitive_secret_ref
}
