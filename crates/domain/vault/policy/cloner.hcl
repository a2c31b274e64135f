# EoD: creates and deletes copies. Cannot overwrite a value and cannot read sensitive secrets.

# Sources
path "secret/data/stage" { capabilities = ["read"] }
path "secret/data/stage/*" { capabilities = ["read"] }
path "secret/metadata/stage" { capabilities = ["list"] }
path "secret/metadata/stage/*" { capabilities = ["list"] }

# Targets: `*/preview/*`
path "secret/data/preview/*" { capabilities = ["create", "read"] }
path "secret/metadata/preview/*" { capabilities = ["create", "read", "update", "delete", "list"] }

# Sensitive: `*/sensitive/*`, below a source down to six folders; EoD refuses it at any depth
path "secret/data/sensitive" { capabilities = ["deny"] }
path "secret/data/sensitive/*" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/+/+/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/+/+/sensitive/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/+/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/+/sensitive/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/+/sensitive/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/sensitive/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/sensitive/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/+/sensitive/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/+/+/sensitive/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/sensitive/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/sensitive/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/+/sensitive/+/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive/+" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive/+/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/+/sensitive/+/+/+/+/+" { capabilities = ["deny"] }
path "secret/data/stage/sensitive" { capabilities = ["deny"] }
path "secret/data/stage/sensitive/*" { capabilities = ["deny"] }

# The token itself
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
