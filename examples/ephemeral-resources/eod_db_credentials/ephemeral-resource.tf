# A database of this configuration.
resource "eod_db_snapshot" "db" {
  environment    = "shop-pr-123"
  golden         = "shop_golden"
  masking_policy = file("masking.yaml")
  secret         = { name = "db", namespace = "shop-pr-123" }
}

# Credentials of the database, for this run only. They are read after the Secret exists.
ephemeral "eod_db_credentials" "db" {
  secret = eod_db_snapshot.db.secret_ref
}

# A copy of the stage configuration that contains the address of the database.
resource "eod_vault_clone" "config" {
  environment          = "shop-pr-123"
  source_path          = "stage/shop"
  overrides_wo         = { DATABASE_URL = ephemeral.eod_db_credentials.db.dsn }
  overrides_wo_version = 1
}
