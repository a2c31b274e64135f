# "shop-pr-123-api.preview.acme.internal"
output "host" {
  value = provider::eod::host("api", "shop-pr-123", "preview.acme.internal")
}
