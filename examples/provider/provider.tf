terraform {
  required_providers {
    eod = {
      source = "environment-on-demand/eod"
    }
  }
}

# If `kubernetes` is not set, KUBE_CONFIG_PATH or KUBECONFIG selects the cluster. Arguments of Vault that are not set here come from
# VAULT_ADDR and VAULT_TOKEN.
provider "eod" {
  installation = "acme"
  domain       = "preview.acme.internal"

  vault = {
    sensitive_paths = ["*/sensitive/*", "*/prod/*"] # these secrets are never read
    target_prefixes = ["secret/preview/*"]          # copies are written only here
  }
}
