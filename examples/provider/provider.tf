terraform {
  required_providers {
    eod = {
      source = "environment-on-demand/eod"
    }
  }
}

# The cluster comes from KUBE_CONFIG_PATH (or KUBECONFIG) where there is no `kubernetes` block.
provider "eod" {
  installation = "acme"
  domain       = "preview.acme.internal"
}
