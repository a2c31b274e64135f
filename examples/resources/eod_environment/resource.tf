variable "pull_request" {
  type    = number
  default = 123
}

variable "head_sha" {
  type    = string
  default = "4f2a9c1"
}

resource "eod_environment" "preview" {
  repository   = "acme/shop"
  pull_request = var.pull_request
  head_sha     = var.head_sha # a new commit restarts the clock
  owner        = "alice"
  tier         = "full"
  services     = ["api", "web"]

  access = [{ kind = "User", name = "alice@acme.example" }]
}

output "url" {
  value = eod_environment.preview.url
}
