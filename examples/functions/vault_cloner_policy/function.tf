# For the token of the provider. Store it with `vault policy write eod-cloner -`.
output "policy" {
  value = provider::eod::vault_cloner_policy("secret", ["stage"], null, null, null)
}
