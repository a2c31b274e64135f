# The database password of the sandbox, read from Vault for this run only.
ephemeral "eod_vault_secret" "sandbox" {
  path = "stage/sandbox"
}

# A copy of the stage configuration that contains this password instead of the original one.
resource "eod_vault_clone" "config" {
  environment          = "shop-pr-123"
  source_path          = "stage/shop"
  overrides_wo         = { DATABASE_PASSWORD = ephemeral.eod_vault_secret.sandbox.data["DATABASE_PASSWORD"] }
  overrides_wo_version = 1
}

# To read a copy that the same run creates, use its `secret_ref`: the secret is opened after the copy exists.
ephemeral "eod_vault_secret" "copy" {
  ref = eod_vault_clone.config.secret_ref
}
