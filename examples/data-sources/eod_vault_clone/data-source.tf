# A copy that another configuration manages. Only metadata is read, no values.
data "eod_vault_clone" "config" {
  target_path = "preview/shop-pr-123/shop"
}

output "edited" {
  value = anytrue([for key in data.eod_vault_clone.config.keys : key.edited])
}
