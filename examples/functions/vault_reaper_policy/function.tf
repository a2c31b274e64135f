# For the reaper. Store it with `vault policy write eod-reaper -`.
output "policy" {
  value = provider::eod::vault_reaper_policy("secret", null)
}
