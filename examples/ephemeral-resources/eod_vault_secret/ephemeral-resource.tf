# A copy of the stage configuration with the sandbox's database password, which stands in another secret.
ephemeral "eod_vault_secret" "sandbox" {
  path = "stage/sandbox"
}

resource "eod_vault_clone" "config" {
  environment          = "shop-pr-123"
  source_path          = "stage/shop"
  overrides_wo         = { DATABASE_PASSWORD = ephemeral.eod_vault_secret.sandbox.data["DATABASE_PASSWORD"] }
  overrides_wo_version = 1
}

# What the same run makes is opened once it is there: hang it on `secret_ref`, not on a literal.
ephemeral "eod_vault_secret" "copy" {
  ref = eod_vault_clone.config.secret_ref
}
