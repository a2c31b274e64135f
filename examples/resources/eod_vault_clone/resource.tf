variable "pull_request" {
  type    = number
  default = 123
}

variable "payment_key" {
  description = "Key of the sandbox. It is ephemeral, so it is stored in no state and no plan."
  type        = string
  ephemeral   = true
  default     = "sandbox"
}

locals {
  environment = "shop-pr-${var.pull_request}" # or eod_environment.preview.id
}

# One secret. People can edit the copy in Vault's web interface; no apply overwrites it.
resource "eod_vault_clone" "config" {
  environment    = local.environment
  source_path    = "stage/shop"     # copied to preview/shop-pr-123/shop
  exclude_keys   = ["ADMIN_TOKEN"]  # not copied
  sensitive_path = "sensitive/shop" # passed on as a reference, never read
}

# A subtree, with the secrets that exist now.
resource "eod_vault_clone" "features" {
  environment = local.environment
  source_path = "stage/features"
  recursive   = true
}

# Two entries are replaced before the first version is written: the copy never contains the real payment key.
resource "eod_vault_clone" "payments" {
  environment = local.environment
  source_path = "stage/payments"

  overrides_wo = {
    PAYMENT_KEY = var.payment_key
    PAYMENT_URL = "https://sandbox.payments.example"
  }
  overrides_wo_version = 1 # a higher number writes them again
}

output "secret_ref" {
  value = eod_vault_clone.config.secret_ref
}

output "sensitive_secret_ref" {
  value = eod_vault_clone.config.sensitive_secret_ref
}
