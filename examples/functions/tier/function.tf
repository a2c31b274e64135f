# { tier = "full", reason = ... }, because the pull request changes a migration.
output "tier" {
  value = provider::eod::tier(["bug"], ["db/migrations/0042_orders.sql"])
}
