# For the pods of one environment. Store it with `vault policy write eod-shop-pr-123 -`.
output "policy" {
  value = provider::eod::vault_reader_policy("secret", "shop-pr-123", null)
}
