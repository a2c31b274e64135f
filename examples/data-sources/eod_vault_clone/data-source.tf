# The copy that another run made. Only metadata is read.
data "eod_vault_clone" "config" {
  target_path = "preview/shop-pr-123/shop"
}

output "edited" {
  value = anytrue([for key in data.eod_vault_clone.config.keys : key.edited])
}
