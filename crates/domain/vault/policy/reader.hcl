# EoD: reads the copies of one environment only.

path "secret/data/preview/shop-pr-7" { capabilities = ["read"] }
path "secret/data/preview/shop-pr-7/*" { capabilities = ["read"] }

# EoD: reads the copies of one environment only.

path "secret/data/preview/{{identity.entity.aliases.auth_kubernetes_1a2b.metadata.service_account_namespace}}" { capabilities = ["read"] }
path "secret/data/preview/{{identity.entity.aliases.auth_kubernetes_1a2b.metadata.service_account_namespace}}/*" { capabilities = ["read"] }
