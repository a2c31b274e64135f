# { tier = "full", reason = ... }: migrations want a database of their own.
output "tier" {
  value = provider::eod::tier(["bug"], ["db/migrations/0042_orders.sql"])
}
