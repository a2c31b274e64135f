resource "eod_environment" "preview" {
  repository   = "acme/shop"
  pull_request = 123

  # Pods of the environment may connect to the preview server.
  network = { allow_to_cidrs = ["10.20.0.0/24"] }
}

# A clone of the golden database, with a login of its own. The credentials are in the Secret `db` of the environment.
resource "eod_db_snapshot" "db" {
  environment    = eod_environment.preview.id # `.id`, so that the database returns with its environment
  golden         = "shop_golden"              # published with `eod mask golden publish`
  masking_policy = file("masking.yaml")
  secret         = { name = "db", namespace = eod_environment.preview.namespace }

  # Migrations of the pull request. A column that they add without a rule in the policy is an error of the plan.
  migrations = { for name in fileset("migrations", "*.sql") : name => file("migrations/${name}") }
}

output "database" {
  value = "${eod_db_snapshot.db.host}:${eod_db_snapshot.db.port}/${eod_db_snapshot.db.id}"
}

output "credentials" {
  value = eod_db_snapshot.db.secret_ref
}
