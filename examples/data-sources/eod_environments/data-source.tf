# All environments of one repository, sorted by name.
data "eod_environments" "shop" {
  repository = "acme/shop"
}

output "running" {
  value = { for each in data.eod_environments.shop.environments : each.name => each.status }
}
