terraform {
  required_providers {
    eod = {
      source = "environment-on-demand/eod"
    }
  }
}

# The cluster comes from KUBE_CONFIG_PATH (or KUBECONFIG) where there is no `kubernetes` block. Vault comes from VAULT_ADDR
# and VAULT_TOKEN as far as the `vault` block says nothing else.
provider "eod" {
  installation = "acme"
  domain       = "preview.acme.internal"

  vault = {
    sensitive_paths = ["*/sensitive/*", "*/prod/*"] # never read
    target_prefixes = ["secret/preview/*"]          # where copies may go
  }
}
