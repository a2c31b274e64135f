# For the token that the provider uses: `vault policy write eod-cloner -`.
output "policy" {
  value = provider::eod::vault_cloner_policy("secret", ["stage"], null, null, null)
}
