# An environment that another configuration manages.
data "eod_environment" "preview" {
  name = "shop-pr-123"
}

output "hosts" {
  value = data.eod_environment.preview.hosts
}
