# "shop-pr-123"
output "name" {
  value = provider::eod::environment_name("acme/shop", 123)
}
