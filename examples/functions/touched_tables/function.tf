# {"added_columns": ["app.orders.note"], "all_tables": false, "reason": null, "tables": ["app.customers", "app.orders"]}
output "touched" {
  value = provider::eod::touched_tables("ALTER TABLE app.orders ADD COLUMN note text; UPDATE app.customers SET city = 'Bonn'")
}
